"""Drift of the newest measured batch."""

from collections.abc import Iterator, Sequence

import psycopg

from readmission.exporter.catalogue import DRIFT, DRIFT_ALARM, Sample

ColumnDrift = tuple[str, float, bool]
"""A column, its population stability index, and whether it raised an alarm."""

_NEWEST = """
SELECT column_name, psi, alarm FROM drift WHERE batch_id = (
    SELECT batch_id FROM drift ORDER BY split_part(batch_id, '-', 2)::integer DESC LIMIT 1
) ORDER BY column_name
"""


def read(connection: psycopg.Connection) -> list[ColumnDrift]:
    """Return the drift of each column of the newest measured batch."""
    return connection.execute(_NEWEST).fetchall()


def samples(drifts: Sequence[ColumnDrift]) -> Iterator[Sample]:
    """Yield the index of each column, and whether it raised an alarm."""
    for column, psi, alarm in drifts:
        yield DRIFT(psi, column)
        yield DRIFT_ALARM(alarm, column)
