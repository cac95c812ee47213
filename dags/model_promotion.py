"""On each challenger: compare it with the champion on the same test rows; serve the better one.

A challenger waits until every earlier batch has a verdict or is closed, so that the verdicts do not
depend on which run finishes first: its run is skipped, and started again by the verdict on the
batch before it, or else by the sweep.

With `READMISSION_PROMOTION_APPROVAL`, a person approves the better one under Required Actions
before it is served. Later batches are judged meanwhile, and a newer candidate supersedes one that
waits.
"""

from datetime import timedelta

from airflow.sdk import PartitionedAssetTimetable, dag, task
from airflow.sdk.exceptions import AirflowSkipException

from assets import MODEL_RUN, PRODUCTION_MODEL
from policies import RETRIES, start_held
from readmission.settings import get_settings

WAITING_RUNS = 64
"""Runs that may wait for approval at the same time; they occupy no worker."""


@dag(
    schedule=PartitionedAssetTimetable(assets=MODEL_RUN),
    catchup=False,
    max_active_runs=WAITING_RUNS if get_settings().promotion_approval else 1,
    default_args=RETRIES,
    tags=["readmission"],
    doc_md=__doc__,
)
def model_promotion_pipeline():
    @task
    def judge(partition_key: str) -> dict[str, str]:
        """Score both models on the same rows, record the verdict and move the aliases.

        If a person has to approve, ``question`` is the text for them, and no alias moves.
        """
        from connections import (
            batch_of,
            clean_warehouse,
            compared_in_shadow,
            publish_report,
            raw_warehouse,
        )
        from lineage import report_gate
        from readmission.pipeline.promotion import approval, turn
        from readmission.pipeline.promotion import judge as promotion
        from readmission.pipeline.promotion.rule import Rule
        from readmission.quality.gates import Gatekeeper
        from readmission.registry import Registry
        from readmission.serving.signature import TrustedKeys
        from readmission.warehouse import ModelHistory

        question = ""
        batch_id, settings = batch_of(partition_key), get_settings()
        registry = Registry(settings.as_mlflow("promotion"))
        with raw_warehouse() as raw, clean_warehouse() as warehouse:
            history = ModelHistory(warehouse.connection)
            with history.judging():
                if why := turn.not_yet(batch_id, raw, warehouse, history):
                    raise AirflowSkipException(why)
                verdict = promotion.judge(
                    batch_id,
                    warehouse,
                    history,
                    registry,
                    TrustedKeys.parse(settings.trusted_signing_keys),
                    Gatekeeper(settings.docs_dir, publish_report, report_gate),
                    Rule.of(settings),
                    compared_in_shadow(),
                )
                if not settings.promotion_approval:
                    approval.carry_out_without_approval(verdict, history, registry)
                elif approval.request(verdict, history, registry):
                    question = approval.body(verdict)
        return {
            "batch_id": batch_id,
            "version": verdict.challenger_version,
            "verdict": verdict.verdict,
            "reason": verdict.reason,
            "question": question,
        }

    @task
    def ask(decision: dict[str, str]) -> None:
        """Let a person decide, if there is a question."""
        if not decision["question"]:
            raise AirflowSkipException("no approval is needed")

    @task(trigger_rule="none_failed_min_one_success")
    def settle(
        decision: dict[str, str], answer: dict[str, object] | None, dag_run
    ) -> dict[str, str]:
        """Move the aliases if the version was approved, and record who decided."""
        from connections import clean_warehouse, record_approval
        from readmission.pipeline.promotion import approval, order
        from readmission.registry import Registry
        from readmission.warehouse import ModelHistory

        if decision["verdict"] != order.PROMOTED:
            return decision

        def announce(by, state) -> None:
            approved = state == order.Approval.APPROVED
            record_approval(dag_run, by, decision["version"], approved=approved)

        registry = Registry(get_settings().as_mlflow("promotion"))
        with clean_warehouse() as warehouse:
            history = ModelHistory(warehouse.connection)
            with history.judging():
                verdict = history.verdict(decision["batch_id"], decision["version"])
                if why := approval.settle(verdict, answer, history, registry, announce):
                    raise AirflowSkipException(why)
        return decision

    def approved(decision):
        """Add the tasks that have a person approve, and return the decision after them."""
        from airflow.providers.standard.operators.hitl import HITLOperator

        approve = HITLOperator(
            task_id="approve",
            subject="Serve version {{ ti.xcom_pull(task_ids='judge')['version'] }}?",
            body="{{ ti.xcom_pull(task_ids='judge')['question'] }}",
            options=["Approve", "Refuse"],
            defaults="Refuse",
            response_timeout=timedelta(hours=get_settings().promotion_approval_hours),
        )
        ask(decision) >> approve
        return settle(decision, approve.output)

    @task(outlets=[PRODUCTION_MODEL])
    def serve(decision: dict[str, str], outlet_events) -> None:
        """Wait until the API serves the promoted version, and announce it."""
        from lineage import report
        from readmission.pipeline.promotion import order, rollout
        from readmission.registry import Registry

        if decision["verdict"] != order.PROMOTED:
            raise AirflowSkipException(f"the champion stays in production; {decision['reason']}")
        settings = get_settings()
        version = rollout.wait_until_served(Registry(settings), settings)
        outlet_events[PRODUCTION_MODEL].extra = {"version": version, "reason": decision["reason"]}
        outlet_events[PRODUCTION_MODEL].add_partitions(decision["batch_id"])
        report(decision["batch_id"], inputs=[MODEL_RUN], outputs=[PRODUCTION_MODEL])

    decision = judge()
    # Not after `serve`, which may wait for the API or for a person. It also runs if `judge` failed,
    # because a gate that stops the batch settles it, too. It is a teardown, so that its own failure
    # shows but does not fail the run: the verdict stands.
    decision >> start_held().as_teardown()
    serve(approved(decision) if get_settings().promotion_approval else decision)


model_promotion_pipeline()
