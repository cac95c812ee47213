"""A Parquet file of encounters, some rows at a time, whatever it unfolds to."""

from collections.abc import Iterator
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from api.errors import BodyTooLarge, UnreadableFile
from api.files.rows import CHUNK_ROWS, Row, check_header, checked

UNFOLDS_TO = 1 << 30
"""Bytes that a file may say it unfolds to; its own size says little."""
TEXT_BYTES = 1_000
"""Of one text; the longest that an encounter has take 60. A dictionary holds a long one once,
and every row that is read from it has a copy."""
PAGE_BYTES = 1 << 16
"""Read from a column at once."""


def read(file: IO[bytes]) -> Iterator[Row]:
    """Yield each encounter of the file.

    Raises
    ------
    UnreadableFile
        If it is no Parquet file, or damaged from some place on.
    InvalidEncounter
        If its columns are not those of an encounter.
    BodyTooLarge
        If a text is longer than any that an encounter has.
    """
    try:
        columns = pq.read_schema(file)
        check_header(columns.names)
        texts = [field.name for field in columns if _is_text(field.type)]
        file.seek(0)
        table = pq.ParquetFile(file, read_dictionary=texts, buffer_size=PAGE_BYTES)
        groups = (table.metadata.row_group(i) for i in range(table.num_row_groups))
        if sum(group.total_byte_size for group in groups) > UNFOLDS_TO:
            raise UnreadableFile(f"The file unfolds to more than {UNFOLDS_TO:,} bytes.")
        for batch in table.iter_batches(batch_size=CHUNK_ROWS):
            values = [_values(column) for column in batch.columns]
            for row in zip(*values, strict=True):
                yield checked(dict(zip(columns.names, row, strict=True)))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UnreadableFile("The body is not a Parquet file of encounters.") from error


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_null(kind)


def _values(column: Any) -> list[Any]:
    """Return the values of a column; of a kind that no encounter has, the kind stands for them."""
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
    if longest > TEXT_BYTES:
        raise BodyTooLarge(TEXT_BYTES, "a text in an encounter")
