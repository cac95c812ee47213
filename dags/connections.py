"""What tasks need of the outside, from Airflow's connections; imported inside tasks only."""

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import cast

import psycopg
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.providers.postgres.hooks.postgres import PostgresHook
from pydantic import SecretStr

from readmission.quality.report.publishing import publish, publish_overview
from readmission.settings import get_settings
from readmission.warehouse import CleanWarehouse, RawWarehouse
from readmission.warehouse.migrations import require_current
from readmission.warehouse.predictions.outcomes import OutcomeStore

log = logging.getLogger(__name__)


@contextmanager
def raw_warehouse() -> Iterator[RawWarehouse]:
    """Connect to RAW, whose tables must be those of this version."""
    with closing(_connect("postgres_raw")) as connection:
        require_current(connection, "raw")
        yield RawWarehouse(connection)


@contextmanager
def clean_warehouse() -> Iterator[CleanWarehouse]:
    """Connect to CLEAN, whose tables must be those of this version."""
    with closing(_connect("postgres_clean")) as connection:
        require_current(connection, "clean")
        yield CleanWarehouse(connection)


@contextmanager
def outcome_store(dsn: SecretStr) -> Iterator[OutcomeStore]:
    """Connect to the outcomes, which lie beside the prediction log."""
    with closing(psycopg.connect(dsn.get_secret_value(), connect_timeout=10)) as connection:
        require_current(connection, "predictions")
        yield OutcomeStore(connection)


def _connect(connection_id: str) -> psycopg.Connection:
    # The hook's own type covers psycopg 2 as well; with SQLAlchemy 2 it is psycopg 3.
    return cast("psycopg.Connection", PostgresHook(connection_id).get_conn())


def publish_report(site: Path, gate: str) -> None:
    """Upload a gate's reports to the bucket of the data docs, and the overview of all gates."""
    publish(S3Hook("minio").get_conn(), get_settings().docs_bucket, site, gate)
    try:
        write_overview()
    except psycopg.OperationalError as error:
        # The verdict stands, and the next gate writes the overview of all anew.
        log.warning("the overview of the gates stays as it was: %s", error)


def write_overview() -> None:
    """Write the overview of all gates, the quarantine and the drift anew, as they are now."""
    settings, s3 = get_settings(), S3Hook("minio").get_conn()
    with raw_warehouse() as raw, clean_warehouse() as clean:
        publish_overview(s3, settings.docs_bucket, settings.docs_dir, raw, clean)
