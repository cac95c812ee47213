"""From the source into RAW: find the next rows, and write them as batches."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Protocol

import pyarrow as pa

from readmission.domain.batch_ids import BatchKind
from readmission.errors import DatasetError, StillArriving
from readmission.pipeline.delivery.arrival import Arrival
from readmission.pipeline.delivery.delivery import Delivery
from readmission.pipeline.delivery.origins import Origin
from readmission.pipeline.delivery.rows import Slice
from readmission.warehouse import BatchState, RawBatch, RawWarehouse
from readmission.warehouse.raw.known_files import KnownFiles

__all__ = ["Encounters", "Slice", "count_new", "ingest", "ingest_files", "load", "plan"]

log = logging.getLogger(__name__)


class Encounters(Protocol):
    """Encounters in the order of a file, in memory or not."""

    @property
    def origin(self) -> Origin:
        """Origin of the encounters."""

    def __len__(self) -> int: ...

    def hashes(self, slices: Iterable[Slice]) -> dict[Slice, str]:
        """Return the content hash of each slice, and of others that are known already."""

    def read(self, slices: Sequence[Slice]) -> Iterator[pa.Table]:
        """Yield the rows of each slice."""

    def loaded(self, batch: RawBatch) -> None:
        """Note that a batch was loaded."""


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


def ingest_files(
    arrivals: Sequence[Arrival],
    warehouse: RawWarehouse,
    batch_size: int,
    batches: int | None = None,
    since: datetime | None = None,
) -> list[RawBatch]:
    """Write the next batches of several files into RAW, and return those that await the raw gate.

    The files are read in order, and only as far as the batches of this run need it. A file that
    cannot be read does not hold up the others: it is an error once they have no new rows.

    Parameters
    ----------
    arrivals : sequence of Arrival
        The files. Batches of one that was removed since are returned as well.
    warehouse, batch_size, batches, since :
        As for `plan`.

    Raises
    ------
    DatasetError
        If no batch awaits the gate, and a file cannot be read.
    StillArriving
        The same, and all such files changed recently.
    """
    ledger = warehouse.batches()
    found = [
        batch
        for batch in ledger
        if batch.kind is BatchKind.ARRIVAL and batch.state is BatchState.LOADED
    ]
    left, problems = _allowed(found, batches, since), list[DatasetError]()
    for arrival in arrivals:
        if left == 0:
            break
        with _collected(problems):
            dataset, new = _surveyed(arrival, warehouse, ledger, batch_size)
            for piece, rows in zip(new[:left], dataset.read(new[:left]), strict=True):
                found.append(_load(dataset, warehouse, piece, rows))
                ledger.append(found[-1])
                left = None if left is None else left - 1
    _require(found, problems)
    return found


def count_new(arrivals: Sequence[Arrival], warehouse: RawWarehouse, batch_size: int) -> int:
    """Return how many new batches several files have.

    Raises
    ------
    DatasetError, StillArriving
        If they have none, and a file cannot be read.
    """
    new, problems, ledger = list[Slice](), list[DatasetError](), warehouse.batches()
    for arrival in arrivals:
        with _collected(problems):
            new += _surveyed(arrival, warehouse, ledger, batch_size)[1]
    _require(new, problems)
    return len(new)


@contextmanager
def _collected(problems: list[DatasetError]) -> Iterator[None]:
    """Log an error of the block and add it to the others."""
    try:
        yield
    except DatasetError as error:
        log.warning("%s", error)
        problems.append(error)


def _require(found: Sequence[object], problems: Sequence[DatasetError]) -> None:
    """Raise the first problem, if nothing was found; one that waiting solves comes last."""
    if problems and not found:
        raise min(problems, key=lambda problem: isinstance(problem, StillArriving))


def _surveyed(
    arrival: Arrival, warehouse: RawWarehouse, ledger: list[RawBatch], batch_size: int
) -> tuple[Delivery, list[Slice]]:
    """Return a file and its slices that are in no batch of the ledger yet."""
    dataset = Delivery.survey(arrival, KnownFiles(warehouse.connection))
    arrived = _batches_of(dataset, ledger)
    return dataset, _new_slices(dataset, arrived, batch_size)


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
    new = _new_slices(dataset, arrived, batch_size)[: _allowed(undecided, batches, since)]
    return [Slice(batch.source_offset, batch.rows) for batch in undecided] + new


def _allowed(
    undecided: Sequence[RawBatch], batches: int | None, since: datetime | None
) -> int | None:
    """Return how many new batches a run may load, without those of its earlier tries."""
    if batches is None or since is None:
        return batches
    return max(batches - sum(batch.created_at >= since for batch in undecided), 0)


def _new_slices(dataset: Encounters, arrived: list[RawBatch], batch_size: int) -> list[Slice]:
    return [
        Slice(offset, min(batch_size, gap.stop - offset))
        for gap in _gaps(arrived, len(dataset))
        for offset in range(gap.start, gap.stop, batch_size)
    ]


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
    hashes = dataset.hashes(())
    arrived = _with_hashes(known, hashes)
    # Batches of other files are only compared where this one has rows that are in no batch yet.
    gaps = list(_gaps(arrived, len(dataset)))
    unknown = [piece for piece in known.values() if _overlaps(piece, gaps)]
    return _with_hashes(known, hashes | dataset.hashes(unknown)) if unknown else arrived


def _with_hashes(batches: Mapping[RawBatch, Slice], hashes: Mapping[Slice, str]) -> list[RawBatch]:
    return [b for b, piece in batches.items() if b.content_sha256 == hashes.get(piece)]


def _overlaps(piece: Slice, gaps: Sequence[range]) -> bool:
    end = piece.offset + piece.rows
    return any(piece.offset < gap.stop and gap.start < end for gap in gaps)


def _gaps(arrived: list[RawBatch], rows: int) -> Iterator[range]:
    """Yield the ranges of rows of a file that are in no batch yet."""
    position = 0
    for batch in sorted(arrived, key=lambda batch: batch.source_offset):
        if batch.source_offset > position:
            yield range(position, batch.source_offset)
        position = max(position, batch.source_offset + batch.rows)
    if position < rows:
        yield range(position, rows)
