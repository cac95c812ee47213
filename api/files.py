"""Files of encounters, row by row: CSV, JSON, lines of JSON, Parquet; none is held whole."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any

from pydantic_core import from_json

from api.contract import check_encounter, parse_encounter
from api.errors import (
    ApiError,
    BodyTooLarge,
    InvalidEncounter,
    MalformedBody,
    Problem,
    UnknownFormat,
    UnreadableFile,
)
from readmission import schema
from readmission.serving.encoding import Encounter

_OUTCOME = b'"%s"' % schema.TARGET.encode()

Row = Encounter | ApiError
"""An encounter that the contract has accepted, or why it has not."""

CHUNK_ROWS = 100
"""Rows answered at once: some milliseconds, after which single requests get their turn."""
ROW_BYTES = 1 << 20
"""Of a file that one row may take; it takes about 1,200, and a reader has to hold it whole."""
LOOK_AHEAD = 1 << 12
"""Bytes that a JSON reader takes at once; if they are broken, so are all rows in them."""
UNFOLDS_TO = 1 << 30
"""Bytes that a Parquet file may unfold to; its own size says little."""


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
        _check_header(header)
        for line in lines:
            source.since_row = 0
            if len(line) == len(header):
                yield _checked(_from_text(dict(zip(header, line, strict=True))))
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


def _check_header(header: list[str]) -> None:
    """Refuse a file at once whose columns are wrong; else every row would say so."""
    known = {column.name for column in schema.COLUMNS}
    absent = [name for name in schema.FEATURE_NAMES if name not in header]
    if len(absent) == len(schema.FEATURE_NAMES):
        # Perhaps a row of a patient: nothing of it is repeated.
        raise UnreadableFile(
            "The first line does not name the columns of an encounter; GET /schema lists them."
        )
    problems = [Problem.missing_field(n, schema.BY_NAME[n].expected) for n in absent]
    strange = [name for name in header if name not in known]
    problems += [
        Problem.unknown_field(n, None, "one of the fields of GET /schema") for n in strange
    ]
    problems += [
        Problem.wrong_value(name, header.count(name), "one column of this name")
        for name in sorted({name for name in header if header.count(name) > 1})
    ]
    if problems:
        raise InvalidEncounter(problems)


def _json(file: IO[bytes]) -> Iterator[Row]:
    import ijson

    try:
        if next(ijson.basic_parse(file, buf_size=LOOK_AHEAD))[0] != "start_array":
            raise UnreadableFile("The body is not a JSON array of encounters.")
        file.seek(0)
        source = _Pieces(file)
        for item in ijson.items(source, "item", use_float=True, buf_size=LOOK_AHEAD):
            source.since_row = 0
            yield _checked(item)
    except (ijson.JSONError, ValueError) as error:
        raise UnreadableFile("The body is not a JSON array of encounters.") from error


class _Pieces:
    """A file for a JSON reader, as long as one encounter does not go on for ever."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.since_row = 0

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        if self.since_row > ROW_BYTES:
            raise BodyTooLarge(ROW_BYTES)
        piece = self._file.read(size)
        self.since_row += len(piece)
        return piece


def _json_lines(file: IO[bytes]) -> Iterator[Row]:
    while line := file.readline(ROW_BYTES):
        if len(line) == ROW_BYTES:
            raise BodyTooLarge(ROW_BYTES)
        if line.strip():
            try:
                yield parse_encounter(line) if _OUTCOME not in line else _checked(from_json(line))
            except ApiError as refusal:
                yield refusal
            except ValueError as error:
                yield MalformedBody(str(error))


def _parquet(file: IO[bytes]) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(file)
        groups = (table.metadata.row_group(i) for i in range(table.num_row_groups))
        if sum(group.total_byte_size for group in groups) > UNFOLDS_TO:
            raise UnreadableFile(f"The file unfolds to more than {UNFOLDS_TO:,} bytes.")
        _check_header(table.schema_arrow.names)
        for batch in table.iter_batches(batch_size=CHUNK_ROWS):
            yield from (_checked(row) for row in batch.to_pylist())
    except (pa.ArrowException, OSError) as error:
        raise UnreadableFile("The body is not a Parquet file.") from error


READERS: Mapping[str, Callable[[IO[bytes]], Iterator[Row]]] = {
    "application/json": _json,
    "application/x-ndjson": _json_lines,
    "text/csv": _csv,
    "application/vnd.apache.parquet": _parquet,
}
"""Content type to reader."""


def _checked(fields: Any) -> Row:
    if isinstance(fields, dict):
        fields.pop(schema.TARGET, None)
    try:
        return check_encounter(fields)
    except ApiError as refusal:
        return refusal


def _from_text(fields: dict[str, str]) -> dict[str, Any]:
    """Read what CSV cannot say: an empty cell is missing, digits in a number column a number."""
    typed: dict[str, Any] = {}
    for name, value in fields.items():
        is_whole = schema.BY_NAME[name].is_number and value.isascii() and value.isdecimal()
        typed[name] = int(value) if is_whole and len(value) < 20 else value or None
    return typed
