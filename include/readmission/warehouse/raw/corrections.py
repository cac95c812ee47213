"""Corrections: rows that bring other values for an encounter that RAW already has.

Such a row stays in RAW beside the first. It waits in quarantine until a person accepts or rejects
it, unless a setting accepts it at once. Once it is accepted, it replaces the first row in CLEAN:
directly by the setting, or with the replay by which it leaves the quarantine.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from readmission.domain import schema
from readmission.errors import NotACorrection
from readmission.warehouse.raw.line_numbers import NumberedRow, line_of
from readmission.warehouse.raw.repeated_rows import SUPERSEDED_ROWS, values_of
from readmission.warehouse.states import RowState

Rule = Literal["hold", "accept"]


class CorrectingRow(NumberedRow):
    """Base class of records about a row that corrects an earlier one."""

    earlier_row: int

    @property
    def earlier_line(self) -> int:
        """The number of the corrected row as people see it, from 1."""
        return line_of(self.earlier_row)


@dataclass(frozen=True)
class Difference(CorrectingRow):
    """A row that differs from the valid row of the same encounter.

    Parameters
    ----------
    source_row : int
        The row of the source file.
    earlier_batch, earlier_row : str, int
        The batch and row that it corrects.
    columns : sequence of str
        Names of the columns whose values differ, in the order of the file.
    is_accepted : bool
        Whether the row replaces the earlier one; otherwise it is held.
    """

    source_row: int
    earlier_batch: str
    earlier_row: int
    columns: Sequence[str]
    is_accepted: bool = False

    @property
    def reason(self) -> str:
        """Why the row is held, without quoting a value."""
        return (
            f"corrects row {self.earlier_line} of {self.earlier_batch}"
            f" ({', '.join(self.columns)}); `readmission corrections` accepts or rejects it"
        )


@dataclass(frozen=True)
class Correction(CorrectingRow):
    """A stored correction and the decision about it.

    Parameters
    ----------
    batch_id, source_row : str, int
        The batch that brought it, and the row of the source file.
    earlier_batch, earlier_row, columns : str, int, sequence of str
        As in `Difference`.
    arrived_at : datetime
        When its batch was loaded.
    state : RowState
        Open while it waits for a decision, fixed or replayed once it was accepted, and waived if
        it was rejected.
    decided_by, decided_at, why : str, datetime, str
        Who decided, when, and the reason; empty before.
    """

    batch_id: str
    source_row: int
    earlier_batch: str
    earlier_row: int
    columns: Sequence[str]
    arrived_at: datetime
    state: RowState
    decided_by: str
    decided_at: datetime | None
    why: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", RowState(self.state))

    @property
    def status(self) -> str:
        """The decision in one word: held, accepted or rejected."""
        return {RowState.OPEN: "held", RowState.WAIVED: "rejected"}.get(self.state, "accepted")


class Corrections:
    """The corrections in RAW; every method is one transaction."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection

    def find(self, batch_id: str, rule: Rule = "hold") -> list[Difference]:
        """Compare a batch with the valid rows of other accepted batches.

        A row that is quarantined, repeated or superseded is not valid, so nothing corrects it. A
        replayed correction is accepted if it still corrects the row that the person saw. The rule
        ``accept`` accepts the others too, except those of an older batch whose gate was late and
        values that were superseded before: a person decides about these.
        """
        return self._differences(_FIND, {"batch": batch_id, "accept": rule == "accept"})

    def of_batch(self, batch_id: str) -> list[Difference]:
        """Return the stored corrections of a batch, in order of their rows."""
        return self._differences(_OF_BATCH, {"batch": batch_id})

    def record(self, batch_id: str, differences: Sequence[Difference]) -> None:
        """Store the corrections of a batch, replacing those of an earlier gate."""
        with self.connection.transaction(), self.connection.cursor() as cursor:
            cursor.execute("DELETE FROM correction WHERE batch_id = %s", (batch_id,))
            with cursor.copy(_COPY) as copy:
                for one in differences:
                    earlier = one.earlier_batch, one.earlier_row
                    copy.write_row((batch_id, one.source_row, *earlier, list(one.columns)))

    def all(self) -> list[Correction]:
        """Return every correction with the decision about it, newest batch first."""
        with (
            self.connection.transaction(),
            self.connection.cursor(row_factory=class_row(Correction)) as cursor,
        ):
            return cursor.execute(_ALL).fetchall()

    def require(self, batch_id: str, source_rows: Sequence[int]) -> list[Difference]:
        """Return the corrections in some rows of a batch.

        Raises
        ------
        NotACorrection
            If one of the rows is not a correction.
        """
        found = {one.source_row: one for one in self.of_batch(batch_id)}
        for row in source_rows:
            if row not in found:
                raise NotACorrection(batch_id, line_of(row))
        return [found[row] for row in source_rows]

    def supersedes(self, batch_id: str) -> list[tuple[str, int]]:
        """Return batch and row of each row that an accepted correction of a batch replaces."""
        with self.connection.transaction():
            return self.connection.execute(_SUPERSEDES, (batch_id,)).fetchall()

    def superseded(self, batch_id: str) -> dict[int, str]:
        """Return the rows of a batch that were replaced, each with the batch that replaces it."""
        with self.connection.transaction():
            return dict(self.connection.execute(_SUPERSEDED, (batch_id,)).fetchall())

    def values(self, one: Correction) -> list[tuple[str, str, str]]:
        """Return column, earlier and new value of each difference; these are patient data."""
        columns = sql.SQL(", ").join(map(sql.Identifier, one.columns))
        query = sql.SQL("SELECT {} FROM encounter WHERE (batch_id, source_row) = (%s, %s)").format(
            columns
        )
        with self.connection.transaction():
            earlier, new = (
                self.connection.execute(query, key).fetchone() or ("erased",) * len(one.columns)
                for key in ((one.earlier_batch, one.earlier_row), (one.batch_id, one.source_row))
            )
        return list(zip(one.columns, earlier, new, strict=True))

    def _differences(
        self, query: sql.Composed | str, parameters: dict[str, object]
    ) -> list[Difference]:
        with (
            self.connection.transaction(),
            self.connection.cursor(row_factory=class_row(Difference)) as cursor,
        ):
            return cursor.execute(query, parameters).fetchall()


_DIFFERENT = sql.SQL(", ").join(
    sql.SQL("CASE WHEN {} IS DISTINCT FROM {} THEN {} END").format(
        sql.Identifier("e", name), sql.Identifier("o", name), sql.Literal(name)
    )
    for name in schema.NAMES
)
_FIND = sql.SQL("""
WITH superseded AS ({superseded_rows})
SELECT DISTINCT ON (e.source_row) e.source_row, o.batch_id AS earlier_batch,
       o.source_row AS earlier_row,
       array_remove(ARRAY[{different}], NULL) AS columns,
       EXISTS (SELECT FROM quarantine q JOIN correction c USING (batch_id, source_row)
               WHERE (q.replay_batch, q.source_row) = (e.batch_id, e.source_row)
                 AND (c.earlier_batch, c.earlier_row) = (o.batch_id, o.source_row))
       OR %(accept)s AND mine.number > b.number
          AND NOT EXISTS (SELECT FROM encounter s
                          JOIN superseded x USING (batch_id, source_row)
                          WHERE s.encounter_id = e.encounter_id AND {values} IS NOT DISTINCT
                                FROM {superseded})
       AS is_accepted
FROM encounter e
JOIN batch mine ON mine.batch_id = e.batch_id
JOIN encounter o ON o.encounter_id = e.encounter_id AND o.batch_id <> e.batch_id
JOIN batch b ON b.batch_id = o.batch_id AND b.state = 'accepted'
WHERE e.batch_id = %(batch)s AND {values} IS DISTINCT FROM {others}
  AND NOT EXISTS (SELECT FROM repeated_row r
                  WHERE (r.batch_id, r.source_row) IN ((o.batch_id, o.source_row),
                                                       (e.batch_id, e.source_row)))
  AND NOT EXISTS (SELECT FROM quarantine q
                  WHERE (q.batch_id, q.source_row) = (o.batch_id, o.source_row))
  AND NOT EXISTS (SELECT FROM superseded x
                  WHERE (x.batch_id, x.source_row) = (o.batch_id, o.source_row))
ORDER BY e.source_row, b.number DESC
""").format(
    different=_DIFFERENT,
    values=values_of("e"),
    others=values_of("o"),
    superseded=values_of("s"),
    superseded_rows=SUPERSEDED_ROWS,
)

_COPY = """
COPY correction (batch_id, source_row, earlier_batch, earlier_row, columns) FROM STDIN
"""
_OF_BATCH = """
SELECT c.source_row, earlier_batch, earlier_row, columns, q.source_row IS NULL AS is_accepted
FROM correction c LEFT JOIN quarantine q USING (batch_id, source_row)
WHERE c.batch_id = %(batch)s ORDER BY 1
"""
_SUPERSEDES = """
SELECT earlier_batch, earlier_row
FROM correction c LEFT JOIN quarantine q USING (batch_id, source_row)
WHERE c.batch_id = %s AND q.source_row IS NULL
"""
_SUPERSEDED = """
SELECT earlier_row, c.batch_id
FROM correction c LEFT JOIN quarantine q USING (batch_id, source_row)
WHERE c.earlier_batch = %s AND q.source_row IS NULL
"""

_ALL = """
SELECT c.*, b.created_at AS arrived_at, coalesce(q.state, 'replayed') AS state,
       coalesce(q.decided_by, 'pipeline') AS decided_by,
       CASE WHEN q.source_row IS NULL THEN b.decided_at ELSE q.decided_at END AS decided_at,
       coalesce(q.why, 'READMISSION_CORRECTIONS=accept') AS why
FROM correction c JOIN batch b USING (batch_id) LEFT JOIN quarantine q USING (batch_id, source_row)
-- The replay of an accepted correction is not a correction of its own.
WHERE q.source_row IS NOT NULL OR b.kind = 'arrival'
ORDER BY b.number DESC, c.source_row
"""
