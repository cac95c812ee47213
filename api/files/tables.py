"""Read uploaded tables: CSV, packed CSV and Excel workbooks, as `readmission.files` reads them."""

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import IO, Any

from api.errors import ApiError, BodyTooLarge, InvalidEncounter, Problem, UnreadableFile
from api.files.rows import (
    MAX_ROW_BYTES,
    MAX_UNPACKED_BYTES,
    ParsedRow,
    check_header,
    keys_of,
    parse_row,
)
from readmission.domain import schema
from readmission.domain.columns import earlier_stays
from readmission.files.layout import Table
from readmission.files.limits import FileError, FileTooLarge, Limits
from readmission.files.reading import read_tables

LIMITS = Limits(unpacked_bytes=MAX_UNPACKED_BYTES, members=100)
MAX_BLANK_ROWS = 100_000
"""Most blank rows of a table: 200 MB of line feeds fit into 200 KB of gzip and take a minute."""


class UnpackedTooLarge(BodyTooLarge):
    """A file exceeds a limit once it is unpacked."""

    def __init__(self, message: str) -> None:
        ApiError.__init__(self, message)


def read(file: IO[bytes], take: Callable[[int], object]) -> Iterator[ParsedRow]:
    """Yield each row of the tables in a file.

    Raises
    ------
    UnreadableFile
        If the file is not a table, is damaged, or consists mostly of blank rows.
    InvalidEncounter
        If its columns are not those of an encounter.
    BodyTooLarge
        If a row or the unpacked file exceeds a limit.
    ApiError
        If `take`, which gets each number of bytes before they are unpacked, refuses.
    """
    limits = replace(LIMITS, unpacked=take)
    try:
        for table in read_tables(file, schema.NAMES, schema.ENCOUNTER, limits):
            check_header(table.names)
            yield from _rows(table)
    except FileTooLarge as error:
        raise UnpackedTooLarge(f"The file {error}.") from error
    except (FileError, csv.Error) as error:
        problem = error if isinstance(error, FileError) else f"is not readable as CSV: {error}"
        raise UnreadableFile(f"The file {problem}.") from error


def _rows(table: Table) -> Iterator[ParsedRow]:
    text = io.TextIOWrapper(io.BufferedReader(table.rows), encoding="utf-8", newline="")
    try:
        source = _BoundedLines(text)
        header, blank = table.names, 0
        for line in csv.reader(source, strict=True, delimiter=table.delimiter):
            source.row_length = 0
            fields = dict(zip(header, line, strict=False))
            fields.pop("", None)
            if len(line) == len(header):
                yield parse_row(_typed(fields), keys_of(fields))
            elif line:
                expected = f"{len(header)} values, as many as the header has columns"
                problem = Problem.wrong_value("(row)", len(line), expected)
                yield ParsedRow(InvalidEncounter([problem]), keys_of(fields))
            else:
                blank += 1
                if blank > MAX_BLANK_ROWS:
                    raise UnreadableFile(
                        f"The file has more than {MAX_BLANK_ROWS:,} blank rows; delete them."
                    )
    finally:
        # The file of a stopped upload may be closed already.
        with suppress(ValueError):
            text.detach()


class _BoundedLines:
    """Lines for a CSV reader, with a limit on the length of one row."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self.row_length = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._text.readline(MAX_ROW_BYTES)
        self.row_length += len(line)
        if self.row_length >= MAX_ROW_BYTES:
            raise BodyTooLarge(MAX_ROW_BYTES)
        if not line:
            raise StopIteration
        return line


def _typed(fields: dict[str, str]) -> dict[str, Any]:
    """Restore the types that CSV lacks: an empty cell is missing, a count is a number."""
    typed: dict[str, Any] = {}
    for name, value in fields.items():
        column = schema.BY_NAME.get(name) or earlier_stays.BY_NAME.get(name)
        is_whole = column and column.is_number and value.isascii() and value.isdecimal()
        typed[name] = int(value) if is_whole and len(value) < 20 else value or None
    return typed
