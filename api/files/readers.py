"""Readers of uploaded encounters, row by row: CSV, JSON, lines of JSON and Parquet."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import IO, Any

from pydantic_core import from_json

from api.contract.encounter import check_fields_are_unique, parse_encounter
from api.errors import (
    ApiError,
    BodyTooLarge,
    InvalidEncounter,
    MalformedBody,
    Problem,
    UnreadableFile,
    UnsupportedFormat,
)
from api.files import json_array
from api.files.rows import CHUNK_ROWS, MAX_ROW_BYTES, ParsedRow, check_header, parse_row
from readmission.domain import schema

Announce = Callable[[int], None]
_OUTCOME = b'"%s"' % schema.TARGET.encode()


def read_rows(
    file: IO[bytes], content_type: str, announce: Announce = lambda _rows: None
) -> Iterator[ParsedRow]:
    """Yield each row of a file.

    A column with the outcome is ignored, so that labelled files can be sent unchanged. A format
    that states its number of rows is announced before a row is decoded.

    Raises
    ------
    UnsupportedFormat
        If there is no reader for the content type.
    UnreadableFile, InvalidEncounter
        If the file does not match its type, or its columns are not those of an encounter. The
        rows before the error are yielded first.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in READERS:
        raise UnsupportedFormat(content_type, tuple(READERS))
    return READERS[kind](file, announce)


def chunked(rows: Iterator[ParsedRow], size: int = CHUNK_ROWS) -> Iterator[list[ParsedRow]]:
    """Yield rows in lists of `size`; before an error, yield the rows read so far."""
    chunk: list[ParsedRow] = []
    try:
        for row in rows:
            chunk.append(row)
            if len(chunk) == size:
                yield chunk
                chunk = []
    except ApiError:
        if chunk:
            yield chunk
        raise
    if chunk:
        yield chunk


def _csv(file: IO[bytes], _announce: Announce) -> Iterator[ParsedRow]:
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    try:
        source = _BoundedLines(text)
        lines = csv.reader(source, strict=True)
        header = next(lines, [])
        check_header(header)
        for line in lines:
            source.row_length = 0
            if len(line) == len(header):
                yield parse_row(_from_text(dict(zip(header, line, strict=True))))
            elif line:
                expected = f"{len(header)} values, as many as the header has columns"
                yield InvalidEncounter([Problem.wrong_value("(row)", len(line), expected)])
    except (csv.Error, UnicodeDecodeError) as error:
        raise UnreadableFile(f"The file is not readable as CSV in UTF-8: {error}.") from error
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


def _json_lines(file: IO[bytes], _announce: Announce) -> Iterator[ParsedRow]:
    while line := file.readline(MAX_ROW_BYTES):
        if len(line) == MAX_ROW_BYTES:
            raise BodyTooLarge(MAX_ROW_BYTES)
        if line.strip():
            yield _from_json(line)


def _json(file: IO[bytes], _announce: Announce) -> Iterator[ParsedRow]:
    return map(_from_json, json_array.elements(file))


def _parquet(file: IO[bytes], announce: Announce) -> Iterator[ParsedRow]:
    # Imported lazily: Arrow takes 60 MB.
    from api.files import parquet_reader

    return parquet_reader.read(file, announce)


READERS: Mapping[str, Callable[[IO[bytes], Announce], Iterator[ParsedRow]]] = {
    "application/json": _json,
    "application/x-ndjson": _json_lines,
    "text/csv": _csv,
    "application/vnd.apache.parquet": _parquet,
}
"""Reader of each content type."""


def _from_json(text: bytes) -> ParsedRow:
    try:
        if _OUTCOME not in text:
            return parse_encounter(text)
        parsed = from_json(text)
        check_fields_are_unique(text, parsed)
        return parse_row(parsed)
    except ApiError as error:
        return error
    except ValueError as error:
        return MalformedBody(str(error))


def _from_text(fields: dict[str, str]) -> dict[str, Any]:
    """Restore the types that CSV lacks: an empty cell is missing, a count is a number."""
    typed: dict[str, Any] = {}
    for name, value in fields.items():
        is_whole = schema.BY_NAME[name].is_number and value.isascii() and value.isdecimal()
        typed[name] = int(value) if is_whole and len(value) < 20 else value or None
    return typed
