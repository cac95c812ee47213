"""Every ten minutes the next encounters of the source become a RAW batch.

A batch is loaded with its line of the ledger in one transaction, looked at by the raw
gate, and announced as a partition of RAW. When nothing is left the run skips.
"""

from typing import Any

from airflow.sdk import Param, dag, task, task_group
from airflow.sdk.exceptions import AirflowSkipException

from assets import RAW
from policies import LABELLED, RETRIES, by_the_clock, label

ONE_AT_A_TIME = {"max_active_tis_per_dagrun": 1}
"""Batches of one run are loaded and announced in the order of the source."""


@dag(
    schedule=by_the_clock("*/10 * * * *"),
    catchup=False,
    max_active_runs=1,
    default_args=RETRIES,
    params={
        "batch_size": Param(
            None, type=["null", "integer"], minimum=1,
            description="Encounters per batch; the setting READMISSION_BATCH_SIZE by default.",
        ),
        "batches": Param(
            1, type="integer", minimum=0, description="How many new batches; 0 for all.",
        ),
    },
    tags=["readmission"],
    doc_md=__doc__,
)  # fmt: skip
def data_ingestion_batch():
    @task
    def plan(params: dict[str, Any]) -> list[dict[str, int]]:
        """Find out which rows of the source are next."""
        from connections import raw_warehouse
        from readmission.pipeline import ingest, source
        from readmission.settings import get_settings

        settings = get_settings()
        with raw_warehouse() as warehouse:
            slices = ingest.plan(
                source.locate(settings),
                warehouse,
                params["batch_size"] or settings.batch_size,
                params["batches"] or None,
            )
        if not slices:
            raise AirflowSkipException("the source holds no encounter that is not in RAW already")
        return [vars(piece) for piece in slices]

    @task(**LABELLED, **ONE_AT_A_TIME)
    def load(piece: dict[str, int]) -> str:
        """Write one batch and its line of the ledger."""
        label(f"from row {piece['offset']:,}")
        from connections import raw_warehouse
        from readmission.pipeline import ingest, source
        from readmission.settings import get_settings

        with raw_warehouse() as warehouse:
            dataset = source.locate(get_settings())
            return ingest.load(dataset, warehouse, ingest.Slice(**piece)).batch_id

    @task(outlets=[RAW], **LABELLED, **ONE_AT_A_TIME)
    def check(batch_id: str, outlet_events) -> None:
        """Let the raw gate decide, and announce what it accepts."""
        label(batch_id)
        from connections import publish_report, raw_warehouse
        from readmission.quality.gates import Gatekeeper
        from readmission.settings import get_settings

        settings = get_settings()
        gatekeeper = Gatekeeper(settings.docs_dir, publish_report)
        with raw_warehouse() as warehouse:
            batch = gatekeeper.raw(warehouse, batch_id, settings.quarantine_limit)
        outlet_events[RAW].extra = {"rows": batch.rows, "quarantined": batch.quarantined_rows}
        outlet_events[RAW].add_partitions(batch_id)

    @task_group
    def ingest(piece):
        check(load(piece))

    ingest.expand(piece=plan())


data_ingestion_batch()
