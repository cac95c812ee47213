"""From the source file into RAW: which rows are next, and writing them."""

from collections.abc import Iterator
from dataclasses import dataclass

from readmission.pipeline.source import Dataset
from readmission.warehouse import BatchKind, BatchState, RawBatch, RawWarehouse
from readmission.warehouse.sql.copying import content_hash


@dataclass(frozen=True)
class Slice:
    """Some consecutive rows of the source that make a batch.

    Parameters
    ----------
    offset : int
        First row of the source, from 0.
    rows : int
        How many rows.
    """

    offset: int
    rows: int


def plan(
    dataset: Dataset, warehouse: RawWarehouse, batch_size: int, batches: int | None = None
) -> list[Slice]:
    """Return the slices to load now: those no gate has decided on, then the next new ones.

    Parameters
    ----------
    dataset : Dataset
        The source; it may have grown since the last batch.
    warehouse : RawWarehouse
        Its ledger tells what came before.
    batch_size : int
        Rows of each new batch; the last one takes what is left.
    batches : int, optional
        How many new batches at the most; all that are left by default.

    Returns
    -------
    list of Slice
        Empty when nothing is left.
    """
    arrived = _batches_of(dataset, warehouse.batches())
    undecided = [Slice(b.source_offset, b.rows) for b in arrived if b.state is BatchState.LOADED]
    new = [
        Slice(offset, min(batch_size, gap.stop - offset))
        for gap in _gaps(arrived, len(dataset))
        for offset in range(gap.start, gap.stop, batch_size)
    ]
    return undecided + new[:batches]


def load(dataset: Dataset, warehouse: RawWarehouse, piece: Slice) -> RawBatch:
    """Write one slice of the source into RAW; repeating it changes nothing."""
    encounters = dataset.encounters.slice(piece.offset, piece.rows)
    return warehouse.load(encounters, piece.offset, dataset.origin)


def _batches_of(dataset: Dataset, ledger: list[RawBatch]) -> list[RawBatch]:
    """Batches that came out of this file, known by their content, not by its name.

    A file that has grown at its end goes on where it stopped, a rejected stretch that was
    mended in the file is new again, and another file starts anew.
    """
    return [
        batch
        for batch in ledger
        if batch.kind is BatchKind.ARRIVAL
        and batch.source_offset + batch.rows <= len(dataset)
        and batch.content_sha256
        == content_hash(dataset.encounters.slice(batch.source_offset, batch.rows))
    ]


def _gaps(arrived: list[RawBatch], rows: int) -> Iterator[range]:
    """Yield the stretches of a file that no batch came out of."""
    position = 0
    for batch in sorted(arrived, key=lambda batch: batch.source_offset):
        if batch.source_offset > position:
            yield range(position, batch.source_offset)
        position = max(position, batch.source_offset + batch.rows)
    if position < rows:
        yield range(position, rows)
