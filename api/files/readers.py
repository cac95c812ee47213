"""Files of encounters, row by row: CSV, JSON, lines of JSON, Parquet; none is held whole."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any

from pydantic_core import from_json

from api.contract.encounter import parse_encounter
from api.errors import (
    ApiError,
    BodyTooLarge,
    InvalidEncounter,
    MalformedBody,
    Problem,
    UnknownFormat,
    UnreadableFile,
)
from api.files import json_array
from api.files.rows import CHUNK_ROWS, ROW_BYTES, Row, check_header, checked
from readmission.domain import schema

_OUTCOME = b'"%s"' % schema.TARGET.encode()


def rows(file: IO[bytes], content_type: str) -> Iterator[Row]:
    """Yield each row of a file.

    An outcome among the columns is not looked at, so that a labelled file can be sent as it is.

    Raises
    ------
    UnknownFormat
        If there is no reader for the content type.
    UnreadableFile, InvalidEncounter
        If the file is not what it says, or its columns are not those of an encounter; the
        rows before the place where that was found are yielded.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in READERS:
        raise UnknownFormat(content_type, tuple(READERS))
    return READERS[kind](file)


def chunks(found: Iterator[Row], size: int = CHUNK_ROWS) -> Iterator[list[Row]]:
    """Yield rows in lists of `size`; those before the place of a refusal come before it."""
    chunk: list[Row] = []
    try:
        for row in found:
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


def _csv(file: IO[bytes]) -> Iterator[Row]:
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    try:
        source = _TextLines(text)
        lines = csv.reader(source, strict=True)
        header = next(lines, [])
        check_header(header)
        for line in lines:
            source.since_row = 0
            if len(line) == len(header):
                yield checked(_from_text(dict(zip(header, line, strict=True))))
            elif line:
                expected = f"{len(header)} values, as many as the header has columns"
                yield InvalidEncounter([Problem.wrong_value("(row)", len(line), expected)])
    except (csv.Error, UnicodeDecodeError) as error:
        raise UnreadableFile(f"The file is not readable as CSV in UTF-8: {error}.") from error
    finally:
        text.detach()


class _TextLines:
    """Lines for a CSV reader, as long as one row does not go on for ever."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self.since_row = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._text.readline(ROW_BYTES)
        self.since_row += len(line)
        if self.since_row >= ROW_BYTES:
            raise BodyTooLarge(ROW_BYTES)
        if not line:
            raise StopIteration
        return line


def _json_lines(file: IO[bytes]) -> Iterator[Row]:
    while line := file.readline(ROW_BYTES):
        if len(line) == ROW_BYTES:
            raise BodyTooLarge(ROW_BYTES)
        if line.strip():
            yield _from_json(line)


def _json(file: IO[bytes]) -> Iterator[Row]:
    return map(_from_json, json_array.elements(file))


def _parquet(file: IO[bytes]) -> Iterator[Row]:
    from api.files import parquet  # Arrow takes 60 MB, and is loaded by those who send Parquet.

    return parquet.read(file)


READERS: Mapping[str, Callable[[IO[bytes]], Iterator[Row]]] = {
    "application/json": _json,
    "application/x-ndjson": _json_lines,
    "text/csv": _csv,
    "application/vnd.apache.parquet": _parquet,
}
"""Content type to reader."""


def _from_json(text: bytes) -> Row:
    try:
        return parse_encounter(text) if _OUTCOME not in text else checked(from_json(text))
    except ApiError as refusal:
        return refusal
    except ValueError as error:
        return MalformedBody(str(error))


def _from_text(fields: dict[str, str]) -> dict[str, Any]:
    """Read what CSV cannot say: an empty cell is missing, digits in a number column a number."""
    typed: dict[str, Any] = {}
    for name, value in fields.items():
        is_whole = schema.BY_NAME[name].is_number and value.isascii() and value.isdecimal()
        typed[name] = int(value) if is_whole and len(value) < 20 else value or None
    return typed
