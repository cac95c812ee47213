"""Every ten minutes: compare the ledgers and announce again what a lost event left behind.

The event is only a doorbell. A batch that one stage finished and the next never started,
because the event was lost or its run died, is announced once more, unless that stage is
at work: it will then come to it by itself, or the next sweep will see it. Rollbacks, which
the prediction API can note in the registry only, join the history here.
"""

from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowSkipException

from assets import CLEAN, MODEL_RUN, RAW
from policies import RETRIES, by_the_clock

BUSY = ["queued", "running"]


def ring(asset, consumer: str, batches: list[str], ti, outlet_events) -> None:
    """Announce batches again, unless the DAG that consumes them is at work."""
    if not batches:
        raise AirflowSkipException(f"{consumer} has left nothing behind")
    if ti.get_dr_count(consumer, states=BUSY):
        raise AirflowSkipException(f"{consumer} is at work; the next sweep looks again")
    outlet_events[asset].add_partitions(batches)


@dag(
    schedule=by_the_clock("5-59/10 * * * *"),
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

    @task(outlets=[RAW])
    def restart_processing(batches: list[str], ti, outlet_events) -> None:
        ring(RAW, "data_processing_pipeline", batches, ti, outlet_events)

    @task(outlets=[CLEAN])
    def restart_training(batches: list[str], ti, outlet_events) -> None:
        ring(CLEAN, "model_training_pipeline", batches, ti, outlet_events)

    @task(outlets=[MODEL_RUN])
    def restart_promotion(batches: list[str], ti, outlet_events) -> None:
        ring(MODEL_RUN, "model_promotion_pipeline", batches, ti, outlet_events)

    @task
    def record_rollbacks() -> None:
        """Append the rollbacks of the registry to the history."""
        from connections import clean_warehouse
        from readmission.registry import Registry
        from readmission.settings import get_settings
        from readmission.warehouse.clean.rollback_log import RollbackLog

        with clean_warehouse() as clean:
            RollbackLog(clean.connection).record(Registry(get_settings()).rollbacks())

    record_rollbacks()
    found = compare()
    restart_processing(found["processing"])
    restart_training(found["training"])
    restart_promotion(found["promotion"])


ledger_sweep()
