"""The append-only log of decisions about quarantined rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from readmission.warehouse.raw.line_numbers import NumberedRow
from readmission.warehouse.states import RowState


@dataclass(frozen=True)
class Decision(NumberedRow):
    """One decision about one row.

    Parameters
    ----------
    batch_id, source_row : str, int
        The batch, and the row of the source file.
    state : RowState
        The decision: fixed or waived.
    correction : mapping of str to str
        Corrected value by column; empty if no value was wrong.
    decided_by, decided_at, why : str, datetime, str
        Who decided, when, and the reason.
    """

    batch_id: str
    source_row: int
    state: RowState
    correction: Mapping[str, str]
    decided_by: str
    decided_at: datetime
    why: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", RowState(self.state))


class DecisionLog:
    """The decision log in RAW; every method is one transaction."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection

    def record(
        self,
        batch_id: str,
        source_rows: Sequence[int],
        state: RowState,
        correction: Mapping[str, str],
        by: str,
        why: str,
    ) -> None:
        """Append one decision per row, with the time at which the transaction started."""
        line = (state, Jsonb(dict(correction)), by, why)
        with self.connection.transaction(), self.connection.cursor() as cursor:
            cursor.executemany(_INSERT, [(batch_id, row, *line) for row in source_rows])

    def decisions(
        self, batch_id: str | None = None, source_row: int | None = None
    ) -> list[Decision]:
        """Return decisions in the order in which they were made.

        Parameters
        ----------
        batch_id, source_row : str, int, optional
            Return only the decisions about this batch, or this row.
        """
        with (
            self.connection.transaction(),
            self.connection.cursor(row_factory=class_row(Decision)) as cursor,
        ):
            return cursor.execute(_SELECT, (batch_id, batch_id, source_row, source_row)).fetchall()


_INSERT = """
INSERT INTO quarantine_decision (batch_id, source_row, state, correction, decided_by, why)
VALUES (%s, %s, %s, %s, %s, %s)
"""

_SELECT = """
SELECT batch_id, source_row, state, correction, decided_by, decided_at, why
FROM quarantine_decision
WHERE (%s::text IS NULL OR batch_id = %s) AND (%s::bigint IS NULL OR source_row = %s)
ORDER BY number
"""
