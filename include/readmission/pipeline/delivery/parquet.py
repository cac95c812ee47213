"""Read a Parquet file of encounters as text, some rows at a time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet as pq

from readmission.domain import schema
from readmission.files.layout import contract_names
from readmission.files.limits import TruncatedFile

ROWS = 10_000
"""Rows that are in memory at a time."""


def parquet_tables(
    file: IO[bytes], header: Callable[[Sequence[str]], Sequence[str]]
) -> Iterator[pa.Table]:
    """Yield the rows of a Parquet file in tables of at most `ROWS`, all text.

    A number without decimals has none in its text, and null is an empty text, as in a CSV.

    Parameters
    ----------
    file : IO of bytes
        The file.
    header : callable
        Checks the names of its columns and returns those to read.

    Raises
    ------
    TruncatedFile
        If it ends too early, or rows cannot be read; the message names the first of them.
    """
    done = 0
    try:
        opened = pq.ParquetFile(file)
        found = contract_names(opened.schema_arrow.names, schema.NAMES)
        as_written = dict(zip(found, opened.schema_arrow.names, strict=True))
        columns = {name: as_written[name] for name in header(found)}
        for batch in opened.iter_batches(ROWS, columns=list(columns.values())):
            done += batch.num_rows
            yield _as_text(batch, columns)
    except (pa.ArrowException, OSError) as error:
        place = f"after row {done:,}: " if done else ""
        raise TruncatedFile("Parquet file", f"{place}{str(error).splitlines()[0]}") from error


def _as_text(batch: pa.RecordBatch, columns: Mapping[str, str]) -> pa.Table:
    """Return rows as text; `columns` has the name in the file of each name of the contract."""
    return pa.table({name: _text(batch.column(written)) for name, written in columns.items()})


def _text(values: Any) -> Any:
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_decimal(values.type):
        # Databases export whole numbers this way.
        values = values.cast(pa.float64() if values.type.scale else pa.string())
    if pa.types.is_floating(values.type) and _is_whole(values):
        values = values.cast(pa.int64())
    filled: Any = pc.fill_null(values.cast(pa.string()), "")
    return pc.replace_substring(filled, "\0", "")


def _is_whole(values: Any) -> bool:
    return bool(pc.all(pc.equal(pc.floor(values), values)).as_py())
