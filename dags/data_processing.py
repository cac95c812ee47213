"""On each RAW batch: clean it, assign new patients to a split, and let the clean gate decide.

Drift is measured next to the gate, because it only warns: the batch does not wait for MLflow. After
the gate, the outcomes of the batch are recorded next to the predictions for its patients, and its
stays are published for the API, which looks up earlier stays.
"""

from datetime import timedelta

from airflow.sdk import PartitionedAssetTimetable, dag, task
from airflow.sdk.exceptions import AirflowSkipException

from assets import CLEAN, RAW
from policies import RETRIES, start_held

DRIFT_TIMEOUT = timedelta(minutes=2)


@dag(
    schedule=PartitionedAssetTimetable(assets=RAW),
    catchup=False,
    max_active_runs=1,
    default_args=RETRIES,
    tags=["readmission"],
    doc_md=__doc__,
)
def data_processing_pipeline():
    @task
    def process(partition_key: str) -> str:
        """Write the batch, the splits of its new patients and its line of the ledger."""
        from connections import batch_of, clean_warehouse, raw_warehouse
        from readmission.domain.privacy import Pseudonyms
        from readmission.pipeline import process
        from readmission.settings import get_settings

        settings, batch_id = get_settings(), batch_of(partition_key)
        key = settings.prediction_log_key
        hashed = Pseudonyms(key.get_secret_value()).patient if key else None
        with raw_warehouse() as raw, clean_warehouse() as clean:
            return process.process(raw, clean, batch_id, settings.split_key, hashed).batch_id

    @task(outlets=[CLEAN])
    def check(batch_id: str, outlet_events) -> None:
        """Let the clean gate decide; copy an accepted batch to the training set and announce it."""
        from connections import clean_warehouse, publish_report, training_partitions
        from lineage import report, report_gate
        from readmission.quality.gates import Gatekeeper
        from readmission.settings import get_settings

        gatekeeper = Gatekeeper(get_settings().docs_dir, publish_report, report_gate)
        with clean_warehouse() as warehouse:
            batch = gatekeeper.clean(warehouse, batch_id)
            training_partitions(warehouse).write(batch_id)
        outlet_events[CLEAN].extra = {"rows": batch.clean_rows}
        outlet_events[CLEAN].add_partitions(batch_id)
        report(batch_id, inputs=[RAW], outputs=[CLEAN])

    # The next batch waits for this run, so give up early if MLflow is down.
    @task(retries=1, execution_timeout=DRIFT_TIMEOUT)
    def measure_drift(batch_id: str) -> None:
        """Compare the batch, and recent requests, with the training rows of the champion."""
        from connections import clean_warehouse, measure_requests, write_overview
        from readmission.pipeline import measure_drift
        from readmission.registry import Registry
        from readmission.settings import get_settings

        registry = Registry(get_settings())
        with clean_warehouse() as warehouse:
            for drift in measure_drift.measure_drift(warehouse, registry, batch_id):
                print(f"{drift.column}: PSI {drift.psi:.3f} ({drift.level})")  # noqa: T201
            measure_requests(*measure_drift.find_reference(warehouse, registry))
        write_overview()

    # One retry is enough: the run of the next batch records the outcomes that are missing.
    @task(retries=1)
    def record_outcomes() -> None:
        """Record the outcomes of all newly accepted batches, and measure predictions by them."""
        from connections import clean_warehouse, outcome_store
        from readmission.pipeline.outcomes import live, record_outcomes
        from readmission.settings import get_settings

        settings = get_settings()
        dsn, key = settings.prediction_log_dsn, settings.prediction_log_key
        if dsn is None or key is None:
            raise AirflowSkipException("no prediction log is configured")
        with clean_warehouse() as warehouse, outcome_store(dsn) as store:
            recorded = record_outcomes.record_outcomes(warehouse, store, key.get_secret_value())
            figures = live.store_live(store.connection)
        print(f"outcomes recorded: {recorded}; live figures: {len(figures)}")  # noqa: T201

    # One retry is enough: the run of the next batch publishes every stay that is missing. It also
    # runs if the gate has rejected the batch: when it was processed again, its stays must go.
    @task(retries=1, trigger_rule="all_done")
    def publish_stays() -> None:
        """Copy the stays of accepted batches to the database from which the API copies them."""
        import connections

        connections.publish_stays()

    batch_id = process()
    check(batch_id) >> [
        record_outcomes(),
        publish_stays(),
        start_held.override(trigger_rule="one_failed")(),
    ]
    measure_drift(batch_id)


data_processing_pipeline()
