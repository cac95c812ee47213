"""Readers of uploaded encounters, row by row: tables, JSON, lines of JSON and Parquet."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import IO

from pydantic_core import from_json

from api.contract.encounter import BYTE_ORDER_MARK, check_fields_are_unique, parse_encounter
from api.errors import ApiError, BodyTooLarge, MalformedBody, UnreadableFile, UnsupportedFormat
from api.errors.requests import sent_as
from api.files import json_array, tables
from api.files.rows import CHUNK_ROWS, KEY_FIELDS, MAX_ROW_BYTES, OWN_KEY, ParsedRow, parse_row
from api.http.transport import media_type
from readmission.domain import schema
from readmission.files.formats import HEAD_BYTES, PARQUET_SIGNATURE
from readmission.files.unpacking import size_of

Notice = Callable[[int], object]
"""Gets a number of rows or bytes before they are read; it may refuse them."""
UNKNOWN = "application/octet-stream"
"""A content type that says nothing; a request without a content type counts as this one."""
_OUTCOME_OR_KEY = re.compile(
    rb'"(?:%s)"' % "|".join((schema.TARGET, *KEY_FIELDS, OWN_KEY)).encode(), re.IGNORECASE
)
"""Fields that no model reads; a row without them is parsed faster."""


def read_rows(
    file: IO[bytes],
    content_type: str,
    announce: Notice = lambda _rows: None,
    take: Notice = lambda _size: None,
) -> Iterator[ParsedRow]:
    """Yield each row of a file.

    A column with the outcome is ignored, so that labelled files can be sent unchanged.

    Parameters
    ----------
    file : IO of bytes
        The file, open at its beginning.
    content_type : str
        What the caller says that it is.
    announce : callable
        Called with the number of rows before one is decoded, if the format states it.
    take : callable
        Called with the size of the file, and with each number of bytes to be unpacked.

    Raises
    ------
    UnsupportedFormat
        If there is no reader for the content type.
    UnreadableFile, InvalidEncounter
        If the file does not match its type, or its columns are not those of an encounter. The
        rows before the error are yielded first.
    ApiError
        If `announce` or `take` refuses.
    """
    kind = media_type(content_type) or UNKNOWN
    kind = OTHER_NAMES.get(kind, kind)
    if kind not in READERS:
        raise UnsupportedFormat(content_type, tuple(READERS))
    take(size_of(file))
    return READERS[kind](file, announce, take)


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


def _json_lines(file: IO[bytes], announce: Notice, take: Notice) -> Iterator[ParsedRow]:
    """Read lines of JSON, which may have commas between them, or the array that they should be."""
    beginning = _beginning(file)
    if beginning.startswith(b"["):
        return _json(file, announce, take)
    if found := sent_as(beginning):
        raise UnreadableFile(f"The body is not lines of JSON: {found}.")
    return _lines(file)


def _lines(file: IO[bytes]) -> Iterator[ParsedRow]:
    while line := file.readline(MAX_ROW_BYTES):
        if len(line) == MAX_ROW_BYTES:
            raise BodyTooLarge(MAX_ROW_BYTES)
        if text := line.strip():
            yield _from_json(text.removesuffix(b","))


def _json(file: IO[bytes], _announce: Notice, _take: Notice) -> Iterator[ParsedRow]:
    _beginning(file)
    return map(_from_json, json_array.elements(file))


def _beginning(file: IO[bytes]) -> bytes:
    """Return the first bytes that are not blank; the file is then open after a byte order mark."""
    file.seek(0)
    start = file.read(HEAD_BYTES)
    text = start.removeprefix(BYTE_ORDER_MARK)
    file.seek(len(start) - len(text))
    return text.lstrip()


def _of_unknown_type(file: IO[bytes], announce: Notice, take: Notice) -> Iterator[ParsedRow]:
    """Read JSON or any table: neither a header nor another format begins like a list or object."""
    is_json = _beginning(file).startswith((b"[", b"{"))
    return _json_lines(file, announce, take) if is_json else _by_content(file, announce, take)


def _by_content(file: IO[bytes], announce: Notice, take: Notice) -> Iterator[ParsedRow]:
    """Read any table: browsers and clients name the wrong type, or none."""
    file.seek(0)
    is_parquet = file.read(len(PARQUET_SIGNATURE)) == PARQUET_SIGNATURE
    file.seek(0)
    return _parquet(file, announce, take) if is_parquet else tables.read(file, take)


def _parquet(file: IO[bytes], announce: Notice, take: Notice) -> Iterator[ParsedRow]:
    # Imported lazily: Arrow takes 60 MB.
    from api.files import parquet_reader

    return parquet_reader.read(file, announce, take)


READERS: Mapping[str, Callable[[IO[bytes], Notice, Notice], Iterator[ParsedRow]]] = {
    "application/json": _json,
    "application/x-ndjson": _json_lines,
    "text/csv": _by_content,
    "application/vnd.apache.parquet": _parquet,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": _by_content,
    "application/zip": _by_content,
    "application/gzip": _by_content,
    "application/x-bzip2": _by_content,
    "application/zstd": _by_content,
    "text/tab-separated-values": _by_content,
    # What browsers send for a CSV if Excel is installed, and for a type that they do not know.
    "application/vnd.ms-excel": _by_content,
    UNKNOWN: _of_unknown_type,
}
"""Reader of each content type; most tell the format of a table by its content."""
OTHER_NAMES: Mapping[str, str] = {
    **dict.fromkeys(("text/plain", "application/csv", "text/x-csv"), "text/csv"),
    "application/x-gzip": "application/gzip",
    "application/x-zip-compressed": "application/zip",
    "application/x-zstd": "application/zstd",
    "application/bzip2": "application/x-bzip2",
    "text/json": "application/json",
    **dict.fromkeys(
        (
            "application/ndjson",
            "application/jsonl",
            "application/x-jsonlines",
            "application/jsonlines",
        ),
        "application/x-ndjson",
    ),
    **dict.fromkeys(
        ("application/x-parquet", "application/parquet"), "application/vnd.apache.parquet"
    ),
}
"""What browsers and libraries call these types, too."""


def _from_json(text: bytes) -> ParsedRow:
    try:
        if not _OUTCOME_OR_KEY.search(text):
            return ParsedRow(parse_encounter(text))
        parsed = from_json(text)
        check_fields_are_unique(text, parsed)
        return parse_row(parsed)
    except ApiError as error:
        return ParsedRow(error)
    except ValueError as error:
        return ParsedRow(MalformedBody(str(error)))
