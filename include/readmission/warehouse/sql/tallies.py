"""Row counts per batch in each database, taken from the tables, not from the ledgers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row

from readmission.domain.batch_ids import BatchKind
from readmission.warehouse.states import BatchState


@dataclass(frozen=True)
class RawTally:
    """The row counts of one batch in RAW.

    Parameters
    ----------
    batch_id, kind, state, created_at, decided_at
        As in the ledger.
    rows, stored : int
        Rows according to the ledger, and rows in the table.
    open, fixed, waived, replayed : int
        Quarantined rows, by the decision about them.
    taken : int
        Quarantined rows of other batches that are marked as replayed in this one.
    erased : int
        Rows of the batch that were erased for a patient or because of their age.
    repeated : int
        Rows of the batch that had already arrived in an earlier delivery.
    """

    batch_id: str
    kind: BatchKind
    state: BatchState
    created_at: datetime
    decided_at: datetime | None
    rows: int
    stored: int
    open: int
    fixed: int
    waived: int
    replayed: int
    taken: int
    erased: int = 0
    repeated: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", BatchKind(self.kind))
        object.__setattr__(self, "state", BatchState(self.state))

    @property
    def set_aside(self) -> int:
        """Quarantined rows, whatever the decision about them."""
        return self.open + self.fixed + self.waived + self.replayed

    @property
    def for_clean(self) -> int:
        """Rows that are neither quarantined nor repeated nor erased."""
        return self.rows - self.set_aside - self.repeated - self.erased


@dataclass(frozen=True)
class CleanTally:
    """The row counts of one batch in CLEAN.

    Parameters
    ----------
    batch_id, state, created_at, decided_at
        As in the ledger.
    quarantined_rows : int
        Rows that were quarantined when the batch was written.
    stored : int
        Rows in the table.
    superseded : int
        How many of them a correction has replaced.
    """

    batch_id: str
    state: BatchState
    created_at: datetime
    decided_at: datetime | None
    quarantined_rows: int
    stored: int
    superseded: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", BatchState(self.state))


def raw_tallies(connection: psycopg.Connection) -> list[RawTally]:
    """Count the rows of RAW in a single snapshot, in order of batches."""
    return [RawTally(**row) for row in raw_rows(connection)]


def clean_tallies(connection: psycopg.Connection) -> dict[str, CleanTally]:
    """Count the rows of CLEAN in a single snapshot, by batch."""
    return {row["batch_id"]: CleanTally(**row) for row in clean_rows(connection)}


def raw_rows(connection: psycopg.Connection) -> list[dict[str, Any]]:
    """Return the fields of each `RawTally` in a single snapshot, as the database holds them."""
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(_RAW).fetchall()


def clean_rows(connection: psycopg.Connection) -> list[dict[str, Any]]:
    """Return the fields of each `CleanTally` in a single snapshot, as the database holds them."""
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(_CLEAN).fetchall()


# One statement each, because a statement sees a single snapshot.
_RAW = """
SELECT b.batch_id, b.kind, b.state, b.created_at, b.decided_at, b.rows,
       (SELECT count(*) FROM encounter e WHERE e.batch_id = b.batch_id) AS stored,
       count(*) FILTER (WHERE q.state = 'open') AS open,
       count(*) FILTER (WHERE q.state = 'fixed') AS fixed,
       count(*) FILTER (WHERE q.state = 'waived') AS waived,
       count(*) FILTER (WHERE q.state = 'replayed') AS replayed,
       (SELECT count(*) FROM quarantine t WHERE t.replay_batch = b.batch_id) AS taken,
       (SELECT coalesce(sum(x.rows), 0) FROM erased_rows x WHERE x.batch_id = b.batch_id) AS erased,
       (SELECT count(*) FROM repeated_row r WHERE r.batch_id = b.batch_id) AS repeated
FROM batch b LEFT JOIN quarantine q USING (batch_id)
GROUP BY b.batch_id ORDER BY b.number
"""

_CLEAN = """
SELECT batch_id, state, created_at, decided_at, quarantined_rows,
       (SELECT count(*) FROM encounter e WHERE e.batch_id = batch.batch_id) AS stored,
       (SELECT count(*) FROM encounter e JOIN batch s ON s.batch_id = e.superseded_by
        WHERE e.batch_id = batch.batch_id AND s.state = 'accepted') AS superseded
FROM batch
"""
