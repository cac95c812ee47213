"""Each database: whether it answers, how large it is, how many are connected."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import psycopg

from readmission.exporter.catalogue import (
    DATABASE_BYTES,
    DATABASE_CAPACITY,
    DATABASE_CONNECTIONS,
    DATABASE_LIMIT,
    DATABASE_UP,
    Sample,
)
from readmission.exporter.connecting import connected
from readmission.logs import where

log = logging.getLogger(__name__)

_STATE = """
SELECT pg_database_size(d.oid), s.numbackends,
       CASE WHEN d.datconnlimit >= 0 THEN d.datconnlimit
            ELSE current_setting('max_connections')::integer END
FROM pg_database d JOIN pg_stat_database s ON s.datid = d.oid
WHERE d.datname = current_database()
"""


@dataclass(frozen=True)
class Database:
    """The state of one database.

    Parameters
    ----------
    name : str
        Which one.
    size : int
        Bytes on disk.
    connections, limit : int
        How many there are, and how many there can be.
    """

    name: str
    size: int
    connections: int
    limit: int


def read(dsns: Mapping[str, str]) -> dict[str, Database | None]:
    """Ask all databases at the same time; None stands for one that does not answer."""
    with ThreadPoolExecutor(len(dsns)) as pool:
        return dict(zip(dsns, pool.map(_ask, dsns, dsns.values()), strict=True))


def _ask(name: str, dsn: str) -> Database | None:
    try:
        with connected(dsn) as connection:
            size, connections, limit = connection.execute(_STATE).fetchone() or (0, 0, 0)
            return Database(name, size, connections, limit)
    except psycopg.Error as error:
        log.debug("database %s does not answer: %s", name, where(error))
        return None


def show(found: Mapping[str, Database | None], capacity: int) -> Iterator[Sample]:
    """Yield the state of each database; `capacity` is in bytes."""
    for name, database in found.items():
        yield DATABASE_UP(database is not None, name)
        yield DATABASE_CAPACITY(capacity, name)
        if database is not None:
            yield DATABASE_BYTES(database.size, name)
            yield DATABASE_CONNECTIONS(database.connections, name)
            yield DATABASE_LIMIT(database.limit, name)


def absent(names: Sequence[str]) -> list[Sample]:
    """Return what is shown if not even the asking succeeds."""
    return [DATABASE_UP(False, name) for name in names]
