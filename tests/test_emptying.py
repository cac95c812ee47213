"""Emptied tables: no rows, the same definitions, and created again only if those have changed."""

import psycopg
import pytest
from psycopg import sql

from readmission.stack.services import postgres
from readmission.stack.stack import Stack
from tests.databases import emptied
from tests.emptying import remember, return_to, rows_of

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


def test_tables_return_to_a_state_with_rows(dsn: str) -> None:
    with emptied(dsn) as connection:
        # Given a state with a row, and empty tables after it
        connection.execute(EVENT)
        connection.commit()
        remember(connection, "with an event")
        event = rows_of(connection, "audit_event")
    with emptied(dsn) as connection:
        assert rows_of(connection, "audit_event") == "[]"

        # When they return to it
        assert return_to(connection, "with an event")

        # Then the row is there, and the next one has the next number
        assert rows_of(connection, "audit_event") == event
        assert connection.execute(EVENT).fetchone() == (2,)
        connection.commit()
    with emptied(dsn) as connection:
        assert connection.execute(EVENT).fetchone() == (1,)


def test_an_unknown_state_changes_nothing(dsn: str) -> None:
    with emptied(dsn) as connection:
        connection.execute(EVENT)
        connection.commit()

        assert not return_to(connection, "never remembered")
        assert rows_of(connection, "audit_event") != "[]"


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
