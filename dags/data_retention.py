"""Every night: delete the rows of batches that are older than the retention.

`READMISSION_RETENTION_DAYS` sets the age; with 0, which is the default, rows are kept. The ledgers
keep the counts, so every encounter stays accounted for. Models that were trained before keep what
they have learned; the next training runs without the rows.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowSkipException

from policies import RETRIES, scheduled


@dag(
    schedule=scheduled("30 2 * * *", first_run_waits=True),
    catchup=False,
    max_active_runs=1,
    default_args=RETRIES,
    tags=["readmission"],
    doc_md=__doc__,
)
def data_retention():
    @task
    def delete_expired(dag_run) -> dict[str, int]:
        """Record each batch in the audit trail, delete the rows, and return how many of each."""
        from connections import clean_warehouse, raw_warehouse, record_decision
        from readmission.settings import get_settings
        from readmission.warehouse import retention
        from readmission.warehouse.audit.events import Action

        def announce(counts) -> None:
            for batch_id, rows in counts.items():
                record_decision(
                    dag_run, Action.DELETE_EXPIRED, batch_id, retention.RETENTION,
                    unattended=retention.RETENTION, rows=rows, days=days,
                )  # fmt: skip

        days = get_settings().retention_days
        if not days:
            raise AirflowSkipException("READMISSION_RETENTION_DAYS is 0, so rows are kept")
        with raw_warehouse() as raw, clean_warehouse() as clean:
            deleted = retention.delete_expired(raw, clean, days, announce)
        if not deleted:
            raise AirflowSkipException(f"no batch is older than {days} days")
        return dict(deleted)

    @task
    def publish_stays(deleted: dict[str, int]) -> None:  # noqa: ARG001 - orders the tasks
        """Delete the stays of these batches where the API copies them from, too."""
        import connections

        connections.publish_stays()

    @task
    def delete_outcomes() -> int:
        """Delete the outcomes that became known before the retention; return how many."""
        from connections import outcome_store
        from readmission.settings import get_settings

        settings = get_settings()
        if not settings.retention_days or settings.prediction_log_dsn is None:
            raise AirflowSkipException("rows are kept, or no prediction log is configured")
        with outcome_store(settings.prediction_log_dsn) as store:
            return store.delete_before(datetime.now(UTC) - timedelta(days=settings.retention_days))

    @task
    def account(deleted: dict[str, int]) -> str:  # noqa: ARG001 - orders the tasks
        """Count the rows of RAW and CLEAN: every encounter must be accounted for."""
        from connections import clean_warehouse, raw_warehouse
        from readmission.warehouse import reconciliation

        with raw_warehouse() as raw, clean_warehouse() as clean:
            return str(reconciliation.account(raw, clean, recount=True))

    @task
    def overview(deleted: dict[str, int]) -> None:  # noqa: ARG001 - orders the tasks
        """Publish the overview without the quarantined rows that were deleted."""
        from connections import write_overview

        write_overview()

    deleted = delete_expired()
    publish_stays(deleted)
    account(deleted)
    overview(deleted)
    delete_outcomes()


data_retention()
