"""Read a file of encounters chunk by chunk, whatever its format."""

import codecs
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import IO, Any, cast

import pyarrow as pa
import pyarrow.compute as pc

from readmission.domain import schema
from readmission.domain.columns import Kind
from readmission.errors import DatasetError
from readmission.files.columnar import columnar
from readmission.files.formats import HEAD_BYTES, Format, format_of
from readmission.files.layout import Table
from readmission.files.limits import IncompleteFile, Limits
from readmission.files.reading import read_tables
from readmission.pipeline.delivery.chunk_text import CHUNK_BYTES, chunk_texts
from readmission.pipeline.delivery.parquet import parquet_tables
from readmission.warehouse.sql.content import content_hash

_KEYS = frozenset(column.name for column in schema.of_kind(Kind.KEY))
Header = Callable[[Sequence[str]], Sequence[str]]
LIMITS = Limits(unpacked_bytes=1 << 42)
"""Rows go to PostgreSQL batch by batch, so only the ratio limits what a file unpacks to."""


@dataclass(frozen=True)
class Chunk:
    """Consecutive rows of a file that have not been parsed yet.

    Parameters
    ----------
    start, stop : int
        Where its text begins and ends in a file that is UTF-8 text. Otherwise its place among the
        other chunks.
    sha256 : str
        Hash of its text and of the header.
    parse : callable
        Returns its rows; called with the number of rows before it.
    """

    start: int
    stop: int
    sha256: str
    parse: Callable[[int], pa.Table]


def read_chunks(
    file: IO[bytes],
    *,
    is_complete: bool,
    seen: Callable[[bytes], object] = lambda _text: None,
    header: Header | None = None,
) -> Iterator[Chunk]:
    """Yield all rows of a file; memory is bounded by the chunk.

    Parameters
    ----------
    file : IO of bytes
        The file; it allows seeking.
    is_complete : bool
        Whether the last line is complete although it has no line end.
    seen : callable
        Called with each piece of the text of CSVs.
    header : callable, optional
        Checks the names of the columns and returns those to read; by default, all of an encounter
        are needed.

    Raises
    ------
    FileError
        If the file cannot be read.
    DatasetError
        If it has the wrong columns. Neither message names the file: `Arrival.errors_named` does.
    """
    head, kind = _head(file)
    header = header or check_header
    if kind is Format.PARQUET:
        yield from _parquet_chunks(file, header)
        return
    position = len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0
    for table in read_tables(
        file, schema.NAMES, schema.ENCOUNTER, LIMITS, is_complete=is_complete, zero_bytes=True,
        seen=seen,
    ):  # fmt: skip
        if not table.names:
            raise IncompleteFile(f"is empty; expected a CSV with {len(schema.NAMES)} columns")
        names = header(table.names)
        position += table.header_bytes
        rows = cast("IO[bytes]", table.rows)
        for text in chunk_texts(rows, table.delimiter, CHUNK_BYTES):
            yield text_chunk(text, position, table, names)
            position += len(text)


def text_chunk(text: bytes, start: int, table: Table, names: Sequence[str] = schema.NAMES) -> Chunk:
    """Return a chunk of whole rows of a CSV."""
    digest = hashlib.sha256("\0".join((table.delimiter, *table.names)).encode())
    digest.update(text)
    parse = partial(_parse, text, table, names)
    return Chunk(start, start + len(text), digest.hexdigest(), parse)


def layout_of(file: IO[bytes]) -> Table | None:
    """Return header and delimiter of a plain text file, or None for any other format.

    Only in plain text can a chunk be read by seeking to its bytes.
    """
    if _head(file)[1] is not Format.TEXT:
        return None
    return next(read_tables(file, schema.NAMES, schema.ENCOUNTER, LIMITS, zero_bytes=True))


def _head(file: IO[bytes]) -> tuple[bytes, Format]:
    """Return the first bytes of a file and its format; it is then open at its beginning."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    file.seek(0)
    return head, format_of(head)


def _parse(text: bytes, table: Table, names: Sequence[str], rows_before: int) -> pa.Table:
    rows = cast("Any", pa.BufferReader(text))
    return _with_plain_keys(columnar(replace(table, rows=rows), names, names[-1], rows_before))


def _with_plain_keys(rows: pa.Table) -> pa.Table:
    """Return rows whose keys have neither blanks around them nor the decimals of pandas.

    RAW compares keys as text.
    """
    for place, name in enumerate(rows.column_names):
        if name in _KEYS:
            keys = pc.utf8_trim_whitespace(rows.column(place))
            keys = pc.replace_substring_regex(keys, r"^([0-9]+)[.,](?:00?|0{4,})$", r"\1")
            rows = rows.set_column(place, name, keys)
    return rows


def _parquet_chunks(file: IO[bytes], header: Header) -> Iterator[Chunk]:
    for number, rows in enumerate(map(_with_plain_keys, parquet_tables(file, header))):
        yield Chunk(number, number + 1, content_hash(rows), partial(_same, rows))


def _same(rows: pa.Table, _rows_before: int) -> pa.Table:
    return rows


def check_header(names: Sequence[str]) -> Sequence[str]:
    """Check the names of a file's columns, and return those to read.

    Raises
    ------
    DatasetError
        Names the columns that are missing, unknown or repeated.
    """
    if schema.BY_NAME.keys().isdisjoint(names):
        # The line is not quoted: without a header it holds a patient's data.
        raise DatasetError(
            "does not begin with a header: the first line is not a header of names; expected the"
            f" {len(schema.NAMES)} columns {', '.join(schema.NAMES)}"
        )
    missing = [name for name in schema.NAMES if name not in names]
    # A column without a name is the index of pandas, or a delimiter at the end of each line.
    named = [name for name in names if name]
    extra = [name for name in named if name not in schema.BY_NAME]
    repeated = sorted({name for name in named if named.count(name) > 1})
    problems = [
        f"{problem}: {', '.join(columns)}"
        for problem, columns in (("missing", missing), ("unknown", extra), ("repeated", repeated))
        if columns
    ]
    if problems:
        raise DatasetError(f"has the wrong columns; {'; '.join(problems)}")
    return schema.NAMES
