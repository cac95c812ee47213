"""From the source into RAW: find the next rows, and write them as batches."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import pyarrow as pa

from readmission.domain.batch_ids import BatchKind
from readmission.pipeline.delivery.origins import Origin
from readmission.pipeline.delivery.rows import Slice
from readmission.warehouse import BatchState, RawBatch, RawWarehouse

__all__ = ["Encounters", "Slice", "ingest", "load", "plan"]


class Encounters(Protocol):
    """Encounters in the order of a file, in memory or not."""

    @property
    def origin(self) -> Origin:
        """Whose encounters these are."""

    def __len__(self) -> int: ...

    def hashes(self, slices: Iterable[Slice]) -> Mapping[Slice, str]:
        """Return the content hash of each slice, and maybe of others."""

    def read(self, slices: Sequence[Slice]) -> Iterator[pa.Table]:
        """Yield the rows of each slice."""

    def loaded(self, batch: RawBatch) -> None:
        """Take note that a batch was loaded."""


def ingest(
    dataset: Encounters,
    warehouse: RawWarehouse,
    batch_size: int,
    batches: int | None = None,
    since: datetime | None = None,
) -> list[RawBatch]:
    """Write the next batches of the source into RAW, and return those that await the raw gate.

    Each batch is a transaction of its own. If a run is killed half-way, its retry keeps the batches
    that were written and writes the others.

    Parameters
    ----------
    dataset, warehouse, batch_size, batches, since :
        As for `plan`.
    """
    slices = plan(dataset, warehouse, batch_size, batches, since)
    return [
        _load(dataset, warehouse, piece, rows)
        for piece, rows in zip(slices, dataset.read(slices), strict=True)
    ]


def plan(
    dataset: Encounters,
    warehouse: RawWarehouse,
    batch_size: int,
    batches: int | None = None,
    since: datetime | None = None,
) -> list[Slice]:
    """Return the slices of a run: first the batches that await the raw gate, then new ones.

    Parameters
    ----------
    dataset : Encounters
        The source; it may have grown since the last batch.
    warehouse : RawWarehouse
        Its ledger shows which rows have arrived already.
    batch_size : int
        Rows of each new batch; the last batch has the remaining rows.
    batches : int, optional
        Maximum number of new batches; by default there is no maximum.
    since : datetime, optional
        When this run began. Batches that an earlier try of the run has loaded count as new ones,
        so that a retry does not load more than `batches`.

    Returns
    -------
    list of Slice
        Empty when no rows are left.
    """
    arrived = _batches_of(dataset, warehouse.batches())
    undecided = [batch for batch in arrived if batch.state is BatchState.LOADED]
    if batches is not None and since is not None:
        batches = max(batches - sum(batch.created_at >= since for batch in undecided), 0)
    new = [
        Slice(offset, min(batch_size, gap.stop - offset))
        for gap in _gaps(arrived, len(dataset))
        for offset in range(gap.start, gap.stop, batch_size)
    ]
    return [Slice(batch.source_offset, batch.rows) for batch in undecided] + new[:batches]


def load(dataset: Encounters, warehouse: RawWarehouse, piece: Slice) -> RawBatch:
    """Write one slice of the source into RAW; repeating it changes nothing."""
    (rows,) = dataset.read([piece])
    return _load(dataset, warehouse, piece, rows)


def _load(dataset: Encounters, warehouse: RawWarehouse, piece: Slice, rows: pa.Table) -> RawBatch:
    with warehouse.connection.transaction():
        batch = warehouse.load(rows, piece.offset, dataset.origin)
        dataset.loaded(batch)
        return batch


def _batches_of(dataset: Encounters, ledger: list[RawBatch]) -> list[RawBatch]:
    """Return the batches that came from this file, recognised by content, not by file name.

    Therefore a file that has grown continues where it stopped, and another file starts from its
    first row. Rows that were corrected in the file after their batch was rejected count as new.
    """
    known = {
        batch: Slice(batch.source_offset, batch.rows)
        for batch in ledger
        if batch.kind is BatchKind.ARRIVAL and batch.source_offset + batch.rows <= len(dataset)
    }
    hashes = dataset.hashes(known.values())
    return [batch for batch, piece in known.items() if batch.content_sha256 == hashes[piece]]


def _gaps(arrived: list[RawBatch], rows: int) -> Iterator[range]:
    """Yield the ranges of rows of a file that are in no batch yet."""
    position = 0
    for batch in sorted(arrived, key=lambda batch: batch.source_offset):
        if batch.source_offset > position:
            yield range(position, batch.source_offset)
        position = max(position, batch.source_offset + batch.rows)
    if position < rows:
        yield range(position, rows)
