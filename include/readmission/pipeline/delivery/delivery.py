"""A delivered file and what RAW knows about it; only rows that are needed are read."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO

import pyarrow as pa

from readmission.files.limits import IncompleteFile
from readmission.pipeline.delivery.arrival import Arrival, has_changed
from readmission.pipeline.delivery.chunks import read_chunks
from readmission.pipeline.delivery.origins import Origin, OriginFinder
from readmission.pipeline.delivery.rows import RowReader, Slice
from readmission.warehouse import RawBatch
from readmission.warehouse.raw.file_facts import FileStatus, KnownChunk, KnownFile
from readmission.warehouse.raw.known_files import KnownFiles
from readmission.warehouse.sql.content import content_hash


@dataclass(frozen=True)
class Delivery:
    """A file of encounters of any size; memory is bounded by the batch.

    Parameters
    ----------
    arrival : Arrival
        The file.
    known : KnownFile
        Its status and chunks when it was surveyed.
    files : KnownFiles
        The table of such facts in RAW.
    """

    arrival: Arrival
    known: KnownFile
    files: KnownFiles

    @classmethod
    def survey(cls, arrival: Arrival, files: KnownFiles) -> "Delivery":
        """Find out what has changed in a file since it was last surveyed.

        An unchanged file is not read at all. In a changed one, all text is hashed, but only new
        and changed chunks are parsed.

        Raises
        ------
        DatasetError, StillArriving
            As for `Arrival.errors_named`.
        """
        with arrival.errors_named():
            known = files.find(arrival.key)
            if known is None or known.status != arrival.status():
                found = _surveyed(arrival, known)
                same = _rows_in_common(known, found)
                files.remember(arrival.key, found, same)
                known = found
            return cls(arrival, known, files)

    def __len__(self) -> int:
        return self.known.rows

    @property
    def origin(self) -> Origin:
        """Origin of the encounters."""
        return Origin(self.known.origin)

    def hashes(self, slices: Iterable[Slice]) -> dict[Slice, str]:
        """Return the content hash of each slice; rows are read only for hashes not yet known."""
        found = self.files.hashes(self.arrival.key)
        missing = sorted({piece for piece in slices if piece not in found})
        if missing:
            hashed = map(content_hash, self.read(missing))
            added: dict[tuple[int, int], str] = dict(zip(missing, hashed, strict=True))
            self.files.remember_hashes(self.arrival.key, added)
            found |= added
        return {Slice(*where): digest for where, digest in found.items()}

    def read(self, slices: Sequence[Slice]) -> Iterator[pa.Table]:
        """Yield the rows of each slice.

        Raises
        ------
        StillArriving
            If the file has changed since it was surveyed.
        """
        if not slices:
            return
        with self.arrival.errors_named(), self.arrival.open() as file:
            reader = RowReader(file, self.known)
            for piece in slices:
                yield reader.read(piece)

    def loaded(self, batch: RawBatch) -> None:
        """Remember the content hash of a batch that was loaded from this file."""
        self.files.remember_batches(self.arrival.key, [batch])


def _surveyed(arrival: Arrival, known: KnownFile | None) -> KnownFile:
    """Return the current facts; a file that grows meanwhile is read to its last whole line."""
    with arrival.open() as file:
        for is_complete in (arrival.status().is_complete, False):
            before = arrival.status()
            found, origin = _chunks(file, known, is_complete=is_complete)
            if not has_changed(before, arrival.status()):
                break
        status = FileStatus(before.size, before.modified_ns, before.changed_ns, is_complete)
        return KnownFile(status, origin, tuple(found))


def _chunks(
    file: IO[bytes], known: KnownFile | None, *, is_complete: bool
) -> tuple[list[KnownChunk], Origin]:
    """Return the chunks of a file, and its origin; known text is not parsed again."""
    finder, found, first = OriginFinder(), list[KnownChunk](), None
    rows_by_hash = {chunk.sha256: chunk.rows for chunk in known.chunks} if known else {}
    row = 0
    for chunk in read_chunks(file, is_complete=is_complete, seen=finder.see):
        if first is None or chunk.sha256 not in rows_by_hash:
            table = chunk.parse(row)
            first = table.slice(0, 1) if first is None else first
            rows = table.num_rows
        else:
            rows = rows_by_hash[chunk.sha256]
        found.append(KnownChunk(row, rows, chunk.start, chunk.stop, chunk.sha256))
        row += rows
    if first is None or not row:
        raise IncompleteFile("has a header but no encounters")
    return found, finder.origin(first)


def _rows_in_common(before: KnownFile | None, after: KnownFile) -> int:
    """Return how many rows at the beginning of a file are unchanged."""
    rows = 0
    for old, new in zip(before.chunks if before else (), after.chunks, strict=False):
        if (old.rows, old.sha256) != (new.rows, new.sha256):
            break
        rows = new.end
    return rows
