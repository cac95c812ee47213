"""Each database: whether it responds, its size, connections, certificate and WAL archive."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import psycopg

from readmission.exporter.catalogue import (
    DATABASE_BYTES,
    DATABASE_CAPACITY,
    DATABASE_CERTIFICATE,
    DATABASE_CONNECTIONS,
    DATABASE_LIMIT,
    DATABASE_UP,
    Sample,
)
from readmission.exporter.connecting import connected
from readmission.exporter.metrics import archiver, certificates
from readmission.exporter.metrics.archiver import Archiver
from readmission.logs import where

log = logging.getLogger(__name__)

_STATE = """
SELECT pg_database_size(d.oid), s.numbackends,
       least(nullif(d.datconnlimit, -1), nullif(owner.rolconnlimit, -1),
             current_setting('max_connections')::integer)
FROM pg_database d JOIN pg_stat_database s ON s.datid = d.oid
JOIN pg_roles owner ON owner.oid = d.datdba
WHERE d.datname = current_database()
"""


@dataclass(frozen=True)
class Database:
    """The state of one database.

    Parameters
    ----------
    name : str
        Which database.
    size : int
        Bytes on disk.
    connections, limit : int
        Open connections, and the most that the database, its owner and its server allow.
    certificate_expires : float, optional
        When the server's TLS certificate expires; None without TLS.
    archiver : Archiver, optional
        When the server last archived its WAL; None without an archive.
    """

    name: str
    size: int
    connections: int
    limit: int
    certificate_expires: float | None = None
    archiver: Archiver | None = None


def read(dsns: Mapping[str, str]) -> dict[str, Database | None]:
    """Query all databases in parallel; the value is None for one that does not respond."""
    with ThreadPoolExecutor(len(dsns)) as pool:
        return dict(zip(dsns, pool.map(_query, dsns, dsns.values()), strict=True))


def _query(name: str, dsn: str) -> Database | None:
    try:
        with connected(dsn) as connection:
            size, connections, limit = connection.execute(_STATE).fetchone() or (0, 0, 0)
            expires, archived = _certificate_expires(connection), archiver.read(connection)
            return Database(name, size, connections, limit, expires, archived)
    except psycopg.Error as error:
        log.debug("database %s does not respond: %s", name, where(error))
        return None


def _certificate_expires(connection: psycopg.Connection) -> float | None:
    try:
        return certificates.expiry(connection)
    except (OSError, ValueError) as error:
        log.debug("a server's certificate could not be read: %s", where(error))
        return None


def samples(states: Mapping[str, Database | None], capacity: int) -> Iterator[Sample]:
    """Yield the state of each database; `capacity` is in bytes."""
    for name, database in states.items():
        yield DATABASE_UP(database is not None, name)
        yield DATABASE_CAPACITY(capacity, name)
        if database is not None:
            yield DATABASE_BYTES(database.size, name)
            yield DATABASE_CONNECTIONS(database.connections, name)
            yield DATABASE_LIMIT(database.limit, name)
            if database.certificate_expires is not None:
                yield DATABASE_CERTIFICATE(database.certificate_expires, name)
            if database.archiver is not None:
                yield from archiver.samples(name, database.archiver)


def unavailable(names: Sequence[str]) -> list[Sample]:
    """Return the samples to export if the query itself fails."""
    return [DATABASE_UP(False, name) for name in names]
