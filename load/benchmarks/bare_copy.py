"""The reference of a RAW load: a COPY of the same bytes into a table without keys."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg
from psycopg import sql

BARE, LOAD = "bare COPY", "RAW load"


def create_table(connection: psycopg.Connection, columns: Sequence[str]) -> None:
    """Create the table ``bare`` with text columns."""
    described = sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(c)) for c in columns)
    connection.execute(sql.SQL("CREATE TABLE bare ({})").format(described))
    connection.commit()


def copy(connection: psycopg.Connection, content: bytes) -> None:
    """Copy rows, as CSV, into the table ``bare`` in one transaction."""
    with (
        connection.transaction(),
        connection.cursor() as cursor,
        cursor.copy("COPY bare FROM STDIN (FORMAT csv)") as writer,
    ):
        writer.write(content)


@contextmanager
def timed(seconds: dict[str, float], what: str) -> Iterator[None]:
    """Add the duration of a block under a name."""
    started = time.perf_counter()
    yield
    seconds[what] = seconds.get(what, 0.0) + time.perf_counter() - started
