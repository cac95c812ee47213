"""CLEAN: model-ready encounters, the split of every patient, and the ledger of batches."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import pandas as pd
import pyarrow as pa
from psycopg import sql

from readmission.domain import schema
from readmission.domain.splitting import Split
from readmission.warehouse.ledger import CleanBatch, Ledger, RawBatch
from readmission.warehouse.sql.content import content_hash
from readmission.warehouse.sql.copying import copy_in, copy_out
from readmission.warehouse.states import BatchState

_LOCK = 296_002
"""Advisory lock for assigning patients to splits."""

_KEY_TYPES: dict[str, pa.DataType] = {
    "batch_id": pa.string(),
    "source_row": pa.int64(),
    schema.ENCOUNTER: pa.int64(),
    schema.PATIENT: pa.int64(),
    "part": pa.string(),
    "eligible": pa.bool_(),
    schema.TARGET: pa.int16(),
}
_FEATURE_TYPES: dict[str, pa.DataType] = {
    name: pa.string() if name in schema.CATEGORICAL_FEATURES else pa.int32()
    for name in schema.FEATURE_NAMES
}
ROW_TYPES: dict[str, pa.DataType] = {**_KEY_TYPES, **_FEATURE_TYPES}
"""Arrow type of each column of a CLEAN encounter, in order."""
_NUMBER = "number"


class CleanWarehouse(Ledger[CleanBatch]):
    """CLEAN on one connection; every method is one transaction."""

    ledger_name, ledger_line = "CLEAN", CleanBatch
    ledger_query = sql.SQL("SELECT * FROM batch {condition} ORDER BY number")
    numbering_lock = _LOCK

    @contextmanager
    def assigning(self, patients: Sequence[int]) -> Iterator[dict[int, str]]:
        """Open a transaction in which no other process can assign patients to splits.

        Yields the splits of those `patients` that have been assigned before. Everything written
        within the block is committed together or not at all.
        """
        with self.connection.transaction():
            self._lock()
            yield dict(
                self.connection.execute(
                    "SELECT patient_nbr, part FROM patient WHERE patient_nbr = ANY(%s)",
                    (list(patients),),
                ).fetchall()
            )

    def write(
        self,
        batch: RawBatch,
        rows: pa.Table,
        new_splits: Mapping[int, str],
        supersedes: Sequence[tuple[str, int]] = (),
        superseded: Mapping[int, str] | None = None,
    ) -> CleanBatch:
        """Write a batch, the splits of its new patients and its ledger line.

        Writing the same content again changes nothing. Other content, e.g. after a change of
        the quarantine, replaces the batch, which then waits for its gate.

        Parameters
        ----------
        batch : RawBatch
            The batch in RAW.
        rows : pyarrow.Table
            The columns of `ROW_TYPES`.
        new_splits : mapping of int to str
            Split of each patient who is new in this batch.
        supersedes : sequence of (str, int)
            Batch and row of each row that a row of this batch corrects. It stays in CLEAN, and is
            valid until this batch is accepted.
        superseded : mapping of int to str, optional
            The rows of this batch that were corrected since, each with the batch that did so.
        """
        digest = content_hash(rows)
        with self.connection.transaction():
            known = self._select(sql.SQL("WHERE batch_id = %s"), batch.batch_id)
            if known and known[0].content_sha256 == digest:
                return known[0]
            self.connection.execute("DELETE FROM encounter WHERE batch_id = %s", (batch.batch_id,))
            self.connection.execute("DELETE FROM batch WHERE batch_id = %s", (batch.batch_id,))
            copy_in(self.connection, "patient", _patient_rows(new_splits, batch.batch_id))
            self._supersede(batch.batch_id, supersedes)
            copy_in(self.connection, "encounter", _with_successors(rows, superseded or {}))
            self.connection.execute(_INSERT_BATCH, _ledger_line(batch, rows.num_rows, digest))
        return self.batch(batch.batch_id)

    def _supersede(self, batch_id: str, rows: Sequence[tuple[str, int]]) -> None:
        """Mark the rows that a batch corrects, replacing earlier marks."""
        self.connection.execute(
            "UPDATE encounter SET superseded_by = NULL WHERE superseded_by = %s", (batch_id,)
        )
        batches, source_rows = [one for one, _ in rows], [row for _, row in rows]
        self.connection.execute(_SUPERSEDE, (batch_id, batches, source_rows))

    def accept(self, batch_id: str) -> CleanBatch:
        """Mark a batch accepted, so that models are trained on it."""
        return self._decide(batch_id, BatchState.ACCEPTED)

    def reject(self, batch_id: str, failures: Sequence[str]) -> CleanBatch:
        """Mark a batch rejected; its rows stay readable and are never trained on."""
        return self._decide(batch_id, BatchState.REJECTED, failures)

    def read_batch(self, batch_id: str) -> pd.DataFrame:
        """Return one batch in file order, whatever its state; columns as in `ROW_TYPES`."""
        return self.rows_of(batch_id).to_pandas()

    def rows_of(self, batch_id: str) -> pa.Table:
        """Return the same as an Arrow table, with the types of `ROW_TYPES`."""
        return self._read(sql.SQL("e.batch_id = %s"), batch_id)

    def content_hash(self, batch_id: str) -> str:
        """Return the hash of the stored rows of a batch, as `write` puts it into the ledger."""
        return content_hash(self.rows_of(batch_id))

    def read_splits(self, splits: Sequence[Split], up_to: str | None = None) -> pd.DataFrame:
        """Return the valid rows of some splits in accepted batches.

        A row that a later batch has corrected is valid up to the batch before that.

        Parameters
        ----------
        splits : sequence of Split
            The splits.
        up_to : str, optional
            The last batch to include; by default the newest.

        Returns
        -------
        DataFrame
            The columns of `ROW_TYPES` in order of arrival.

        Raises
        ------
        BatchNotFound
            If the ledger does not contain the batch `up_to`.
        """
        last = None if up_to is None else self.batch(up_to).number
        return self._read(
            sql.SQL("{} AND e.part = ANY(%s)").format(_VALID),
            *(last, last),
            [str(split) for split in splits],
        ).to_pandas()

    def test_encounters(self, up_to: str) -> list[int]:
        """Return the numbers of the test encounters in accepted batches, ascending.

        Parameters
        ----------
        up_to : str
            The last batch to include, by its number in the ledger.

        Raises
        ------
        BatchNotFound
            If the ledger does not contain the batch.
        """
        last = self.batch(up_to).number
        with self.connection.transaction():
            parameters = last, last, str(Split.TEST)
            found = self.connection.execute(_TEST_ENCOUNTERS, parameters).fetchall()
        return [number for (number,) in found]

    def read_encounters(self, encounters: Sequence[int], up_to: str) -> pa.Table:
        """Return the rows of some encounters that CLEAN still has, in order of their numbers.

        The columns are those of `ROW_TYPES`. A row that was corrected by a batch after `up_to` is
        returned as it was before.
        """
        last = self.batch(up_to).number
        condition = sql.SQL("{} AND e.encounter_id = ANY(%s::bigint[])").format(_VALID)
        found = self._read(condition, last, last, list(encounters))
        return found.sort_by(schema.ENCOUNTER)

    def patient_splits(self) -> dict[int, str]:
        """Return the split of every patient."""
        with self.connection.transaction():
            return dict(self.connection.execute("SELECT patient_nbr, part FROM patient").fetchall())

    def outcomes(self, batch_id: str) -> list[tuple[int, int, str]]:
        """Return encounter, outcome (class code) and split of each valid row of a batch."""
        with self.connection.transaction():
            return self.connection.execute(_OUTCOMES, (batch_id,)).fetchall()

    def split_sizes(self) -> dict[tuple[str, str], int]:
        """Return the number of rows by batch and split."""
        with self.connection.transaction():
            counted = self.connection.execute(
                "SELECT batch_id, part, sum(rows)::bigint FROM stored_rows"
                " GROUP BY 1, 2 HAVING sum(rows) > 0 ORDER BY 1, 2"
            ).fetchall()
        return {(batch_id, part): rows for batch_id, part, rows in counted}

    def _read(self, condition: sql.Composable, *parameters: object) -> pa.Table:
        columns = sql.SQL(", ").join(sql.Identifier("e", name) for name in ROW_TYPES)
        query = _ROWS.format(columns=columns, encounters=_ENCOUNTERS, condition=condition)
        with self.connection.transaction():
            found = copy_out(self.connection, query, {_NUMBER: pa.int64()} | ROW_TYPES, parameters)
        # PostgreSQL would sort the rows on its disk.
        return found.sort_by([(_NUMBER, "ascending"), ("source_row", "ascending")]).drop(_NUMBER)


def _patient_rows(splits: Mapping[int, str], batch_id: str) -> pa.Table:
    return pa.table(
        {
            "patient_nbr": pa.array(list(splits), pa.int64()),
            "part": pa.array(list(splits.values()), pa.string()),
            "first_batch": pa.array([batch_id] * len(splits), pa.string()),
        }
    )


def _with_successors(rows: pa.Table, superseded: Mapping[int, str]) -> pa.Table:
    """Return the rows with the column that says which batch has corrected each."""
    numbers: list[int] = rows["source_row"].to_pandas().tolist()
    successors = [superseded.get(number) for number in numbers]
    return rows.append_column("superseded_by", pa.array(successors, pa.string()))


def _ledger_line(batch: RawBatch, clean_rows: int, digest: str) -> tuple[object, ...]:
    return (
        batch.batch_id,
        batch.number,
        batch.rows,
        clean_rows,
        batch.quarantined_rows,
        digest,
        batch.origin,
        batch.erased_rows,
        batch.repeated_rows,
    )


_INSERT_BATCH = """
INSERT INTO batch (batch_id, number, raw_rows, clean_rows, quarantined_rows, content_sha256, origin,
                   erased_rows, repeated_rows)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
"""

_SUPERSEDE = """
UPDATE encounter SET superseded_by = %s
WHERE (batch_id, source_row) IN (SELECT * FROM unnest(%s::text[], %s::bigint[]))
"""

# Marks count only once the batch that corrects a row is accepted. It is found by a hashed subquery:
# the planner joins the ledger to the rows by comparing each row with each batch.
_UNMARKED = sql.SQL("""
(e.superseded_by IS NULL OR e.superseded_by NOT IN (
    SELECT batch_id FROM batch WHERE state = 'accepted' AND number <= {last}))
""")
_NEWEST = sql.SQL("(SELECT max(number) FROM batch)")
_LAST = sql.SQL("coalesce(%s::integer, {})").format(_NEWEST)
_ENCOUNTERS = sql.SQL("encounter e JOIN batch b USING (batch_id)")
_VALID = sql.SQL("b.state = 'accepted' AND b.number <= {last} AND {unmarked}").format(
    last=_LAST, unmarked=_UNMARKED.format(last=_LAST)
)
"""Rows as of a batch, whose number is given twice; without one, the valid rows of all batches."""

_TEST_ENCOUNTERS = sql.SQL("""
SELECT encounter_id FROM {encounters} WHERE {valid} AND part = %s ORDER BY encounter_id
""").format(encounters=_ENCOUNTERS, valid=_VALID)
_OUTCOMES = sql.SQL("""
SELECT encounter_id, {outcome}, part FROM {encounters}
WHERE e.batch_id = %s AND {unmarked}
""").format(
    encounters=_ENCOUNTERS,
    outcome=sql.Identifier(schema.TARGET),
    unmarked=_UNMARKED.format(last=_NEWEST),
)

_ROWS = sql.SQL("SELECT b.number, {columns} FROM {encounters} WHERE {condition}")
