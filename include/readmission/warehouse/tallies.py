"""How many rows each database holds of every batch, counted and not remembered."""

from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row

from readmission.warehouse.states import BatchKind, BatchState


@dataclass(frozen=True)
class RawTally:
    """The rows of one batch in RAW.

    Parameters
    ----------
    batch_id, kind, state, decided_at
        As in the ledger.
    rows, stored : int
        Rows the ledger tells of, and rows that are there.
    open, fixed, waived, replayed : int
        Rows in quarantine, by what was decided about them.
    taken : int
        Quarantined rows of other batches that say they were replayed in this one.
    """

    batch_id: str
    kind: BatchKind
    state: BatchState
    decided_at: datetime | None
    rows: int
    stored: int
    open: int
    fixed: int
    waived: int
    replayed: int
    taken: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", BatchKind(self.kind))
        object.__setattr__(self, "state", BatchState(self.state))

    @property
    def set_aside(self) -> int:
        """Rows that are in quarantine, whatever was decided."""
        return self.open + self.fixed + self.waived + self.replayed


@dataclass(frozen=True)
class CleanTally:
    """The rows of one batch in CLEAN.

    Parameters
    ----------
    batch_id, state, created_at
        As in the ledger.
    quarantined_rows : int
        Rows that were in quarantine when the batch was written.
    stored : int
        Rows that are there.
    """

    batch_id: str
    state: BatchState
    created_at: datetime
    quarantined_rows: int
    stored: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", BatchState(self.state))


def raw_tallies(connection: psycopg.Connection) -> list[RawTally]:
    """Count RAW in order of batches, as it is at one moment."""
    with connection.transaction(), connection.cursor(row_factory=class_row(RawTally)) as cursor:
        return cursor.execute(_RAW).fetchall()


def clean_tallies(connection: psycopg.Connection) -> dict[str, CleanTally]:
    """Count CLEAN by batch, as it is at one moment."""
    with connection.transaction(), connection.cursor(row_factory=class_row(CleanTally)) as cursor:
        return {tally.batch_id: tally for tally in cursor.execute(_CLEAN)}


# One statement each, for one statement sees one moment.
_RAW = """
SELECT b.batch_id, b.kind, b.state, b.decided_at, b.rows,
       (SELECT count(*) FROM encounter e WHERE e.batch_id = b.batch_id) AS stored,
       count(*) FILTER (WHERE q.state = 'open') AS open,
       count(*) FILTER (WHERE q.state = 'fixed') AS fixed,
       count(*) FILTER (WHERE q.state = 'waived') AS waived,
       count(*) FILTER (WHERE q.state = 'replayed') AS replayed,
       (SELECT count(*) FROM quarantine t WHERE t.replay_batch = b.batch_id) AS taken
FROM batch b LEFT JOIN quarantine q USING (batch_id)
GROUP BY b.batch_id ORDER BY b.number
"""

_CLEAN = """
SELECT batch_id, state, created_at, quarantined_rows,
       (SELECT count(*) FROM encounter e WHERE e.batch_id = batch.batch_id) AS stored
FROM batch
"""
