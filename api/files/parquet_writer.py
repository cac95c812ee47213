"""Write predictions as Parquet, one row group at a time.

Columns and types come from the response model. If an upload breaks off, the file is still valid
Parquet: it has all rows before the break, and its last row holds the error. A truncated download
has no footer, so readers reject it.
"""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic_core import to_json

from api.contract.predictions import COLUMNS

ROW_GROUP_ROWS = 10_000
"""Rows held in memory before they are written: about 2 MB. Small groups make files slow to read."""
SUMMARY_KEY = "summary"
"""Key of the file's metadata that holds the last line of NDJSON: totals and model version."""

ARROW_TYPES: Mapping[type, pa.DataType] = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
}
SCHEMA = pa.schema([(column.name, ARROW_TYPES[column.type]) for column in COLUMNS])


class ParquetWriter:
    """Collects rows into row groups and returns the bytes of each group as it is written."""

    def __init__(self) -> None:
        self._sink = io.BytesIO()
        self._file = pq.ParquetWriter(self._sink, SCHEMA)
        self._cells: list[list[Any]] = [[] for _ in COLUMNS]

    def begin(self) -> bytes:
        """Return the magic bytes of the format."""
        return self._written()

    def write(self, lines: Sequence[Mapping[str, Any]]) -> bytes:
        """Take rows; return a row group when one is full, else nothing."""
        for column, cells in zip(COLUMNS, self._cells, strict=True):
            cells.extend(column.cell(line) for line in lines)
        if len(self._cells[0]) >= ROW_GROUP_ROWS:
            self._write_group()
        return self._written()

    def end(self, summary: Mapping[str, Any]) -> bytes:
        """Return the last row group and the footer; the summary is in the file's metadata."""
        if self._cells[0]:
            self._write_group()
        self._file.add_key_value_metadata({SUMMARY_KEY: to_json(summary).decode()})
        self._file.close()
        return self._written()

    def _write_group(self) -> None:
        columns = dict(zip(SCHEMA.names, self._cells, strict=True))
        self._file.write_table(pa.table(columns, schema=SCHEMA))
        self._cells = [[] for _ in COLUMNS]

    def _written(self) -> bytes:
        """Return the bytes written since the last call and forget them."""
        written = self._sink.getvalue()
        self._sink.seek(0)
        self._sink.truncate()
        return written
