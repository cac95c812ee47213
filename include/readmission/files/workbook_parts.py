"""The parts of a workbook as openpyxl reads them, with limits on what it holds in memory.

Nothing here depends on what a workbook says about its parts: the limits apply to whatever openpyxl
opens, by how it opens it.
"""

import io
import re
import zipfile
from typing import IO

from readmission.files.limits import MEMBER_IN_MEMORY, FileError, FileTooLarge
from readmission.files.unpacking import damage_named

MOST_IN_PART, MOST_IN_TEXTS, MOST_IN_ROW = 100_000, 400_000, 200_000
"""Tags and attributes of a part that becomes objects, of the list of texts, and of one row."""
ROW_BYTES = 4 << 20
"""Longest XML between two tags of rows: openpyxl holds one row as a tree."""
# A valid workbook of 50,000 rows with both keys as text comes near the limit of texts.
_ADVICE = "save it as CSV"
_LONGEST_TAG = 1 << 12
_ROW = re.compile(rb"<(/?)(?:[\w.-]+:)?row(?=[\s/>])[^<>]*?(/?)>")


class Parts:
    """An archive for openpyxl, as it reads one workbook.

    Parameters
    ----------
    archive : ZipFile
        The workbook.
    """

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._read = 0
        self.filename = archive.filename

    def namelist(self) -> list[str]:
        """Return the names of the parts."""
        return self._archive.namelist()

    def read(self, name: str) -> bytes:
        """Return a part that becomes objects.

        Raises
        ------
        FileTooLarge
            If they would need much memory.
        """
        self._read += 1
        return self._whole(name, MOST_IN_PART)

    def open(self, name: str, _mode: str = "r") -> io.BufferedIOBase:
        """Open the list of texts or a sheet.

        Raises
        ------
        FileTooLarge
            If the list of texts would need much memory.
        """
        # Before the list of texts, openpyxl reads one part, the list of parts.
        if self._read == 1:
            return io.BytesIO(self._whole(name, MOST_IN_TEXTS))
        return _Rows(self, name, self._archive.open(name))

    def close(self) -> None:
        """Leave the archive open, because the caller closes it."""

    def _whole(self, name: str, most: int) -> bytes:
        with damage_named("Excel workbook"), self._archive.open(name) as opened:
            content = opened.read(MEMBER_IN_MEMORY + 1)
        if len(content) > MEMBER_IN_MEMORY:
            raise FileTooLarge(f"has more than {MEMBER_IN_MEMORY:,} bytes in {name}; {_ADVICE}")
        if _tags_and_attributes(content) > most:
            raise FileTooLarge(f"has more than {most:,} tags and attributes in {name}; {_ADVICE}")
        return content


class _Rows(io.BufferedIOBase):
    """A sheet, whose rows must end within a limit before the next one begins."""

    def __init__(self, parts: Parts, name: str, file: IO[bytes]) -> None:
        self._parts, self._part, self._file = parts, name, file
        self._is_open, self._held, self._gap, self._found = False, b"", 0, 0

    def readable(self) -> bool:
        """Return that it is."""
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        """Read as the file does; as a whole, as openpyxl reads a sheet of one chart.

        Raises
        ------
        FileTooLarge, FileError
            If a row has more than openpyxl could hold in memory, or rows may be hidden.
        """
        if size is None or size < 0:
            return self._parts.read(self._part)
        with damage_named("Excel workbook"):
            piece = self._file.read(size)
        self._check(piece)
        return piece

    def close(self) -> None:
        """Close the sheet."""
        self._file.close()
        super().close()

    def _check(self, piece: bytes) -> None:
        """Check the rows of a piece together with what may be half a tag before it."""
        text, last = self._held + piece, 0
        # Comments could hide the tags of rows; sheets have none.
        if b"<!" in text:
            raise FileError(f"has comments or declarations in {self._part}")
        for tag in _ROW.finditer(text):
            is_end, ends_itself = bool(tag[1]), bool(tag[2])
            if is_end is not self._is_open:
                raise FileError(f"has a row within a row in {self._part}")
            self._is_open = not (is_end or ends_itself)
            self._require_few(text[last : tag.start()])
            self._gap = self._found = 0
            last = tag.end()
        passed = max(last, len(text) - _LONGEST_TAG)
        self._require_few(text[last:passed])
        self._held = text[passed:]

    def _require_few(self, between: bytes) -> None:
        self._gap += len(between)
        self._found += _tags_and_attributes(between)
        if self._gap > ROW_BYTES:
            raise FileTooLarge(f"has a row of more than {ROW_BYTES:,} bytes")
        if self._found > MOST_IN_ROW:
            raise FileTooLarge(f"has a row of more than {MOST_IN_ROW:,} tags and attributes")


def _tags_and_attributes(text: bytes) -> int:
    """Return at least how many there are: each costs openpyxl much more memory than its bytes."""
    return text.count(b"<") + text.count(b"=")
