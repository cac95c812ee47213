"""Drift of the newest measured batch."""

from collections.abc import Iterator, Sequence
from typing import Any

import psycopg

from readmission.domain.batch_ids import batch_number, parse_batch_id
from readmission.exporter.catalogue import DRIFT, DRIFT_ACKNOWLEDGED, DRIFT_ALARM, Sample
from readmission.exporter.rows import RowReader, flag, measure

ColumnDrift = tuple[str, float, bool, bool]
"""A column, its population stability index, whether it raised an alarm, and whether somebody
acknowledged that."""


def read(connection: psycopg.Connection, rows: RowReader) -> list[ColumnDrift]:
    """Return the drift of each column of the newest measured batch."""
    named = connection.execute("SELECT DISTINCT batch_id FROM drift_result").fetchall()
    measured = rows.keep("drift", named, lambda row: parse_batch_id(row[0]))
    if not measured:
        return []
    newest = max(measured, key=batch_number)
    found = connection.execute(
        "SELECT column_name, psi, alarm, acknowledged FROM drift_result WHERE batch_id = %s"
        " ORDER BY column_name",
        (newest,),
    )
    return rows.keep("drift", found.fetchall(), _parse)


def _parse(row: tuple[Any, ...]) -> ColumnDrift:
    column, psi, alarm, acknowledged = row
    flags = flag(alarm, f"alarm of {column}"), flag(acknowledged, f"acknowledged, {column},")
    return column, measure(psi, f"psi of {column}"), *flags


def samples(drifts: Sequence[ColumnDrift]) -> Iterator[Sample]:
    """Yield the index of each column, and whether somebody acknowledged that."""
    for column, psi, alarm, acknowledged in drifts:
        yield DRIFT(psi, column)
        yield DRIFT_ALARM(alarm, column)
        yield DRIFT_ACKNOWLEDGED(acknowledged, column)
