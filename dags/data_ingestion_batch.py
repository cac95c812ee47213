"""Every ten minutes the next encounters of the source become a RAW batch.

One task reads the source and writes the batches, each in one transaction with its line of the
ledger. Then the raw gate checks each batch, and an accepted batch is announced as a partition of
RAW. If there are no new encounters, the tasks are skipped.

With `READMISSION_WATCH_SECONDS`, a delivery also starts a run, at once.
"""

from typing import Any

from airflow.sdk import Param, dag, task, task_group
from airflow.sdk.exceptions import AirflowSkipException

from assets import RAW
from policies import LABELLED, RETRIES, label, or_delivered, scheduled


@dag(
    schedule=or_delivered(scheduled("*/10 * * * *")),
    catchup=False,
    max_active_runs=1,
    default_args=RETRIES,
    params={
        "batch_size": Param(
            None, type=["null", "integer"], minimum=1,
            description="Encounters per batch; by default the setting READMISSION_BATCH_SIZE.",
        ),
        "batches": Param(
            1, type="integer", minimum=0, description="Number of new batches; 0 for all.",
        ),
    },
    tags=["readmission"],
    doc_md=__doc__,
)  # fmt: skip
def data_ingestion_batch():
    @task
    def load(params: dict[str, Any], dag_run) -> list[str]:
        """Read what is new in the source and write its next batches."""
        from connections import raw_warehouse
        from readmission.errors import StillArriving
        from readmission.pipeline import ingest, source
        from readmission.settings import get_settings

        settings = get_settings()
        try:
            with raw_warehouse() as warehouse:
                batches = ingest.ingest_files(
                    source.find(settings),
                    warehouse,
                    params["batch_size"] or settings.batch_size,
                    params["batches"] or None,
                    dag_run.start_date,
                )
        except StillArriving as error:
            raise AirflowSkipException(str(error)) from error
        if not batches:
            raise AirflowSkipException("the source contains no new encounters")
        return [batch.batch_id for batch in batches]

    # One at a time, so that batches are announced in the order of the source.
    @task(outlets=[RAW], max_active_tis_per_dagrun=1, **LABELLED)
    def check(batch_id: str, outlet_events) -> None:
        """Let the raw gate decide, and announce the batch if it is accepted."""
        label(batch_id)
        from connections import publish_report, raw_warehouse
        from lineage import report, report_gate
        from readmission.quality.gates import Gatekeeper
        from readmission.settings import get_settings

        settings = get_settings()
        gatekeeper = Gatekeeper(settings.docs_dir, publish_report, report_gate)
        with raw_warehouse() as warehouse:
            batch = gatekeeper.raw(
                warehouse, batch_id, settings.quarantine_limit, settings.corrections
            )
        if batch.ends_here:
            raise AirflowSkipException(f"{batch_id}: no row is left for CLEAN")
        outlet_events[RAW].extra = {"rows": batch.rows, "quarantined": batch.quarantined_rows}
        outlet_events[RAW].add_partitions(batch_id)
        report(batch_id, inputs=[], outputs=[RAW])

    @task_group
    def ingest():
        check.expand(batch_id=load())

    ingest()


data_ingestion_batch()
