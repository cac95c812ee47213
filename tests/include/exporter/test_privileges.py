"""The exporter's role may count rows, but reads nothing about a patient."""

import boto3
import psycopg
import pytest
from botocore.exceptions import ClientError
from psycopg import sql

from readmission.stack.services import object_store, postgres
from readmission.warehouse import CleanWarehouse, RawWarehouse
from readmission.warehouse.predictions.outcomes import OutcomeStore
from readmission.warehouse.sql import privileges
from readmission.warehouse.sql.privileges import CLEAN, PREDICTIONS, RAW, Columns
from tests.conftest import Platform
from tests.databases import migrate

Tables = tuple[RawWarehouse, CleanWarehouse, OutcomeStore]
COLUMNS = """
SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'
"""


def as_monitoring(platform: Platform, database: str) -> psycopg.Connection:
    dsn = postgres.dsn(platform.site, database, privileges.ROLE)
    return psycopg.connect(dsn, autocommit=True)


def readable(monitor: psycopg.Connection, owner: psycopg.Connection) -> set[tuple[str, str]]:
    """Return the columns that the role can actually select."""
    found = set()
    for table, column in owner.execute(COLUMNS).fetchall():
        query = sql.SQL("SELECT {} FROM {}").format(sql.Identifier(column), sql.Identifier(table))
        try:
            monitor.execute(query)
        except psycopg.errors.InsufficientPrivilege:
            continue
        found.add((table, column))
    owner.rollback()
    return found


REVISION = {("alembic_version", "version_num")}
"""Every role may read the revision of the tables."""


def listed(columns: Columns) -> set[tuple[str, str]]:
    return {(table, name) for table, names in columns.items() for name in names}


@pytest.mark.parametrize(
    ("database", "place", "columns"),
    [("raw", 0, RAW), ("clean", 1, CLEAN), ("predictions", 2, PREDICTIONS)],
)
def test_the_role_reads_the_listed_columns_and_no_others(
    platform: Platform, tables: Tables, database: str, place: int, columns: Columns
) -> None:
    tables[place].connection.commit()

    with as_monitoring(platform, database) as monitor:
        assert readable(monitor, tables[place].connection) == listed(columns) | REVISION


def test_no_listed_column_describes_a_patient() -> None:
    assert "encounter" not in RAW.keys() | CLEAN.keys()
    # The keyed hash of an encounter joins two tables; the role cannot read that of a patient.
    assert not {"features", "patient_hash", "p_no"} & set(PREDICTIONS["prediction"])
    assert "patient" not in RAW.keys() | CLEAN.keys()


@pytest.mark.parametrize(("database", "place"), [("raw", 0), ("clean", 1), ("predictions", 2)])
def test_the_role_cannot_change_anything(
    platform: Platform, tables: Tables, database: str, place: int
) -> None:
    table = "batch" if place < 2 else "outcome"
    tables[place].connection.commit()

    with as_monitoring(platform, database) as monitor:
        monitor.execute("SET default_transaction_read_only = off")
        for statement in (f"TRUNCATE {table}", "CREATE TABLE mine (n int)"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                monitor.execute(statement.encode())


def test_nothing_is_granted_where_the_role_does_not_exist(
    raw_db: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw_db.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    raw_db.commit()
    monkeypatch.setattr(privileges, "ROLE", "nobody_at_all")

    migrate(raw_db)

    granted = raw_db.execute(
        "SELECT count(*) FROM information_schema.column_privileges WHERE grantee = 'monitoring'"
    ).fetchone()
    assert granted == (0,)


def test_the_next_migration_grants_what_a_newer_role_lacks(
    raw_db: psycopg.Connection, platform: Platform
) -> None:
    # given tables that the role may not read
    migrate(raw_db)
    raw_db.execute("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM monitoring")
    raw_db.execute("REVOKE SELECT (batch_id) ON stored_rows FROM monitoring")
    raw_db.commit()
    with as_monitoring(platform, "raw") as monitor:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            monitor.execute("SELECT batch_id FROM stored_rows")

        # when
        migrate(raw_db)
        raw_db.commit()

        # then
        assert monitor.execute("SELECT count(batch_id) FROM stored_rows").fetchone() == (0,)


def test_the_next_migration_revokes_what_the_role_had_in_an_earlier_release(
    raw_db: psycopg.Connection, platform: Platform
) -> None:
    # given a privilege that this release does not grant
    migrate(raw_db)
    raw_db.execute("GRANT SELECT (batch_id) ON encounter TO monitoring")
    raw_db.commit()

    # when
    migrate(raw_db)
    raw_db.commit()

    # then
    with as_monitoring(platform, "raw") as monitor:
        assert readable(monitor, raw_db) == listed(RAW) | REVISION


def test_the_key_lists_every_bucket_but_opens_no_object(platform: Platform) -> None:
    # given
    secrets = platform.site.credentials
    object_store.client(platform.site).put_object(Bucket="mlflow", Key="a-model", Body=b"weights")
    monitor = boto3.client(
        "s3",
        endpoint_url=platform.s3_endpoint,
        aws_access_key_id=secrets.monitoring_access_key,
        aws_secret_access_key=secrets.monitoring_secret_key,
        region_name=object_store.REGION,
    )

    # then
    there = monitor.list_objects_v2(Bucket="mlflow", Prefix="a-model")["Contents"]
    assert [found["Key"] for found in there] == ["a-model"]
    for read_or_delete in (monitor.get_object, monitor.delete_object):
        with pytest.raises(ClientError, match="AccessDenied"):
            read_or_delete(Bucket="mlflow", Key="a-model")
    with pytest.raises(ClientError, match="AccessDenied"):
        monitor.put_object(Bucket="mlflow", Key="another", Body=b"")
