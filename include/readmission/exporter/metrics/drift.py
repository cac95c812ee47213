"""How far the newest measured batch has moved."""

from collections.abc import Iterator, Sequence

import psycopg

from readmission.exporter.catalogue import DRIFT, DRIFT_ALARM, Sample

Moved = tuple[str, float, bool]
"""A column, its population stability index, and whether that alarmed."""

_NEWEST = """
SELECT column_name, psi, alarm FROM drift WHERE batch_id = (
    SELECT batch_id FROM drift ORDER BY split_part(batch_id, '-', 2)::integer DESC LIMIT 1
) ORDER BY column_name
"""


def read(connection: psycopg.Connection) -> list[Moved]:
    """Return each column of the newest batch that was measured."""
    return connection.execute(_NEWEST).fetchall()


def show(moved: Sequence[Moved]) -> Iterator[Sample]:
    """Yield the index of each column, and whether it alarmed."""
    for column, psi, alarm in moved:
        yield DRIFT(psi, column)
        yield DRIFT_ALARM(alarm, column)
