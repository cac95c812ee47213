"""The risk from which patients are followed up: who chose it, when and why."""

from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row


@dataclass(frozen=True)
class Threshold:
    """One choice.

    Parameters
    ----------
    threshold : float, optional
        Risk of readmission within 30 days, 0 to 1, from which a patient is followed up. None ends
        the last choice.
    followed, discharged : int, optional
        Patients per day for which it was chosen.
    decided_by, why : str
        Who chose it, and the reason.
    decided_at : datetime
        When.
    """

    threshold: float | None
    followed: int | None
    discharged: int | None
    decided_by: str
    why: str
    decided_at: datetime


def newest(connection: psycopg.Connection) -> Threshold | None:
    """Return the last choice; None if nobody has chosen, or the last one was ended."""
    with (
        connection.transaction(),
        connection.cursor(row_factory=class_row(Threshold)) as cursor,
    ):
        found = cursor.execute(_NEWEST).fetchone()
    return found if found and found.threshold is not None else None


def store(
    connection: psycopg.Connection,
    threshold: float | None,
    followed: int | None,
    discharged: int | None,
    by: str,
    why: str,
) -> None:
    """Append a choice."""
    with connection.transaction():
        connection.execute(_INSERT, (threshold, followed, discharged, by, why))


_NEWEST = """
SELECT threshold, followed, discharged, decided_by, why, decided_at FROM follow_up_threshold
ORDER BY number DESC LIMIT 1
"""
_INSERT = """
INSERT INTO follow_up_threshold (threshold, followed, discharged, decided_by, why)
VALUES (%s, %s, %s, %s, %s)
"""
