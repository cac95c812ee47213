"""On each challenger: compare it with the champion on the same test rows; serve the better one.

A challenger waits until every earlier batch has a verdict or is closed, so that the verdicts do not
depend on which run finishes first: its run is skipped, and the sweep starts it again.
"""

from airflow.sdk import PartitionedAssetTimetable, dag, task
from airflow.sdk.exceptions import AirflowSkipException

from assets import MODEL_RUN, PRODUCTION_MODEL
from policies import RETRIES


@dag(
    schedule=PartitionedAssetTimetable(assets=MODEL_RUN),
    catchup=False,
    max_active_runs=1,
    default_args=RETRIES,
    tags=["readmission"],
    doc_md=__doc__,
)
def model_promotion_pipeline():
    @task
    def judge(partition_key: str) -> dict[str, str]:
        """Score both models on the same rows, record the verdict and move the aliases."""
        from connections import batch_of, clean_warehouse, publish_report, raw_warehouse
        from readmission.pipeline.promotion import judge as promotion
        from readmission.pipeline.promotion import rollout, turn
        from readmission.pipeline.promotion.rule import Rule
        from readmission.quality.gates import Gatekeeper
        from readmission.registry import Registry
        from readmission.serving.signature import TrustedKeys
        from readmission.settings import get_settings
        from readmission.warehouse import ModelHistory

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
                    Gatekeeper(settings.docs_dir, publish_report),
                    Rule.of(settings),
                )
                rollout.carry_out(verdict, history, registry)
        return {"batch_id": batch_id, "verdict": verdict.verdict, "reason": verdict.reason}

    @task(outlets=[PRODUCTION_MODEL])
    def serve(decision: dict[str, str], outlet_events) -> None:
        """Wait until the API serves the promoted version, and announce it."""
        from readmission.pipeline import order
        from readmission.pipeline.promotion import rollout
        from readmission.registry import Registry
        from readmission.settings import get_settings

        if decision["verdict"] != order.PROMOTED:
            raise AirflowSkipException(f"the champion stays in production; {decision['reason']}")
        settings = get_settings()
        version = rollout.wait_until_served(Registry(settings), settings)
        outlet_events[PRODUCTION_MODEL].extra = {"version": version, "reason": decision["reason"]}
        outlet_events[PRODUCTION_MODEL].add_partitions(decision["batch_id"])

    serve(judge())


model_promotion_pipeline()
