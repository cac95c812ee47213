"""Every ten minutes: compare the ledgers, and announce a batch again if its event was lost.

If one stage has finished a batch and the next has not, because the event was lost or the run
failed, the batch is announced again, with growing pauses. A batch whose error would only come back
is closed: an alert says so, and later batches continue without it. They also stop waiting for one
that three restarts left with the same error, which is still started again. If the next stage is
running, it may still reach the batch, so it is left to the next sweep. The newest batch is trained
again if the model in production was not trained for this version, and a recorded verdict is carried
out if it never was. The sweep also copies rollbacks and promotions by hand into the history,
because the API can record them only in the registry, and records when somebody moved the alias
`production` by hand. It deletes training partitions with rows that CLEAN does not have any longer.
"""

from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowSkipException

from assets import CLEAN, MODEL_RUN, RAW
from policies import PROMOTION, RETRIES, STAGES, scheduled

ACTIVE = ["queued", "running"]


def may_still_reach(ti, consumer: str) -> bool:
    """Whether an active run of a DAG may still reach a batch.

    A promotion that waits for approval is active for hours and has already judged its batch.
    """
    from readmission.settings import get_settings

    if consumer == PROMOTION and get_settings().promotion_approval:
        return False
    return ti.get_dr_count(consumer, states=ACTIVE) > 0


def announce_again(asset, consumer: str, batches: list[str], ti, outlet_events) -> None:
    """Announce batches again, unless the DAG that consumes them is active."""
    if not batches:
        raise AirflowSkipException(f"no batch awaits {consumer}")
    if may_still_reach(ti, consumer):
        raise AirflowSkipException(f"{consumer} is active; the next sweep checks again")
    from connections import clean_warehouse
    from readmission.warehouse.clean.failure_log import FailureLog

    with clean_warehouse() as clean:
        FailureLog(clean.connection).record_restarts(batches, STAGES[consumer], ti.run_id)
    outlet_events[asset].add_partitions(batches)


@dag(
    schedule=scheduled("5-59/10 * * * *"),
    catchup=False,
    max_active_runs=1,
    default_args=RETRIES,
    tags=["readmission"],
    doc_md=__doc__,
)
def ledger_sweep():
    @task(multiple_outputs=True)
    def compare() -> dict[str, list[str]]:
        """Find the batches whose next stage never started."""
        from datetime import timedelta

        from connections import clean_warehouse, raw_warehouse
        from readmission.pipeline import sweep
        from readmission.settings import get_settings
        from readmission.warehouse import ModelHistory

        grace = timedelta(seconds=get_settings().sweep_grace_seconds)
        with raw_warehouse() as raw, clean_warehouse() as clean:
            found = sweep.find(raw, clean, ModelHistory(clean.connection), grace)
        return {stage: list(batches) for stage, batches in vars(found).items()}

    @task
    def find_outdated() -> list[str]:
        """Find the batch to train again if production was not trained for this version."""
        from connections import clean_warehouse
        from readmission.pipeline import sweep
        from readmission.registry import Registry
        from readmission.serving.signature import TrustedKeys
        from readmission.settings import get_settings

        settings = get_settings()
        trusted = TrustedKeys.parse(settings.trusted_signing_keys)
        with clean_warehouse() as clean:
            return list(sweep.find_outdated(clean, Registry(settings), trusted))

    @task
    def find_uncarried() -> list[str]:
        """Find the batches whose verdict was recorded but never carried out."""
        from datetime import timedelta

        from connections import clean_warehouse
        from readmission.pipeline import sweep
        from readmission.registry import Registry
        from readmission.settings import get_settings
        from readmission.warehouse import ModelHistory

        settings = get_settings()
        grace = timedelta(seconds=settings.sweep_grace_seconds)
        hours = settings.promotion_approval_hours if settings.promotion_approval else 0
        approval = timedelta(hours=hours)
        with clean_warehouse() as clean:
            history, registry = ModelHistory(clean.connection), Registry(settings)
            return list(sweep.find_uncarried(history, registry, grace, approval=approval))

    @task(outlets=[MODEL_RUN])
    def carry_out(batches: list[str], ti, outlet_events) -> None:
        announce_again(MODEL_RUN, PROMOTION, batches, ti, outlet_events)

    @task(outlets=[CLEAN])
    def retrain(batches: list[str], ti, outlet_events) -> None:
        announce_again(CLEAN, "model_training_pipeline", batches, ti, outlet_events)

    @task(outlets=[RAW])
    def restart_processing(batches: list[str], ti, outlet_events) -> None:
        announce_again(RAW, "data_processing_pipeline", batches, ti, outlet_events)

    @task(outlets=[CLEAN])
    def restart_training(batches: list[str], ti, outlet_events) -> None:
        announce_again(CLEAN, "model_training_pipeline", batches, ti, outlet_events)

    @task(outlets=[MODEL_RUN])
    def restart_promotion(batches: list[str], ti, outlet_events) -> None:
        announce_again(MODEL_RUN, PROMOTION, batches, ti, outlet_events)

    @task
    def record_moves() -> None:
        """Append rollbacks, promotions by hand and moves of the alias to the history."""
        from connections import clean_warehouse
        from readmission.pipeline import record_moves
        from readmission.registry import Registry
        from readmission.settings import get_settings
        from readmission.warehouse import ModelHistory

        registry = Registry(get_settings().as_mlflow("promotion"))
        with clean_warehouse() as clean:
            history = ModelHistory(clean.connection)
            with history.judging():
                record_moves.record_moves(history, registry)

    @task
    def delete_outdated_partitions() -> None:
        """Delete copies of rows that CLEAN does not have any longer, such as erased ones."""
        from connections import clean_warehouse, training_partitions

        with clean_warehouse() as clean:
            deleted = training_partitions(clean).delete_outdated()
        print(f"training partitions deleted: {deleted}")  # noqa: T201

    record_moves()
    delete_outdated_partitions()
    retrain(find_outdated())
    carry_out(find_uncarried())
    found = compare()
    restart_processing(found["processing"])
    restart_training(found["training"])
    restart_promotion(found["promotion"])


ledger_sweep()
