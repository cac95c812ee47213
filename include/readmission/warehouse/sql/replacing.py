"""Replace all rows of a table, also when two processes do so at once."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql


@contextmanager
def replacing(connection: psycopg.Connection, table: str) -> Iterator[psycopg.Cursor]:
    """Yield a cursor that inserts the new rows of a table; the old ones are deleted.

    Both happen in one transaction, so readers see all old rows or all new ones. A second process
    that replaces the rows waits for the first. Without the lock it would not delete rows that were
    inserted while its own statement waited, and its inserts would break the primary key.
    """
    name = sql.Identifier(table)
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(sql.SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(name))
        cursor.execute(sql.SQL("DELETE FROM {}").format(name))
        yield cursor
