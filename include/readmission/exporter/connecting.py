"""Short read-only connections to the databases, with the role ``monitoring``."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from psycopg.types.datetime import TimestamptzLoader

T = TypeVar("T")

CONNECT_SECONDS = 3
QUERY_SECONDS = 10
DEFAULTS: dict[str, Any] = {
    "connect_timeout": CONNECT_SECONDS,
    "application_name": "readmission-exporter",
}
"""Options of every connection; an address may override them."""


@contextmanager
def connected(dsn: str, query_seconds: int = QUERY_SECONDS) -> Iterator[psycopg.Connection]:
    """Open a read-only connection that cancels every query after `query_seconds`."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.read_only = True
        connection.adapters.register_loader("timestamptz", _LenientLoader)
        connection.execute(f"SET statement_timeout = '{query_seconds}s'".encode())
        yield connection


class _LenientLoader(TimestamptzLoader):
    """Loads a time that Python cannot represent, such as infinity, as text.

    The row is then skipped; an error would lose all rows of the query.
    """

    def load(self, data: Any) -> Any:
        try:
            return super().load(data)
        except psycopg.DataError:
            return bytes(data).decode(errors="replace")


def reader(dsn: str, read: Callable[[psycopg.Connection], T], empty: T) -> Callable[[], T]:
    """Return a function that connects and reads; it returns `empty` before tables exist."""

    def connect_and_read() -> T:
        with connected(dsn) as connection:
            try:
                return read(connection)
            except psycopg.errors.UndefinedTable:
                return empty

    return connect_and_read
