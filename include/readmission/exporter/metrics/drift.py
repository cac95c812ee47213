"""Drift of the newest measured batch."""

from collections.abc import Iterator, Sequence
from typing import Any

import psycopg

from readmission.domain.batch_ids import batch_number, parse_batch_id
from readmission.exporter.catalogue import DRIFT, DRIFT_ALARM, Sample
from readmission.exporter.rows import RowReader, flag, measure

ColumnDrift = tuple[str, float, bool]
"""A column, its population stability index, and whether it raised an alarm."""


def read(connection: psycopg.Connection, rows: RowReader) -> list[ColumnDrift]:
    """Return the drift of each column of the newest measured batch."""
    named = connection.execute("SELECT DISTINCT batch_id FROM drift").fetchall()
    measured = rows.keep("drift", named, lambda row: parse_batch_id(row[0]))
    if not measured:
        return []
    newest = max(measured, key=batch_number)
    found = connection.execute(
        "SELECT column_name, psi, alarm FROM drift WHERE batch_id = %s ORDER BY column_name",
        (newest,),
    )
    return rows.keep("drift", found.fetchall(), _parse)


def _parse(row: tuple[Any, ...]) -> ColumnDrift:
    column, psi, alarm = row
    return column, measure(psi, f"psi of {column}"), flag(alarm, f"alarm of {column}")


def samples(drifts: Sequence[ColumnDrift]) -> Iterator[Sample]:
    """Yield the index of each column, and whether it raised an alarm."""
    for column, psi, alarm in drifts:
        yield DRIFT(psi, column)
        yield DRIFT_ALARM(alarm, column)
