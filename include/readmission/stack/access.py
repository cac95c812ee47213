"""Ways into a running stack: its ledgers, its reports and its Airflow."""

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
def warehouses(site: Site) -> Iterator[tuple[RawWarehouse, CleanWarehouse]]:
    """Connect to the ledgers of a running stack.

    Raises
    ------
    StackError
        If the database does not answer.
    DatabaseNotMigrated, DatabaseTooNew
        If its tables are not those of this version.
    """
    with ExitStack() as connections:
        try:
            raw, clean = (
                connections.enter_context(psycopg.connect(postgres.dsn(site, name)))
                for name in ("raw", "clean")
            )
        except psycopg.OperationalError as error:
            raise StackError(
                f"PostgreSQL does not answer: {error}; `readmission status` says what runs"
            ) from error
        require_current(raw, "raw")
        require_current(clean, "clean")
        yield RawWarehouse(raw), CleanWarehouse(clean)


def open_airflow(site: Site) -> AirflowClient:
    """Return a client of the stack's Airflow."""
    return AirflowClient(site.airflow_url, airflow.USER, site.credentials.airflow_admin)


def write_overview(site: Site, raw: RawWarehouse, clean: CleanWarehouse) -> None:
    """Write the reports' own pages anew, so that they show what has just been decided.

    Raises
    ------
    StackError
        If the object store does not answer; what was decided stands.
    """
    # What takes long to import is imported where it is needed.
    from botocore.exceptions import BotoCoreError, ClientError

    from readmission.quality.report.publishing import publish_overview

    settings, s3 = site.settings, object_store.client(site)
    try:
        publish_overview(s3, settings.docs_bucket, settings.docs_dir, raw, clean)
    except (BotoCoreError, ClientError) as error:
        raise StackError(
            f"decided, but the reports do not show it yet: the object store does not answer"
            f" ({error}); they are written anew after the next decision or gate"
        ) from error
