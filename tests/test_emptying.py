"""Emptied tables: no rows, the same definitions, and created again only if those have changed."""

import psycopg
import pytest
from psycopg import sql

from readmission.stack.services import postgres
from readmission.stack.stack import Stack
from tests.databases import emptied
from tests.emptying import rows_of

EVENT = """
    INSERT INTO audit_event (actor, actor_kind, action) VALUES ('a nurse', 'os-user', 'export')
    RETURNING event_id
"""


@pytest.fixture
def dsn(databases: Stack) -> str:
    """The address of a database whose table allows no deletion."""
    return postgres.dsn(databases.site, postgres.AUDIT)


def oid(connection: psycopg.Connection) -> int:
    (found,) = connection.execute("SELECT 'audit_event'::regclass::oid").fetchone() or (0,)
    return int(found)


def test_rows_are_deleted_and_the_tables_stay_as_they_are(dsn: str) -> None:
    with emptied(dsn) as connection:
        table, version = oid(connection), rows_of(connection, "alembic_version")
        # Given rows in a table that allows no deletion, and another version
        connection.execute(EVENT)
        connection.execute("UPDATE alembic_version SET version_num = '0'")
        connection.commit()

    # When it is emptied
    with emptied(dsn) as connection:
        # Then it is the same table, without rows, counts from one and still allows no deletion
        assert oid(connection) == table
        assert rows_of(connection, "audit_event") == "[]"
        assert rows_of(connection, "alembic_version") == version
        assert connection.execute(EVENT).fetchone() == (1,)
        with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            connection.execute("DELETE FROM audit_event")


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE audit_event ADD COLUMN more text",
        "DROP TRIGGER audit_event_is_append_only ON audit_event",
        "REVOKE ALL ON audit_event FROM CURRENT_USER",
        "CREATE TABLE another ()",
        "DROP TABLE audit_event",
    ],
)
def test_tables_that_were_changed_are_created_again(dsn: str, change: str) -> None:
    with emptied(dsn) as connection:
        table = oid(connection)
        # Given other definitions
        connection.execute(sql.SQL(change))  # type: ignore[arg-type]
        connection.commit()

    # When the tables are emptied
    with emptied(dsn) as connection:
        # Then they are new, and can be filled
        assert oid(connection) != table
        assert connection.execute(EVENT).fetchone() == (1,)
