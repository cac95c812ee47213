"""Read rows of a file that has been surveyed."""

from bisect import bisect_right
from collections.abc import Iterator
from typing import IO, NamedTuple

import pyarrow as pa

from readmission.errors import StillArriving
from readmission.files.layout import Table
from readmission.pipeline.delivery.chunks import Chunk, layout_of, read_chunks, text_chunk
from readmission.warehouse.raw.file_facts import KnownChunk, KnownFile


class Slice(NamedTuple):
    """Consecutive rows of the source that make one batch.

    Parameters
    ----------
    offset : int
        First row of the source, from 0.
    rows : int
        How many rows.
    """

    offset: int
    rows: int


class RowReader:
    """Reads rows of an open file, fastest in ascending order.

    In plain UTF-8 text it seeks to the bytes of a chunk; any other file is unpacked up to the
    chunk. One chunk is in memory at a time, beside the rows that are returned.
    """

    def __init__(self, file: IO[bytes], known: KnownFile) -> None:
        self._file = file
        self._known = known
        self._starts = [chunk.first_row for chunk in known.chunks]
        self._layout: Table | None = None
        self._is_packed = False
        self._chunks: Iterator[Chunk] = iter(())
        self._next = len(known.chunks)
        self._held: tuple[int, pa.Table] | None = None

    def read(self, piece: Slice) -> pa.Table:
        """Return the rows of a slice.

        Raises
        ------
        StillArriving
            If the file has changed since it was surveyed.
        """
        tables, row, end = [], piece.offset, piece.offset + piece.rows
        nth = bisect_right(self._starts, row) - 1
        while row < end:
            before = row - self._known.chunks[nth].first_row
            tables.append(self._rows(nth).slice(before, end - row))
            row += tables[-1].num_rows
            nth += 1
        return pa.concat_tables(tables).combine_chunks()

    def _rows(self, nth: int) -> pa.Table:
        if self._held is None or self._held[0] != nth:
            known = self._known.chunks[nth]
            chunk = (None if self._is_packed else self._by_bytes(known)) or self._in_order(nth)
            rows = chunk.parse(known.first_row)
            if rows.num_rows != known.rows:
                raise StillArriving("has changed while it was read; it is read again later")
            self._held = nth, rows
        return self._held[1]

    def _by_bytes(self, known: KnownChunk) -> Chunk | None:
        """Return the chunk at its known bytes, or None if its hash has changed."""
        self._layout = self._layout or layout_of(self._file)
        if self._layout is None:
            return None
        self._file.seek(known.start)
        text = self._file.read(known.stop - known.start)
        chunk = text_chunk(text, known.start, self._layout)
        return chunk if chunk.sha256 == known.sha256 else None

    def _in_order(self, nth: int) -> Chunk:
        """Return a chunk of a packed file, reading all chunks before it."""
        self._is_packed = True
        if nth < self._next:
            is_complete = self._known.status.is_complete
            self._chunks, self._next = read_chunks(self._file, is_complete=is_complete), 0
        for chunk in self._chunks:
            self._next += 1
            if self._next > nth:
                if chunk.sha256 == self._known.chunks[nth].sha256:
                    return chunk
                break
        raise StillArriving("has changed while it was read; it is read again later")
