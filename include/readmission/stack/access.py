"""Access to a running stack: its warehouses, its reports and its Airflow."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psycopg

from readmission.stack.errors import StackError
from readmission.stack.services import airflow, object_store, postgres
from readmission.stack.services.airflow_client import AirflowClient
from readmission.stack.site.site import Site
from readmission.warehouse import CleanWarehouse, RawWarehouse
from readmission.warehouse.migrations import require_current


@contextmanager
def open_warehouses(site: Site) -> Iterator[tuple[RawWarehouse, CleanWarehouse]]:
    """Connect to the RAW and CLEAN warehouses of a running stack.

    Raises
    ------
    StackError
        If PostgreSQL is unavailable.
    DatabaseNotMigrated, DatabaseTooNew
        If the tables are older or newer than this version of the code.
    """
    with ExitStack() as connections:
        try:
            raw, clean = (
                connections.enter_context(psycopg.connect(postgres.dsn(site, name)))
                for name in ("raw", "clean")
            )
        except psycopg.OperationalError as error:
            raise StackError(
                f"PostgreSQL is unavailable: {error}; `readmission status` shows what is running"
            ) from error
        require_current(raw, "raw")
        require_current(clean, "clean")
        key = site.credentials.prediction_log_key
        yield RawWarehouse(raw, key), CleanWarehouse(clean)


def open_airflow(site: Site) -> AirflowClient:
    """Return a client for the stack's Airflow."""
    return AirflowClient(site.airflow_url, airflow.USER, site.credentials.airflow_admin)


def write_overview(site: Site, raw: RawWarehouse, clean: CleanWarehouse) -> None:
    """Update the overview pages of the reports, so that they show a new decision at once.

    Raises
    ------
    StackError
        If the object store is unavailable. The decision itself is already saved.
    """
    # Imported lazily because these modules take long to import.
    from botocore.exceptions import BotoCoreError, ClientError

    from readmission.quality.report.publishing import publish_overview

    settings, s3 = site.settings, object_store.client(site)
    try:
        publish_overview(s3, settings.docs_bucket, settings.docs_dir, raw, clean)
    except (BotoCoreError, ClientError) as error:
        raise StackError(
            "the decision is saved, but the reports do not show it yet: the object store is"
            f" unavailable ({error}); the next decision or gate updates them"
        ) from error
