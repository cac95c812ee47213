"""The quarantine of RAW: rows that a gate set aside, the reasons, and the decisions about them.

A quarantined row itself stays in RAW as it arrived. The quarantine stores only the last decision
about it: a correction, which a replay then uses, or a waiver, which is final. `DecisionLog` stores
all decisions.
"""

from collections.abc import Mapping, Sequence

import pandas as pd
import psycopg
from psycopg import sql
from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb

from readmission.domain import schema
from readmission.errors import NotQuarantined
from readmission.warehouse.raw.decision_log import DecisionLog
from readmission.warehouse.raw.decisions import (
    QuarantinedRow,
    require_allowed,
    require_rows,
    require_signed,
    require_undecided,
)
from readmission.warehouse.raw.line_numbers import line_of
from readmission.warehouse.states import RowState


class Quarantine:
    """The quarantine in RAW; every method is one transaction."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection

    def rows(
        self,
        batch_id: str | None = None,
        state: RowState | None = None,
        *,
        hold: bool = False,
    ) -> list[QuarantinedRow]:
        """Return quarantined rows, ordered by batch and row of the source file.

        Parameters
        ----------
        batch_id, state : str, RowState, optional
            Return only the rows of this batch, or in this state.
        hold : bool
            Whether to lock the rows until the caller's transaction ends.
        """
        return self._select(_OF_BATCH_IN_STATE, (batch_id, batch_id, state, state), hold=hold)

    def row(self, batch_id: str, source_row: int) -> QuarantinedRow:
        """Return one row.

        Raises
        ------
        NotQuarantined
            If it is not in quarantine.
        """
        found = self._select(_ROWS_OF_BATCH, (batch_id, [source_row]))
        if not found:
            raise NotQuarantined(batch_id, line_of(source_row))
        return found[0]

    def as_arrived(self, rows: Sequence[QuarantinedRow]) -> list[dict[str, str]]:
        """Return the values of each row as they arrived, in the order of `rows`."""
        query = _AS_ARRIVED.format(sql.SQL(", ").join(map(sql.Identifier, schema.NAMES)))
        keys = [row.batch_id for row in rows], [row.source_row for row in rows]
        with (
            self.connection.transaction(),
            self.connection.cursor(row_factory=dict_row) as cursor,
        ):
            return cursor.execute(query, keys).fetchall()

    def set_aside(self, batch_id: str, rows: pd.DataFrame) -> None:
        """Quarantine the rows of a batch that failed its gate, replacing an earlier result.

        Rows with a decision are kept unchanged, whatever the gate's new result.

        Parameters
        ----------
        batch_id : str
            The batch.
        rows : DataFrame
            The failed rows, with ``source_row`` and ``reasons`` (list of str).
        """
        failed = [int(row) for row in rows["source_row"]]
        with self.connection.transaction(), self.connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM quarantine"
                " WHERE batch_id = %s AND state = 'open' AND source_row <> ALL(%s)",
                (batch_id, failed),
            )
            cursor.executemany(
                _SET_ASIDE,
                [(batch_id, *pair) for pair in zip(failed, rows["reasons"], strict=True)],
            )

    def fix(
        self,
        batch_id: str,
        source_rows: Sequence[int],
        correction: Mapping[str, str],
        by: str,
        why: str,
    ) -> list[QuarantinedRow]:
        """Correct rows, all of them or none; the replay uses the last correction.

        Parameters
        ----------
        batch_id, source_rows : str, sequence of int
            The batch, and rows of the source file.
        correction : mapping of str to str
            Corrected value by column, as it should be in the file; empty if the rows are right
            as they arrived, e.g. because their duplicates were waived.
        by, why : str
            Who decides, and why.

        Raises
        ------
        InvalidValue
            If a column is unknown, or the contract does not allow the value.
        NotQuarantined, DecisionRefused
            As for `waive`.
        """
        for name, value in correction.items():
            require_allowed(name, value)
        return self._decide(batch_id, source_rows, RowState.FIXED, correction, by, why)

    def waive(
        self, batch_id: str, source_rows: Sequence[int], by: str, why: str
    ) -> list[QuarantinedRow]:
        """Discard rows, all of them or none. This is final: they never reach CLEAN.

        Repeating the same decision changes nothing.

        Raises
        ------
        NotQuarantined
            If a row is not in quarantine.
        DecisionRefused
            If a row was replayed or waived with another name or reason, or a name, a reason or the
            rows are missing.
        """
        return self._decide(batch_id, source_rows, RowState.WAIVED, {}, by, why)

    def mark_replayed(self, rows: Sequence[QuarantinedRow], replay_batch: str) -> None:
        """Mark fixed rows as replayed in another batch, which is final."""
        with self.connection.transaction(), self.connection.cursor() as cursor:
            cursor.executemany(
                "UPDATE quarantine SET state = 'replayed', replay_batch = %s"
                " WHERE batch_id = %s AND source_row = %s",
                [(replay_batch, row.batch_id, row.source_row) for row in rows],
            )

    def _select(
        self, condition: sql.SQL, parameters: Sequence[object], *, hold: bool = False
    ) -> list[QuarantinedRow]:
        query = _ROWS.format(condition, sql.SQL("FOR UPDATE" if hold else ""))
        with (
            self.connection.transaction(),
            self.connection.cursor(row_factory=class_row(QuarantinedRow)) as cursor,
        ):
            return cursor.execute(query, parameters).fetchall()

    def _decide(
        self,
        batch_id: str,
        source_rows: Sequence[int],
        state: RowState,
        correction: Mapping[str, str],
        by: str,
        why: str,
    ) -> list[QuarantinedRow]:
        require_signed(by, why)
        require_rows(source_rows)
        numbers = [*dict.fromkeys(source_rows)]
        wanted = (batch_id, numbers)
        decision = (state, dict(correction), by.strip(), why.strip())
        with self.connection.transaction():
            known = {row.source_row: row for row in self._select(_ROWS_OF_BATCH, wanted, hold=True)}
            new = []
            for number in numbers:
                if number not in known:
                    raise NotQuarantined(batch_id, line_of(number))
                if known[number].repeats(*decision):
                    continue
                require_undecided(known[number], state)
                new.append(number)
            self.connection.execute(
                _DECIDE, (state, Jsonb(dict(correction)), *decision[2:], batch_id, new)
            )
            DecisionLog(self.connection).record(batch_id, new, *decision)
            return self._select(_ROWS_OF_BATCH, wanted)


_ROWS_OF_BATCH = sql.SQL("batch_id = %s AND source_row = ANY(%s)")
_OF_BATCH_IN_STATE = sql.SQL(
    "(%s::text IS NULL OR batch_id = %s) AND (%s::text IS NULL OR state = %s)"
)

_ROWS = sql.SQL("""
SELECT * FROM quarantine WHERE {} ORDER BY
    (SELECT number FROM batch WHERE batch.batch_id = quarantine.batch_id), source_row {}
""")

_AS_ARRIVED = sql.SQL("""
SELECT {}
FROM unnest(%s::text[], %s::bigint[]) WITH ORDINALITY AS wanted (batch_id, source_row, place)
JOIN encounter USING (batch_id, source_row)
ORDER BY place
""")

_SET_ASIDE = """
INSERT INTO quarantine (batch_id, source_row, reasons) VALUES (%s, %s, %s)
ON CONFLICT (batch_id, source_row) DO UPDATE SET reasons = EXCLUDED.reasons
WHERE quarantine.state = 'open'
"""

_DECIDE = """
UPDATE quarantine
SET state = %s, correction = %s, decided_by = %s, why = %s, decided_at = now()
WHERE batch_id = %s AND source_row = ANY(%s)
"""
