"""Erasures in RAW: the rows of a patient, their deletion, and the counts that remain."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

import psycopg

from readmission.warehouse import stores
from readmission.warehouse.ledger import RawBatch, SetAside

RowKey = tuple[str, int]
"""Batch and row of the source file."""

PIPELINE = "pipeline"
ARRIVED_AGAIN = "rows of patients who were erased before"


@dataclass(frozen=True)
class Erasure:
    """One erasure; it does not say whose rows they were.

    Parameters
    ----------
    erasure_id : UUID
        Random.
    erased_by, reason : str
        Who erased the rows, and why.
    models : sequence of str
        Registered versions that had learned from the rows.
    verdicts : sequence of str
        Comparisons of models that had used the rows, as ``batch-0001 version 1``.
    """

    erasure_id: UUID
    erased_by: str
    reason: str
    models: Sequence[str] = ()
    verdicts: Sequence[str] = ()

    @classmethod
    def refused(cls) -> "Erasure":
        """Return the erasure of rows that are refused on arrival."""
        return cls(uuid4(), PIPELINE, ARRIVED_AGAIN)


class RawErasures:
    """The erasures in RAW; every method is one transaction."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection

    def rows_of(self, patient: int) -> list[RowKey]:
        """Return the rows of a patient.

        The last correction of a row says whose it is. A row that was replayed belongs to the
        patient in all of its batches.
        """
        return [(batch, row) for batch, row, is_owner in self._carriers(patient) if is_owner]

    def expired_rows(self, batches: Sequence[str]) -> list[RowKey]:
        """Return the rows of batches, except those that were replayed in a batch not among them."""
        with self.connection.transaction():
            return self.connection.execute(_EXPIRED, {"batches": list(batches)}).fetchall()

    def encounters(self, rows: Sequence[RowKey]) -> set[str]:
        """Return the encounter numbers of rows, as they arrived and as they were corrected."""
        with self.connection.transaction():
            found = self.connection.execute(_ENCOUNTERS, _columns(rows)).fetchall()
        return {number for pair in found for number in pair if number is not None}

    def set_aside_without(
        self, rows: Sequence[RowKey], batches: Iterable[RawBatch]
    ) -> Mapping[str, SetAside]:
        """Return which rows of batches RAW will keep out of CLEAN when some rows are erased."""
        quarantined = self._counted(_QUARANTINED, rows)
        repeated = self._counted(_REPEATED, rows)
        return {
            batch.batch_id: SetAside(
                batch.quarantined_rows - quarantined.get(batch.batch_id, 0),
                batch.repeated_rows - repeated.get(batch.batch_id, 0),
            )
            for batch in batches
        }

    def _counted(self, query: str, rows: Sequence[RowKey]) -> dict[str, int]:
        with self.connection.transaction():
            return dict(self.connection.execute(query, _columns(rows)).fetchall())

    def record(self, erasure: Erasure, counts: Mapping[str, int]) -> None:
        """Store an erasure and its counts of rows by batch; storing it again adds the counts."""
        listed = {"models": list(erasure.models), "verdicts": list(erasure.verdicts)}
        lines = [(erasure.erasure_id, batch_id, rows) for batch_id, rows in counts.items()]
        with self.connection.transaction(), self.connection.cursor() as cursor:
            cursor.execute(_HEADER, vars(erasure) | listed)
            cursor.executemany(_LINE, lines)

    def erasure(self, erasure_id: UUID) -> Erasure:
        """Return one erasure."""
        with self.connection.transaction():
            found = self.connection.execute(_ERASURE, (erasure_id,)).fetchone()
        assert found is not None, "erased_patient refers to it"  # noqa: S101
        return Erasure(*found)

    def erase(self, rows: Sequence[RowKey], erasure: Erasure) -> None:
        """Delete rows with their quarantine and its decisions, and store the counts.

        Append-only rows, which triggers protect, are deleted too: erasure overrides history.
        """
        with self.connection.transaction():
            self._let_history_change("DISABLE")
            stores.delete(self.connection, "raw", _columns(rows))
            self._let_history_change("ENABLE")
            self.record(erasure, Counter(batch_id for batch_id, _ in rows))

    def forget_number(self, patient: int) -> int:
        """Remove a patient's number from rows of others, where it was by mistake; return how many.

        Such a row arrived with the wrong number, or was first corrected to a wrong one.
        """
        found = self._carriers(patient)
        others = [(batch, row) for batch, row, is_owner in found if not is_owner]
        if not others:
            return 0
        keys = {**_columns(others), "patient": str(patient)}
        with self.connection.transaction():
            self._let_history_change("DISABLE")
            for statement in _FORGET:
                self.connection.execute(statement, keys)
            self._let_history_change("ENABLE")
        return len(others)

    def _carriers(self, patient: int) -> list[tuple[str, int, bool]]:
        """Return the rows that carry a number, and whether they belong to that patient."""
        with self.connection.transaction():
            return self.connection.execute(_CARRIERS, {"patient": str(patient)}).fetchall()

    def _let_history_change(self, verb: str) -> None:
        for table, trigger in _TRIGGERS.items():
            self.connection.execute(f"ALTER TABLE {table} {verb} TRIGGER {trigger}".encode())


def _columns(rows: Sequence[RowKey]) -> dict[str, object]:
    return {"batches": [batch for batch, _ in rows], "source_rows": [row for _, row in rows]}


_TRIGGERS = {
    "quarantine": "final_rows_are_final",
    "quarantine_decision": "quarantine_decision_is_append_only",
}
_KEYS = """(batch_id, source_row) IN (
    SELECT * FROM unnest(%(batches)s::text[], %(source_rows)s::bigint[]))"""

# Numbers are compared without leading spaces and zeros, which a file may add.
_CARRIERS = """
WITH RECURSIVE carrier AS (
    SELECT batch_id, source_row FROM encounter
    WHERE ltrim(btrim(patient_nbr), '0') = %(patient)s
    UNION
    SELECT batch_id, source_row FROM quarantine
    WHERE ltrim(btrim(correction ->> 'patient_nbr'), '0') = %(patient)s
    UNION
    SELECT batch_id, source_row FROM quarantine_decision
    WHERE ltrim(btrim(correction ->> 'patient_nbr'), '0') = %(patient)s
), family AS (
    SELECT c.batch_id, c.source_row FROM carrier c JOIN encounter USING (batch_id, source_row)
    UNION
    -- the same row in the batch before its replay, and in that after it
    SELECT near.batch_id, near.source_row FROM family f CROSS JOIN LATERAL (
        SELECT q.replay_batch AS batch_id, q.source_row FROM quarantine q
        WHERE (q.batch_id, q.source_row) = (f.batch_id, f.source_row)
          AND q.replay_batch IS NOT NULL
        UNION ALL
        SELECT q.batch_id, q.source_row FROM quarantine q
        WHERE (q.replay_batch, q.source_row) = (f.batch_id, f.source_row)
    ) near
), path AS (
    SELECT batch_id, source_row, batch_id AS place FROM family
    UNION ALL
    SELECT p.batch_id, p.source_row, q.replay_batch FROM path p
    JOIN quarantine q ON (q.batch_id, q.source_row) = (p.place, p.source_row)
    WHERE q.replay_batch IS NOT NULL
)
SELECT p.batch_id, p.source_row,
       ltrim(btrim(coalesce(q.correction ->> 'patient_nbr', e.patient_nbr)), '0') = %(patient)s
FROM path p
JOIN encounter e ON (e.batch_id, e.source_row) = (p.place, p.source_row)
LEFT JOIN quarantine q ON (q.batch_id, q.source_row) = (p.place, p.source_row)
WHERE q.replay_batch IS NULL
ORDER BY (SELECT number FROM batch WHERE batch.batch_id = p.batch_id), p.source_row
"""

_EXPIRED = """
SELECT e.batch_id, e.source_row FROM encounter e LEFT JOIN quarantine q USING (batch_id, source_row)
WHERE e.batch_id = ANY(%(batches)s)
  AND (q.replay_batch IS NULL OR q.replay_batch = ANY(%(batches)s))
ORDER BY 1, 2
"""
_ENCOUNTERS = f"""
SELECT e.encounter_id, q.correction ->> 'encounter_id'
FROM encounter e LEFT JOIN quarantine q USING (batch_id, source_row)
WHERE {_KEYS}
"""  # noqa: S608
_QUARANTINED = f"SELECT batch_id, count(*) FROM quarantine WHERE {_KEYS} GROUP BY 1"  # noqa: S608
_REPEATED = f"SELECT batch_id, count(*) FROM repeated_row WHERE {_KEYS} GROUP BY 1"  # noqa: S608

_HEADER = """
INSERT INTO erasure (erasure_id, erased_by, reason, models, verdicts)
VALUES (%(erasure_id)s, %(erased_by)s, %(reason)s, %(models)s, %(verdicts)s)
ON CONFLICT (erasure_id) DO NOTHING
"""
_LINE = "INSERT INTO erased_rows (erasure_id, batch_id, rows) VALUES (%s, %s, %s)"
_ERASURE = """
SELECT erasure_id, erased_by, reason, models, verdicts FROM erasure WHERE erasure_id = %s
"""

_IS_NUMBER = "ltrim(btrim(correction ->> 'patient_nbr'), '0') = %(patient)s"
_FORGET = (
    f"""UPDATE encounter SET patient_nbr = '?'
    WHERE {_KEYS} AND ltrim(btrim(patient_nbr), '0') = %(patient)s""",  # noqa: S608
    *(
        f"""UPDATE {table} SET correction = correction || '{{"patient_nbr": "?"}}'
        WHERE {_KEYS} AND {_IS_NUMBER}"""  # noqa: S608
        for table in ("quarantine", "quarantine_decision")
    ),
)
