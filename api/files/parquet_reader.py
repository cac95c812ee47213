"""Read a Parquet file of encounters chunk by chunk, with limits on its uncompressed size."""

from collections.abc import Callable, Iterator
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from api.errors import BodyTooLarge, UnreadableFile
from api.files.rows import CHUNK_ROWS, MAX_UNPACKED_BYTES, ParsedRow, check_header, parse_row

MAX_TEXT_BYTES = 1_000
"""Longest text; an encounter has at most 60. A dictionary stores a long text once, but every row
read from it gets a copy."""
PAGE_BYTES = 1 << 16
"""Bytes read from a column at once."""


def read(file: IO[bytes], announce: Callable[[int], None]) -> Iterator[ParsedRow]:
    """Yield each row of the file.

    Raises
    ------
    UnreadableFile
        If the file is not Parquet, or is damaged.
    InvalidEncounter
        If its columns are not those of an encounter.
    BodyTooLarge
        If a text is longer than `MAX_TEXT_BYTES`, or the file is larger than
        `MAX_UNPACKED_BYTES` when uncompressed.
    ApiError
        If `announce`, which gets the number of rows before one is decoded, rejects it.
    """
    try:
        columns = pq.read_schema(file)
        check_header(columns.names)
        texts = [field.name for field in columns if _is_text(field.type)]
        file.seek(0)
        table = pq.ParquetFile(file, read_dictionary=texts, buffer_size=PAGE_BYTES)
        groups = (table.metadata.row_group(i) for i in range(table.num_row_groups))
        if sum(group.total_byte_size for group in groups) > MAX_UNPACKED_BYTES:
            raise BodyTooLarge(MAX_UNPACKED_BYTES, "an uncompressed file")
        announce(table.metadata.num_rows)
        for batch in table.iter_batches(batch_size=CHUNK_ROWS):
            values = [_values(column) for column in batch.columns]
            for row in zip(*values, strict=True):
                yield parse_row(dict(zip(columns.names, row, strict=True)))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UnreadableFile("The body is not a readable Parquet file of encounters.") from error


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_null(kind)


def _values(column: Any) -> list[Any]:
    """Return the values of a column; for an unsupported type, the name of the type instead."""
    kind = column.type
    if pa.types.is_dictionary(kind) and _is_text(kind.value_type):
        _check_lengths(column.dictionary)
    elif _is_text(kind):
        _check_lengths(column)
    elif not (_is_number(kind) or pa.types.is_boolean(kind)):
        return [f"({kind})"] * len(column)
    return column.to_pylist()


def _check_lengths(texts: Any) -> None:
    longest = pc.max(pc.binary_length(texts)).as_py() or 0
    if longest > MAX_TEXT_BYTES:
        raise BodyTooLarge(MAX_TEXT_BYTES, "a text in an encounter")
