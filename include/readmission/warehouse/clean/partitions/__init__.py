"""The training set: typed Parquet files in an object store, one partition for each CLEAN batch.

A partition is a copy, and CLEAN remains the truth. The name of a partition contains the hash that
CLEAN's ledger has of the batch's rows, so erasing rows or processing a batch again leaves an old
object behind that nobody reads. Which rows were corrected since depends on the batch up to which
they are read, so these marks come from CLEAN and not from the files.
"""

import hashlib
import io
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from botocore.exceptions import BotoCoreError, ClientError
from pyarrow import parquet as pq

from readmission.domain import schema
from readmission.domain.splitting import Split
from readmission.errors import ReadmissionError
from readmission.warehouse.clean.partitions.bucket import Bucket
from readmission.warehouse.clean.warehouse import ROW_TYPES, CleanWarehouse
from readmission.warehouse.ledger import CleanBatch
from readmission.warehouse.sql.content import content_hash
from readmission.warehouse.states import BatchState

__all__ = ["Bucket", "Partition", "RowsDiffer", "TrainingPartitions", "encode", "name_of"]

log = logging.getLogger(__name__)

_INTEGERS = (pa.int8(), pa.int16(), pa.int32(), pa.int64())
_CATEGORIES = frozenset({"batch_id", "part", *schema.CATEGORICAL_FEATURES})
_TYPES = pa.schema(list(ROW_TYPES.items()))
_CATEGORY_TYPES = pa.schema(
    [
        (name, pa.dictionary(pa.int32(), pa.string()) if name in _CATEGORIES else kind)
        for name, kind in ROW_TYPES.items()
    ]
)
"""Text as pandas categories: one byte for most values instead of eight."""
_COLUMNS = json.dumps([(name, str(kind)) for name, kind in ROW_TYPES.items()])
_LAYOUT = hashlib.sha256(_COLUMNS.encode()).hexdigest()[:8]
"""Part of a partition's name, so that a release with other columns writes partitions of its own."""


class RowsDiffer(ReadmissionError):
    """The rows of a batch in CLEAN are not those of its ledger."""

    def __init__(self, batch_id: str) -> None:
        super().__init__(
            f"{batch_id}: the rows in CLEAN do not have the hash that its ledger has, so no model"
            " is trained on them; process the batch again (data_processing_pipeline with its key)"
        )


def name_of(batch: CleanBatch) -> str:
    """Return the name of the partition that has the present rows of a batch."""
    return f"{batch.batch_id}/{batch.content_sha256}-{_LAYOUT}.parquet"


def encode(rows: pa.Table) -> bytes:
    """Return the rows of a batch as Parquet: narrow integers, and text as dictionaries."""
    sink = io.BytesIO()
    narrow = [_narrowed(name, rows.column(name)) for name in ROW_TYPES]
    pq.write_table(pa.Table.from_arrays(narrow, list(ROW_TYPES)), sink, compression="zstd")
    return sink.getvalue()


def decode(content: bytes, splits: Sequence[Split], types: pa.Schema = _TYPES) -> pa.Table:
    """Return the rows of some splits, with the columns and types of `ROW_TYPES`, or others."""
    stored = pq.read_table(pa.BufferReader(content))
    wanted = pc.is_in(stored["part"].cast(pa.string()), pa.array([str(one) for one in splits]))
    return stored.filter(wanted).cast(types)


def _narrowed(name: str, column: "pa.ChunkedArray[Any]") -> "pa.ChunkedArray[Any]":
    if name in _CATEGORIES:
        return column.dictionary_encode()
    if not pa.types.is_integer(column.type):
        return column
    least, most = pc.min(column).as_py(), pc.max(column).as_py()
    if least is None:
        return column
    return column.cast(next(t for t in _INTEGERS if _fits(least, t) and _fits(most, t)))


def _fits(value: int, kind: pa.DataType) -> bool:
    return -(1 << (kind.bit_width - 1)) <= value < 1 << (kind.bit_width - 1)


@dataclass(frozen=True)
class Partition:
    """One partition: its batch, its hash if it was written, and the corrected source rows."""

    batch: CleanBatch
    sha256: str | None
    corrected: tuple[int, ...]


class TrainingPartitions:
    """The partitions of CLEAN's accepted batches.

    Parameters
    ----------
    warehouse : CleanWarehouse
        Has the ledger, the rows, and the hash of each partition.
    bucket : Bucket
        Has the partitions.
    """

    def __init__(self, warehouse: CleanWarehouse, bucket: Bucket) -> None:
        self.warehouse = warehouse
        self.connection = warehouse.connection
        self.bucket = bucket

    def write(self, batch_id: str) -> None:
        """Write the partition of an accepted batch, unless it was written before.

        If the object store is unavailable, nothing is written: the next training does it.
        """
        with self.warehouse.unchanged():
            batch = self.warehouse.batch(batch_id)
            if batch not in self._accepted() or name_of(batch) in self._hashes():
                return
            try:
                self._write(batch)
            except (BotoCoreError, ClientError) as error:
                log.warning("the training partition of %s was not written: %s", batch_id, error)

    def read_splits(
        self, splits: Sequence[Split], up_to: str | None = None, *, categories: bool = False
    ) -> pd.DataFrame:
        """Return the same rows as `CleanWarehouse.read_splits`, value for value.

        A partition that was lost or damaged is written again from CLEAN, whose rows must have the
        hash of the ledger. If the object store is unavailable, the rows are read from CLEAN.

        Parameters
        ----------
        splits : sequence of Split
            The splits.
        up_to : str, optional
            The last batch to include; by default the newest.
        categories : bool
            Whether text comes as pandas categories, for many rows; not if it is read from CLEAN.

        Raises
        ------
        BatchNotFound
            If the ledger does not contain the batch `up_to`.
        RowsDiffer
            If a partition cannot be written again.
        """
        types = _CATEGORY_TYPES if categories else _TYPES
        try:
            with self.warehouse.unchanged():
                return self._read(splits, up_to, types).unify_dictionaries().to_pandas()
        except (BotoCoreError, ClientError) as error:
            log.warning("the rows are read from CLEAN, not from training partitions: %s", error)
            return self.warehouse.read_splits(splits, up_to)

    def delete_outdated(self) -> int:
        """Delete the partitions that hold other rows than CLEAN does now, and return how many.

        Among them are those with rows that were erased for a patient or because of their age.
        """
        # Listed first: a partition that is written meanwhile is not in the list.
        stored = list(self.bucket.partitions())
        current = {name_of(batch) for batch in self._accepted()}
        outdated = [name for name in stored if name not in current]
        self.bucket.delete(outdated)
        return len(outdated)

    def written(self, up_to: str) -> list[Partition]:
        """Return the partitions up to a batch, and write those that do not exist.

        Raises
        ------
        BatchNotFound
            If the ledger does not contain the batch `up_to`.
        RowsDiffer
            If a partition cannot be written again.
        """
        with self.warehouse.unchanged():
            for part in self._listed(up_to):
                if part.sha256 is None or not self.bucket.has(name_of(part.batch)):
                    self._write(part.batch)
            return self._listed(up_to)

    def rewrite(self, batch_id: str) -> None:
        """Write the partition of a batch again, for example because it was damaged."""
        with self.warehouse.unchanged():
            self._write(self.warehouse.batch(batch_id))

    def _read(self, splits: Sequence[Split], up_to: str | None, types: pa.Schema) -> pa.Table:
        tables = [types.empty_table()]
        for part in self._listed(up_to):
            content = self._content(part.batch, part.sha256)
            tables.append(without(decode(content, splits, types), part.corrected))
        return pa.concat_tables(tables)

    def _listed(self, up_to: str | None) -> list[Partition]:
        last = None if up_to is None else self.warehouse.batch(up_to).number
        hashes, corrected = self._hashes(), self._corrected(last)
        return [
            Partition(batch, hashes.get(name_of(batch)), tuple(corrected.get(batch.batch_id, ())))
            for batch in self._accepted()
            if last is None or batch.number <= last
        ]

    def _accepted(self) -> list[CleanBatch]:
        """Return the accepted batches that have rows."""
        batches = self.warehouse.batches()
        return [one for one in batches if one.state is BatchState.ACCEPTED and one.clean_rows]

    def _content(self, batch: CleanBatch, sha256: str | None) -> bytes:
        if sha256 is None:
            return self._write(batch)
        content = self.bucket.get(name_of(batch))
        if content is not None and hashlib.sha256(content).hexdigest() == sha256:
            return content
        log.warning("the training partition of %s was lost or changed", batch.batch_id)
        return self._write(batch)

    def _write(self, batch: CleanBatch) -> bytes:
        rows = self.warehouse.rows_of(batch.batch_id)
        if content_hash(rows) != batch.content_sha256:
            raise RowsDiffer(batch.batch_id)
        content = encode(rows)
        self.bucket.put(name_of(batch), content)
        sha256 = hashlib.sha256(content).hexdigest()
        line = batch.batch_id, name_of(batch), sha256, len(content)
        with self.connection.transaction():
            self.connection.execute(_RECORD, line)
        log.info("the training partition of %s has the SHA-256 %s", batch.batch_id, sha256)
        return content

    def _hashes(self) -> Mapping[str, str]:
        with self.connection.transaction():
            return dict(self.connection.execute(_HASHES).fetchall())

    def _corrected(self, last: int | None) -> Mapping[str, list[int]]:
        with self.connection.transaction():
            return dict(self.connection.execute(_CORRECTED, (last, last)).fetchall())


def without(rows: pa.Table, corrected: Sequence[int]) -> pa.Table:
    """Return the rows that no accepted batch has corrected."""
    if not corrected:
        return rows
    return rows.filter(pc.invert(pc.is_in(rows["source_row"], pa.array(corrected, pa.int64()))))


_HASHES = "SELECT name, sha256 FROM training_partition"
_RECORD = """
INSERT INTO training_partition (batch_id, name, sha256, bytes) VALUES (%s, %s, %s, %s)
ON CONFLICT (batch_id) DO UPDATE
SET name = excluded.name, sha256 = excluded.sha256, bytes = excluded.bytes, written_at = now()
"""
_CORRECTED = """
SELECT e.batch_id, array_agg(e.source_row)
FROM encounter e JOIN batch b ON b.batch_id = e.superseded_by
WHERE b.state = 'accepted' AND (%s::integer IS NULL OR b.number <= %s) GROUP BY 1
"""
