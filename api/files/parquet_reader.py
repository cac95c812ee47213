"""Read a Parquet file of encounters chunk by chunk, with limits on its uncompressed size."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import repeat
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from api.errors import BodyTooLarge, UnreadableFile
from api.files.parquet_pages import column_sizes
from api.files.rows import CHUNK_ROWS, MAX_UNPACKED_BYTES, ParsedRow, check_header, parse_row
from readmission.domain import schema
from readmission.files.layout import contract_names

MAX_TEXT_BYTES = 1_000
"""Longest text; an encounter has at most 60. A dictionary stores a long text once, but every row
read from it gets a copy."""
MAX_COLUMN_BYTES = 32 << 20
"""Largest uncompressed size of a column in a row group; a million short texts take half of it."""
CHECKED_ROWS = 10_000
"""Rows of one column whose texts are checked together."""
PAGE_BYTES = 1 << 16
"""Bytes read from a column at once."""


def read(
    file: IO[bytes], announce: Callable[[int], object], take: Callable[[int], object]
) -> Iterator[ParsedRow]:
    """Yield each row of the file.

    Raises
    ------
    UnreadableFile
        If the file is not Parquet, or is damaged.
    InvalidEncounter
        If its columns are not those of an encounter.
    BodyTooLarge
        If a text is longer than `MAX_TEXT_BYTES`, or the file or all its texts are larger than
        `MAX_UNPACKED_BYTES`, or a column than `MAX_COLUMN_BYTES`, when uncompressed.
    ApiError
        If `announce`, which gets the number of rows before one is decoded, or `take`, which gets
        the size of its pages and then of its texts, refuses.
    """
    try:
        columns = pq.read_schema(file)
        names = dict(zip(columns.names, contract_names(columns.names, schema.NAMES), strict=True))
        check_header(list(names.values()))
        texts = [field.name for field in columns if _is_text(field.type)]
        readable = [field.name for field in columns if _is_readable(field.type)]
        file.seek(0)
        table = pq.ParquetFile(file, read_dictionary=texts, buffer_size=PAGE_BYTES)
        announce(table.metadata.num_rows)
        take(_checked_size(file, table.metadata))
        take(_checked_texts(table, texts))
        # The name of an unsupported type takes the place of its values, so that they are not read.
        others = {
            names[field.name]: f"({field.type})" for field in columns if field.name not in readable
        }
        read = [names[name] for name in readable]
        for batch in table.iter_batches(batch_size=CHUNK_ROWS, columns=readable):
            values = [_values(*column) for column in zip(read, batch.columns, strict=True)]
            # Without a readable column, each row is still there, and refused.
            rows = zip(*values, strict=True) if values else repeat((), batch.num_rows)
            for row in rows:
                yield parse_row(dict(zip(read, row, strict=True)) | others)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UnreadableFile("The body is not a readable Parquet file of encounters.") from error


def _checked_size(file: IO[bytes], metadata: Any) -> int:
    """Return what all columns take when uncompressed; the footer may say less."""
    total = 0
    for sizes in column_sizes(file, metadata):
        total += sum(sizes)
        if max(sizes, default=0) > MAX_COLUMN_BYTES:
            raise BodyTooLarge(MAX_COLUMN_BYTES, "an uncompressed column of a row group")
        if total > MAX_UNPACKED_BYTES:
            raise BodyTooLarge(MAX_UNPACKED_BYTES, "an uncompressed file")
    return total


def _checked_texts(table: Any, names: list[str]) -> int:
    """Return what the texts take in all rows; a dictionary holds a text once for many rows.

    Each column is read alone: a hundred rows of fifty columns could be the whole file.
    """
    total = 0
    for name in names:
        for batch in table.iter_batches(batch_size=CHECKED_ROWS, columns=[name]):
            total += _checked_length(batch.column(0))
            if total > MAX_UNPACKED_BYTES:
                raise BodyTooLarge(MAX_UNPACKED_BYTES, "a file with all its texts written out")
    return total


def _is_text(kind: Any) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    types = (pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary())
    return kind in types


def _is_readable(kind: Any) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_null(kind)
    return is_number or pa.types.is_decimal(kind) or pa.types.is_boolean(kind) or _is_text(kind)


def _values(name: str, column: Any) -> list[Any]:
    """Return the values of a column in the types of the contract.

    Databases export whole numbers as decimals, and Spark exports texts as binary.

    Raises
    ------
    UnreadableFile
        If a text is not UTF-8, although the type of its column says so.
    """
    if pa.types.is_dictionary(column.type) and not pa.types.is_string(column.type.value_type):
        column = column.dictionary_decode()
    try:
        values = list(column.to_pylist())
    except UnicodeDecodeError:
        raise UnreadableFile(f"Column {name!r} has text that is not UTF-8.") from None
    if pa.types.is_decimal(column.type):
        return list(map(_number, values))
    is_bytes = pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type)
    return list(map(_text, values)) if is_bytes else values


def _text(value: bytes | None) -> str | None:
    """Return bytes as text; in another encoding than UTF-8, a text that no column accepts."""
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return "(not UTF-8)"


def _number(value: Decimal | None) -> int | float | None:
    """Return a decimal as a whole number if it is one: a float would round a long key."""
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)


def _checked_length(column: Any) -> int:
    """Return the bytes of all texts in a column of a chunk."""
    is_dictionary = pa.types.is_dictionary(column.type)
    texts = column.dictionary if is_dictionary else column
    if pa.types.is_string_view(texts.type):
        texts = texts.cast(pa.large_string())
    lengths = pc.binary_length(texts)
    longest = pc.max(lengths).as_py() or 0
    if longest > MAX_TEXT_BYTES:
        raise BodyTooLarge(MAX_TEXT_BYTES, "a text in an encounter")
    total: int = pc.sum(lengths.take(column.indices) if is_dictionary else lengths).as_py() or 0
    return total
