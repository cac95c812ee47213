"""Tables of a test: created by the migrations, and empty before each test."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.conninfo import make_conninfo

from readmission.stack.supervision.unprivileged import installed_programs
from readmission.warehouse.migrations import DATABASES
from readmission.warehouse.migrations.upgrading import upgrade
from tests.emptying import remember, return_to

RENAMED_COLUMNS = {"incumbent_version": "champion_version"}
"""Columns of version 0.1.0 that have another name today."""
RENAMED_TABLES = {"known_stretch": "known_chunk"}
"""Tables of version 0.2.0 that have another name today."""

_MIGRATED: dict[str, str] = {}
"""The statements that create what the migrations have created, by database."""


@contextmanager
def emptied(dsn: str) -> Iterator[psycopg.Connection]:
    """Connect to a database whose tables have just been emptied."""
    with psycopg.connect(dsn) as connection:
        recreate(connection)
        yield connection
        connection.rollback()


def recreate(connection: psycopg.Connection) -> None:
    """Delete all tables of a database and create them again, empty.

    Only the first time by the migrations: they take twice as long as the statements of a dump. If
    nothing but rows has changed since the last time, only the rows are deleted.
    """
    database = connection.info.dbname
    if return_to(connection):
        return
    if database not in _MIGRATED:
        restore(connection, "")
        migrate(connection)
        if database in DATABASES:
            _MIGRATED[database] = dumped(connection)
    if database in _MIGRATED:
        # Also the first time: a dump's statements write a view's condition in another way.
        restore(connection, _MIGRATED[database])
    remember(connection)


def restore(connection: psycopg.Connection, statements: str) -> None:
    """Replace all tables of a database by those that the statements of a dump create."""
    connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    if statements:
        connection.execute(statements)
    connection.commit()


def dumped(connection: psycopg.Connection) -> str:
    """Return the statements that create a database as it is now, with its rows."""
    program = str(installed_programs() / "pg_dump")
    command = [program, "--no-owner", "--rows-per-insert=500", address_of(connection)]
    script = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    # Lines with a backslash are for psql; the dump changes settings of its session.
    kept = [line for line in script.splitlines() if not line.startswith("\\")]
    return "\n".join([*kept, "RESET ALL;"])


def migrate(connection: psycopg.Connection) -> None:
    """Migrate the database of a connection, if it is one of the project's."""
    if connection.info.dbname in DATABASES:
        upgrade(address_of(connection), connection.info.dbname)


def address_of(connection: psycopg.Connection) -> str:
    """Return the address of a connection, including the password."""
    return make_conninfo(connection.info.dsn, password=connection.info.password)
