"""Row counts per batch in each database, taken from the tables, not from the ledgers.

Triggers count the rows of ``encounter`` whenever a statement writes or deletes some, so that
reading the counts costs the same whatever the size of the table. They can also be counted again,
which reads the whole table.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql
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


def raw_tallies(connection: psycopg.Connection, *, recount: bool = False) -> list[RawTally]:
    """Return the row counts of RAW in a single snapshot, in order of batches."""
    return [RawTally(**row) for row in raw_rows(connection, recount=recount)]


def clean_tallies(
    connection: psycopg.Connection, *, recount: bool = False
) -> dict[str, CleanTally]:
    """Return the row counts of CLEAN in a single snapshot, by batch."""
    rows = clean_rows(connection, recount=recount)
    return {row["batch_id"]: CleanTally(**row) for row in rows}


def raw_rows(connection: psycopg.Connection, *, recount: bool = False) -> list[dict[str, Any]]:
    """Return the fields of each `RawTally` in a single snapshot, as the database holds them."""
    return _rows(connection, _RAW, _RAW_COUNTED if recount else _STORED)


def clean_rows(connection: psycopg.Connection, *, recount: bool = False) -> list[dict[str, Any]]:
    """Return the fields of each `CleanTally` in a single snapshot, as the database holds them."""
    return _rows(connection, _CLEAN, _CLEAN_COUNTED if recount else _STORED)


def _rows(connection: psycopg.Connection, query: sql.SQL, counts: sql.SQL) -> list[dict[str, Any]]:
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query.format(counts=counts)).fetchall()


_STORED = sql.SQL("stored_rows")
_RAW_COUNTED = sql.SQL("(SELECT batch_id, count(*) AS rows FROM encounter GROUP BY 1)")
_CLEAN_COUNTED = sql.SQL("""(
    SELECT batch_id, coalesce(superseded_by, '') AS superseded_by, count(*) AS rows
    FROM encounter GROUP BY 1, 2
)""")

# One statement each, because a statement sees a single snapshot.
_RAW = sql.SQL("""
SELECT b.batch_id, b.kind, b.state, b.created_at, b.decided_at, b.rows,
       coalesce(max(c.rows), 0) AS stored,
       count(*) FILTER (WHERE q.state = 'open') AS open,
       count(*) FILTER (WHERE q.state = 'fixed') AS fixed,
       count(*) FILTER (WHERE q.state = 'waived') AS waived,
       count(*) FILTER (WHERE q.state = 'replayed') AS replayed,
       (SELECT count(*) FROM quarantine t WHERE t.replay_batch = b.batch_id) AS taken,
       (SELECT coalesce(sum(x.rows), 0) FROM erased_rows x WHERE x.batch_id = b.batch_id) AS erased,
       (SELECT count(*) FROM repeated_row r WHERE r.batch_id = b.batch_id) AS repeated
FROM batch b
LEFT JOIN {counts} AS c USING (batch_id) LEFT JOIN quarantine q USING (batch_id)
GROUP BY b.batch_id ORDER BY b.number
""")

_CLEAN = sql.SQL("""
SELECT b.batch_id, b.state, b.created_at, b.decided_at, b.quarantined_rows,
       coalesce(sum(c.rows), 0)::bigint AS stored,
       coalesce(sum(c.rows) FILTER (WHERE s.state = 'accepted'), 0)::bigint AS superseded
FROM batch b
LEFT JOIN {counts} AS c USING (batch_id) LEFT JOIN batch s ON s.batch_id = c.superseded_by
GROUP BY b.batch_id
""")
