"""The layout of a table in text: its header and the sign between its values."""

import csv
import io
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from readmission.files.limits import FileError

DELIMITERS = ",;\t|"
MAX_HEADER_BYTES = 1 << 20
MAX_BLANK_LINES = 1_000
"""Lines that are searched for the header."""
MAX_TITLE_LINES = 20
"""Lines above the header that say what the report is and when it was made."""
_LINE_END = re.compile(rb"\r\n?|\n")
_EXCEL_HINT = re.compile(r"sep=(.)")
"""Excel's own first line of a CSV, which names the delimiter."""


@dataclass(frozen=True)
class Table:
    """Rows of text that have one header.

    Parameters
    ----------
    part : str
        The file in a zip or the sheet of a workbook that holds the rows; empty if there is one.
    names : tuple of str
        The header; empty if the file has no line.
    delimiter : str
        The sign between values.
    rows : RawIOBase
        The lines after the header as CSV in UTF-8, read once from the beginning.
    header_bytes : int
        Length of the lines up to the header's end.
    """

    part: str
    names: tuple[str, ...]
    delimiter: str
    rows: io.RawIOBase
    header_bytes: int = 0


def table_of(chunks: Iterable[bytes], columns: Collection[str], part: str = "") -> Table:
    """Return the table in a text.

    Blank lines before the header are skipped, as are lines of nothing but delimiters, and up to
    `MAX_TITLE_LINES` with the title of a report.

    Parameters
    ----------
    chunks : iterable of bytes
        The text as UTF-8.
    columns : collection of str
        Names that the header may have; they show which delimiter it uses.
    part : str
        Where the text is in its file.
    """
    source = _Lines(iter(chunks))
    hinted, length, first = "", 0, 0
    titles: list[bytes] = []
    for _ in range(MAX_BLANK_LINES):
        line = source.next_line()
        if not line or len(titles) > MAX_TITLE_LINES:
            source.put_back(line)
            break
        length += len(line)
        text = line.decode().rstrip("\r\n")
        if hint := _EXCEL_HINT.fullmatch(text.strip('"')):
            hinted = hint[1]
        elif titles or text.strip(" " + DELIMITERS):
            names, delimiter = _header(line, hinted, columns)
            if any(name in columns for name in names):
                return Table(part, names, delimiter, source.rest(), length)
            first = first or length
            titles.append(line)
    if not titles:
        return Table(part, (), ",", source.rest())
    # No line names a column of the contract, so the first one is reported as the header.
    source.put_back(b"".join(titles[1:]))
    return Table(part, *_header(titles[0], hinted, columns), source.rest(), first)


def _header(line: bytes, hinted: str, columns: Collection[str]) -> tuple[tuple[str, ...], str]:
    """Return the names in a line, and the sign between them."""
    text = line.decode().rstrip("\r\n")
    delimiter = hinted or _delimiter(text, columns)
    return contract_names(_cells(text, delimiter), columns), delimiter


def _delimiter(header: str, columns: Collection[str]) -> str:
    """Return the delimiter that finds most of the columns; a comma if none finds one."""
    return max(
        DELIMITERS,
        key=lambda sign: sum(n in columns for n in contract_names(_cells(header, sign), columns)),
    )


def contract_names(cells: Iterable[str], columns: Collection[str]) -> tuple[str, ...]:
    """Return the names in a header; those of the contract may be in any case, with blanks around.

    Databases and programs of statistics write them in capitals, and people align them.
    """
    known = {name.lower(): name for name in columns}
    stripped = (cell.strip() for cell in cells)
    return tuple(known.get(name.lower(), name) for name in stripped)


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:  # A cell is too long, so this is not a header.
        return []


class _Lines:
    """Reads single lines from the front of a text, then gives the rest as a file."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._held = b""

    def next_line(self) -> bytes:
        """Return a line with its end, or nothing at the end of the text."""
        while True:
            found = _LINE_END.search(self._held)
            # A carriage return at the end of a chunk may be half of a line end.
            if found and found.end() < len(self._held):
                break
            if len(self._held) > MAX_HEADER_BYTES:
                raise FileError("has a first line of more than a megabyte; is it a CSV?")
            chunk = next(self._chunks, b"")
            if not chunk:
                break
            self._held += chunk
        end = found.end() if found else len(self._held)
        line, self._held = self._held[:end], self._held[end:]
        return line

    def put_back(self, lines: bytes) -> None:
        """Return lines to the front of the text."""
        self._held = lines + self._held

    def rest(self) -> io.RawIOBase:
        """Return what follows the lines that were read."""
        return _Chunks(self._held, self._chunks)


class _Chunks(io.RawIOBase):
    """A file that reads an iterator of bytes."""

    def __init__(self, held: bytes, chunks: Iterator[bytes]) -> None:
        self._held = held
        self._chunks = chunks

    def readable(self) -> bool:
        """Return that it is."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return at most one piece, without a copy if it is not larger than requested."""
        while not self._held:
            chunk = next(self._chunks, None)
            if chunk is None:
                return b""
            self._held = chunk
        piece = self._held if size < 0 else self._held[:size]
        self._held = self._held[len(piece) :]
        return piece

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill the buffer as far as the current piece goes."""
        piece = self.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)
