"""Encounters with chosen values, and the contents of a database."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psycopg
import pyarrow as pa
from psycopg import sql

from readmission.domain import schema, synthetic

CLOCK = ("created_at", "decided_at")
"""Columns with times, which differ between runs."""


def encounters(rows: int, **cells: Mapping[int, str]) -> pa.Table:
    """Return synthetic encounters; `cells` maps a column to values by row."""
    columns = synthetic.encounters(rows).to_pydict()
    for name, changed in cells.items():
        for row, value in changed.items():
            columns[name][row] = value
    return pa.table(columns, pa.schema([(name, pa.string()) for name in schema.NAMES]))


def contents(connection: psycopg.Connection, *, clock: bool = True) -> dict[str, list[str]]:
    """Return every row of every table as text, in order; without times if `clock` is false."""
    tables = connection.execute(
        "SELECT table_name, array_agg(column_name::text ORDER BY ordinal_position)"
        " FROM information_schema.columns JOIN information_schema.tables"
        " USING (table_schema, table_name)"
        " WHERE table_schema = 'public' AND table_type = 'BASE TABLE' GROUP BY 1"
    ).fetchall()
    rows = {}
    for table, columns in tables:
        kept = [name for name in columns if clock or name not in CLOCK]
        query = sql.SQL("SELECT ROW({})::text FROM {} ORDER BY 1").format(
            sql.SQL(", ").join(map(sql.Identifier, kept)), sql.Identifier(table)
        )
        rows[table] = [row for (row,) in connection.execute(query)]
    connection.rollback()
    return rows


@contextmanager
def held(dsn: str, statement: str) -> Iterator[None]:
    """Hold the locks of `statement` until the block ends, then roll it back."""
    with psycopg.connect(dsn) as connection:
        connection.execute(statement.encode())
        yield
        connection.rollback()


def waiting_backend(dsn: str) -> int:
    """Wait for a session that waits for a lock, and return its process id."""
    deadline = time.monotonic() + 60
    with psycopg.connect(dsn, autocommit=True) as connection:
        while time.monotonic() < deadline:
            found = connection.execute(
                "SELECT pid FROM pg_stat_activity"
                " WHERE wait_event_type = 'Lock' AND datname = current_database()"
            ).fetchone()
            if found:
                return int(found[0])
            time.sleep(0.02)
    raise AssertionError("no session waits for the lock")


def terminate(dsn: str, backend: int) -> None:
    """End one session of the database, as an administrator or a crash would."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(%s)", (backend,))
