"""RAW: the encounters as they arrived, and the ledger of batches."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pandas as pd
import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql

from readmission.domain import schema
from readmission.domain.batch_ids import BatchKind, batch_name
from readmission.domain.columns import MISSING_TEXTS
from readmission.warehouse.ledger import Ledger, RawBatch
from readmission.warehouse.raw.corrections import Corrections, Difference
from readmission.warehouse.raw.erased_patients import ErasedPatients
from readmission.warehouse.raw.erasures import Erasure, RawErasures
from readmission.warehouse.raw.quarantine import Quarantine
from readmission.warehouse.raw.repeated_rows import RepeatedRows
from readmission.warehouse.sql.content import content_hash
from readmission.warehouse.sql.copying import copy_in, copy_out
from readmission.warehouse.states import BatchState

_LOCK = 296_001
"""Advisory lock for numbering batches."""
_GATE_LOCK = 296_012
"""Advisory lock for the raw gate."""

_ROW_TYPES: dict[str, pa.DataType] = {
    "source_row": pa.int64(),
    **dict.fromkeys(schema.NAMES, pa.string()),
}

_LEDGER = sql.SQL("""
SELECT batch_id, number, rows, source_offset, content_sha256, origin, state, reason,
       (SELECT count(*) FROM quarantine q WHERE q.batch_id = batch.batch_id) AS quarantined_rows,
       created_at, decided_at, kind,
       (SELECT coalesce(sum(x.rows), 0) FROM erased_rows x WHERE x.batch_id = batch.batch_id)
           AS erased_rows,
       (SELECT count(*) FROM repeated_row r WHERE r.batch_id = batch.batch_id) AS repeated_rows
FROM batch {condition} ORDER BY number
""")


class RawWarehouse(Ledger[RawBatch]):
    """RAW on one connection; every method is one transaction.

    Parameters
    ----------
    connection : psycopg.Connection
        A connection to RAW.
    key : str, optional
        Key of the list of erased patients; needed to write rows as soon as the list is not empty.
    """

    ledger_name, ledger_line, ledger_query = "RAW", RawBatch, _LEDGER
    numbering_lock = _LOCK

    def __init__(self, connection: psycopg.Connection, key: str | None = None) -> None:
        super().__init__(connection)
        self.erased_patients = ErasedPatients(connection, key)

    def load(self, encounters: pa.Table, source_offset: int, origin: str) -> RawBatch:
        """Write a batch and its ledger line in one transaction.

        A batch with the same offset and content is not written again, so repeating a load
        changes nothing, even if rows of the batch were erased since. Rows of patients who were
        erased are not stored; the ledger counts them.

        Parameters
        ----------
        encounters : pyarrow.Table, shape (n, columns)
            The columns of `schema.COLUMNS` as text.
        source_offset : int
            Row of the source file at which the batch starts.
        origin : str
            Origin of the encounters: ``uci``, ``file`` or ``synthetic``.

        Raises
        ------
        ErasureKeyError
            If patients were erased, and this warehouse does not have the key of their list.
        """
        same_offset = sql.SQL("WHERE kind = 'arrival' AND source_offset = %s")
        with self.numbering():
            for known in self._select(same_offset, source_offset):
                if known.content_sha256 == content_hash(encounters):
                    return known
            rows = range(source_offset, source_offset + encounters.num_rows)
            return self.append(BatchKind.ARRIVAL, encounters, rows, source_offset, origin)

    def append(
        self,
        kind: BatchKind,
        encounters: pa.Table,
        source_rows: Sequence[int],
        source_offset: int,
        origin: str,
    ) -> RawBatch:
        """Write a new batch; call it within `numbering`.

        Parameters
        ----------
        kind : BatchKind
            Where the rows come from.
        encounters : pyarrow.Table, shape (n, columns)
            The columns of `schema.COLUMNS` as text.
        source_rows : sequence of int, length n
            Row of the source file of each encounter, ascending.
        source_offset : int
            The first of these rows; needed because an empty batch has none.
        origin : str
            Origin of the encounters: ``uci``, ``file`` or ``synthetic``.
        """
        (number,) = self.connection.execute(_NEXT_NUMBER).fetchone() or (1,)
        batch_id = batch_name(number, kind)
        size, digest = len(source_rows), content_hash(encounters)
        self.connection.execute(
            _INSERT_BATCH, (batch_id, number, size, source_offset, digest, origin, kind)
        )
        keyed = encounters.append_column(
            "source_row", pa.array(source_rows, pa.int64())
        ).append_column("batch_id", pa.array([batch_id] * size, pa.string()))
        copy_in(self.connection, "encounter", self._without_erased(keyed, batch_id))
        # New rows have no statistics yet, and without them joins on encounters are very slow.
        self.connection.execute(_ANALYZE)
        return self.batch(batch_id)

    def _without_erased(self, rows: pa.Table, batch_id: str) -> pa.Table:
        """Return the rows of a batch without those of erased patients, which the ledger counts."""
        patients = rows[schema.PATIENT]
        erased = self.erased_patients.among({str(number) for number in patients.to_pylist()})
        if not erased:
            return rows
        kept = rows.filter(pc.invert(pc.is_in(patients, pa.array(sorted(erased), pa.string()))))
        refused = {batch_id: rows.num_rows - kept.num_rows}
        RawErasures(self.connection).record(Erasure.refused(), refused)
        return kept

    @contextmanager
    def gating(self) -> Iterator[None]:
        """Let no other raw gate run until the block ends, and no process write or erase rows.

        Two gates at once would not see each other's rows, and both might accept an encounter.
        """
        with self._holding(_GATE_LOCK), self.unchanged():
            yield

    def read(
        self, batch_id: str, *, quarantined: bool = True, repeated: bool = True
    ) -> pd.DataFrame:
        """Return a batch as text, in file order.

        Parameters
        ----------
        batch_id : str
            The batch.
        quarantined, repeated : bool
            Whether to include quarantined rows, and rows that had arrived before.

        Returns
        -------
        DataFrame
            ``source_row`` and the columns of `schema.COLUMNS`.
        """
        query = _ROWS.format(
            columns=sql.SQL(", ").join(sql.Identifier("e", name) for name in schema.NAMES),
            keep=sql.SQL(" ").join(
                [
                    sql.SQL("" if quarantined else "AND q.source_row IS NULL"),
                    sql.SQL("" if repeated else "AND r.source_row IS NULL"),
                ]
            ),
        )
        with self.connection.transaction():
            return copy_out(self.connection, query, _ROW_TYPES, (batch_id,)).to_pandas()

    def missing_before(self, batch_id: str, rows: int = 1) -> dict[str, float]:
        """Return each nullable column's share of missing values in the previous accepted batch.

        So a change is reported once, by the batch that brings it.

        Parameters
        ----------
        batch_id : str
            The batch to compare with an earlier one.
        rows : int
            An earlier batch of fewer rows is passed over: its shares are too uncertain.

        Returns
        -------
        dict of str to float
            Share by column, from 0 to 1; empty for the first batch.
        """
        nullable = [column.name for column in schema.COLUMNS if column.nullable]
        shares = sql.SQL(", ").join(
            sql.SQL("avg(({} = ANY({}))::integer)").format(
                sql.Identifier("e", name), sql.Literal(sorted(MISSING_TEXTS))
            )
            for name in nullable
        )
        with self.connection.transaction():
            found = self.connection.execute(
                _MISSING.format(shares=shares), (batch_id, rows)
            ).fetchone()
        if found is None or found[0] is None:
            return {}
        return {name: float(share) for name, share in zip(nullable, found, strict=True)}

    def accept(
        self,
        batch_id: str,
        quarantine: pd.DataFrame,
        corrections: Sequence[Difference] = (),
        remarks: Sequence[str] = (),
    ) -> RawBatch:
        """Mark a batch accepted and quarantine its failed rows, in one transaction.

        Parameters
        ----------
        batch_id : str
            The batch.
        quarantine : DataFrame
            The failed and the held rows, with ``source_row`` and ``reasons`` (list of str).
        corrections : sequence of Difference
            Which of its rows correct a row of another batch.
        remarks : sequence of str
            Why no row is left for CLEAN, if none is.
        """
        with self.connection.transaction():
            Quarantine(self.connection).set_aside(batch_id, quarantine)
            Corrections(self.connection).record(batch_id, corrections)
            return self._decide(batch_id, BatchState.ACCEPTED, remarks)

    def reject(self, batch_id: str, failures: Sequence[str]) -> RawBatch:
        """Mark a batch rejected; its rows stay readable, but never reach CLEAN."""
        with self.connection.transaction():
            nothing = pd.DataFrame({"source_row": [], "reasons": []})
            Quarantine(self.connection).set_aside(batch_id, nothing)
            RepeatedRows(self.connection).clear(batch_id)
            Corrections(self.connection).record(batch_id, [])
            return self._decide(batch_id, BatchState.REJECTED, failures)

    def quarantine(self) -> pd.DataFrame:
        """Return every quarantined row: ``batch_id``, ``source_row``, ``reasons``."""
        names = ("batch_id", "source_row", "reasons")
        rows = Quarantine(self.connection).rows()
        return pd.DataFrame([[getattr(r, name) for name in names] for r in rows], columns=names)


_NEXT_NUMBER = "SELECT coalesce(max(number), 0) + 1 FROM batch"
_ANALYZE = """
SET LOCAL default_statistics_target = 10;
ANALYZE encounter (batch_id, source_row, encounter_id)
"""
"""A sample of 3,000 rows is enough to tell how many rows a batch has."""
_INSERT_BATCH = """
INSERT INTO batch (batch_id, number, rows, source_offset, content_sha256, origin, kind)
VALUES (%s, %s, %s, %s, %s, %s, %s)
"""

_ROWS = sql.SQL("""
SELECT e.source_row, {columns}
FROM encounter e
LEFT JOIN quarantine q USING (batch_id, source_row)
LEFT JOIN repeated_row r USING (batch_id, source_row)
WHERE e.batch_id = %s {keep}
ORDER BY e.source_row
""")

_MISSING = sql.SQL("""
SELECT {shares} FROM encounter e WHERE e.batch_id = (
    SELECT batch_id FROM batch
    WHERE state = 'accepted' AND number < (SELECT number FROM batch WHERE batch_id = %s)
      AND rows >= %s
    ORDER BY number DESC LIMIT 1
)
""")
