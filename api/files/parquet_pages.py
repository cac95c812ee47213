"""The sizes of a Parquet file's columns by the headers of their pages.

The footer has these sizes too, but a page takes the memory that its own header says. Headers are
structs of Thrift's compact protocol; only two of their numbers are needed.

Source: the Parquet format, ``PageHeader`` in ``parquet.thrift``.
"""

from collections.abc import Iterator
from typing import IO, Any

MAX_HEADER = 64 << 10
"""Largest header of a page; it may have a smallest and a largest value."""
MAX_PAGES = 100_000
"""Most pages of a file; a page usually has a megabyte."""
_DEPTH, _NESTED = 8, "a page's header is nested too deeply"
_BOOLEANS, _BYTE, _NUMBERS, _DOUBLE, _BINARY = (1, 2), 3, (4, 5, 6), 7, 8
_INT32, _LISTS, _STRUCT = 5, (9, 10), 12
"""Types of the protocol."""
_UNPACKED, _PACKED = 2, 3
"""Ids of the fields with a page's uncompressed and compressed size."""


def column_sizes(file: IO[bytes], metadata: Any) -> Iterator[list[int]]:
    """Yield the uncompressed size of each column of a row group, one row group at a time.

    Parameters
    ----------
    file : IO of bytes
        The Parquet file; its position changes.
    metadata : pyarrow.parquet.FileMetaData
        Its footer.

    Raises
    ------
    ValueError
        If a header is damaged or too long, or there are too many pages.
    """
    pages = 0
    for place in range(metadata.num_row_groups):
        group = metadata.row_group(place)
        sizes = []
        for column in (group.column(number) for number in range(group.num_columns)):
            # Without values, pyarrow reads no page, and the footer has no right position.
            here = _range(column) if column.num_values > 0 else (0, 0)
            found = list(_pages(file, *here, MAX_PAGES - pages))
            pages += len(found)
            sizes.append(sum(found))
        yield sizes


def _range(column: Any) -> tuple[int, int]:
    """Return where the pages of a column begin and end, as pyarrow reads them."""
    start = column.data_page_offset
    if column.has_dictionary_page and 0 < column.dictionary_page_offset < start:
        start = column.dictionary_page_offset
    return start, start + column.total_compressed_size


def _pages(file: IO[bytes], start: int, end: int, most: int) -> Iterator[int]:
    """Yield the uncompressed size of each page between two positions."""
    while start < end:
        most -= 1
        if most < 0:
            raise ValueError("too many pages")
        file.seek(start)
        header = _Header(file.read(min(MAX_HEADER, end - start)))
        sizes = header.numbers()
        unpacked, packed = sizes[_UNPACKED], sizes[_PACKED]
        if unpacked < 0 or packed < 0:
            raise ValueError("a page has a negative size")
        yield unpacked
        start += header.position + packed


class _Header:
    """Reads the header of a page, and where it ends.

    Parameters
    ----------
    content : bytes
        The header, and possibly what follows it.
    """

    def __init__(self, content: bytes) -> None:
        self._content, self.position = content, 0

    def numbers(self) -> dict[int, int]:
        """Return the whole numbers of the outermost struct by the id of their field.

        Raises
        ------
        ValueError
            If it is not a struct, ends too early or lacks a size.
        """
        found: dict[int, int] = {_UNPACKED: -1, _PACKED: -1}
        self._struct(found, 0)
        return found

    def _struct(self, found: dict[int, int], depth: int) -> None:
        if depth > _DEPTH:
            raise ValueError(_NESTED)
        field = 0
        while (head := self._byte()) != 0:
            delta, kind = head >> 4, head & 15
            field = _int16(field + delta if delta else self._number())
            if kind == _INT32:
                found[field] = self._number()
            else:
                self._skip(kind, depth)

    def _skip(self, kind: int, depth: int) -> None:
        """Move to the end of a value."""
        if kind in _BOOLEANS:  # The type is the value.
            return
        if kind in _NUMBERS:
            self._varint()
        elif kind == _BYTE:
            self._move(1)
        elif kind == _DOUBLE:
            self._move(8)
        elif kind == _BINARY:
            self._move(self._varint())
        elif kind in _LISTS:
            self._list(depth)
        elif kind == _STRUCT:
            self._struct({}, depth + 1)
        else:
            raise ValueError("a page's header has a field of an unknown type")

    def _list(self, depth: int) -> None:
        if depth > _DEPTH:
            raise ValueError(_NESTED)
        head = self._byte()
        size, kind = head >> 4, head & 15
        for _ in range(self._varint() if size == 15 else size):
            # In a list, a boolean has a byte.
            self._skip(_BYTE if kind in _BOOLEANS else kind, depth + 1)

    def _number(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7
            if shift > 63:
                raise ValueError("a number in a page's header is too long")

    def _byte(self) -> int:
        self._move(1)
        return self._content[self.position - 1]

    def _move(self, size: int) -> None:
        self.position += size
        if self.position > len(self._content):
            raise ValueError("a page's header does not end")


def _int16(number: int) -> int:
    """Return the id that Thrift's reader in C++ makes of a number."""
    return (number + 2**15) % 2**16 - 2**15
