"""Whether a database server can archive its changes (WAL), for point-in-time recovery."""

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg

from readmission.exporter.catalogue import WAL_ARCHIVED, WAL_FAILED, Sample

_STATE = """
SELECT coalesce(extract(epoch FROM last_archived_time), 0)::double precision,
       coalesce(extract(epoch FROM last_failed_time), 0)::double precision
FROM pg_stat_archiver WHERE current_setting('archive_mode') <> 'off'
"""


@dataclass(frozen=True)
class Archiver:
    """When a server last archived a file of its WAL.

    Parameters
    ----------
    archived, failed : float
        Time of the last success and of the last failure, in epoch seconds; 0 if there was none.
    """

    archived: float
    failed: float


def read(connection: psycopg.Connection) -> Archiver | None:
    """Return the state of a server's archiver; None if the server archives nothing."""
    found = connection.execute(_STATE).fetchone()
    return Archiver(*found) if found else None


def samples(database: str, archiver: Archiver) -> Iterator[Sample]:
    """Yield both times for a database of the server."""
    yield WAL_ARCHIVED(archiver.archived, database)
    yield WAL_FAILED(archiver.failed, database)
