"""Corrections: rows that bring other values for an encounter that RAW has already.

Such a row stays in RAW beside the first. It waits in quarantine until a person accepts or rejects
it; until then, and if it is rejected, the first row stays valid.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from readmission.domain import schema
from readmission.errors import NotACorrection
from readmission.warehouse.raw.repeated_rows import values_of
from readmission.warehouse.states import RowState


@dataclass(frozen=True)
class Difference:
    """A row that differs from the valid row of the same encounter.

    Parameters
    ----------
    source_row : int
        The row of the source file.
    earlier_batch, earlier_row : str, int
        The batch and row that it corrects.
    columns : sequence of str
        Names of the columns whose values differ, in the order of the file.
    """

    source_row: int
    earlier_batch: str
    earlier_row: int
    columns: Sequence[str]

    @property
    def reason(self) -> str:
        """Why the row waits, in words and without a value."""
        return (
            f"corrects row {self.earlier_row} of {self.earlier_batch}"
            f" ({', '.join(self.columns)}); `readmission corrections` accepts or rejects it"
        )


@dataclass(frozen=True)
class Correction:
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

    def find(self, batch_id: str) -> list[Difference]:
        """Compare a batch with the valid rows of other accepted batches.

        A row that is quarantined or repeated is not valid, so nothing corrects it.
        """
        return self._differences(_FIND, {"batch": batch_id})

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
            If one of the rows is none.
        """
        found = {one.source_row: one for one in self.of_batch(batch_id)}
        for row in source_rows:
            if row not in found:
                raise NotACorrection(batch_id, row)
        return [found[row] for row in source_rows]

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
        self, query: sql.Composed | str, parameters: dict[str, str]
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
SELECT DISTINCT ON (e.source_row) e.source_row, o.batch_id AS earlier_batch,
       o.source_row AS earlier_row,
       array_remove(ARRAY[{different}], NULL) AS columns
FROM encounter e
JOIN encounter o ON o.encounter_id = e.encounter_id AND o.batch_id <> e.batch_id
JOIN batch b ON b.batch_id = o.batch_id AND b.state = 'accepted'
WHERE e.batch_id = %(batch)s AND {values} IS DISTINCT FROM {others}
  AND NOT EXISTS (SELECT FROM repeated_row r
                  WHERE (r.batch_id, r.source_row) IN ((o.batch_id, o.source_row),
                                                       (e.batch_id, e.source_row)))
  AND NOT EXISTS (SELECT FROM quarantine q
                  WHERE (q.batch_id, q.source_row) = (o.batch_id, o.source_row))
ORDER BY e.source_row, b.number DESC
""").format(different=_DIFFERENT, values=values_of("e"), others=values_of("o"))

_COPY = """
COPY correction (batch_id, source_row, earlier_batch, earlier_row, columns) FROM STDIN
"""
_OF_BATCH = """
SELECT source_row, earlier_batch, earlier_row, columns FROM correction
WHERE batch_id = %(batch)s ORDER BY source_row
"""

_ALL = """
SELECT c.*, b.created_at AS arrived_at, q.state, q.decided_by, q.decided_at, q.why
FROM correction c JOIN batch b USING (batch_id) JOIN quarantine q USING (batch_id, source_row)
ORDER BY b.number DESC, c.source_row
"""
