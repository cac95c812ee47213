"""Recent requests, and how far they have drifted from a model's training rows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import psycopg

from readmission.warehouse.sql.replacing import replacing

if TYPE_CHECKING:  # The exporter, which stays small, does without NumPy.
    from readmission.domain.drift import Drift


def recent(connection: psycopg.Connection, days: int, most: int) -> list[dict[str, Any]]:
    """Return the features of the newest logged predictions, at most `most`."""
    with connection.transaction():
        found = connection.execute(_RECENT, {"days": days, "most": most}).fetchall()
    return [features for (features,) in found]


def replace_drift(
    connection: psycopg.Connection, version: str, requests: int, drifts: Sequence["Drift"]
) -> None:
    """Store the drift of each column instead of the last measurement, in one transaction."""
    rows = [(one.column, one.psi, version, requests) for one in drifts]
    with replacing(connection, "request_drift") as cursor:
        cursor.executemany(_INSERT, rows)


def drift_by_column(connection: psycopg.Connection) -> list[tuple[str, float]]:
    """Return each column with its population stability index."""
    with connection.transaction():
        return connection.execute(_DRIFT).fetchall()


_RECENT = """
SELECT features FROM prediction WHERE at >= now() - make_interval(days => %(days)s)
ORDER BY at DESC LIMIT %(most)s
"""
_INSERT = """
INSERT INTO request_drift (column_name, psi, reference_version, requests) VALUES (%s, %s, %s, %s)
"""
_DRIFT = "SELECT column_name, psi FROM request_drift ORDER BY column_name"
