"""Copy Arrow tables into and out of PostgreSQL with COPY."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
import pyarrow as pa
from psycopg import sql
from pyarrow import csv as arrow_csv

from readmission.warehouse.sql.content import to_csv

_CHUNK_BYTES = 1 << 20


def copy_in(connection: psycopg.Connection, table: str, rows: pa.Table) -> None:
    """Append the rows to `table` within the caller's transaction."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, rows.column_names))
    )
    content = memoryview(to_csv(rows))
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for start in range(0, len(content), _CHUNK_BYTES):
            copy.write(content[start : start + _CHUNK_BYTES])


def copy_out(
    connection: psycopg.Connection,
    query: sql.Composable,
    types: Mapping[str, pa.DataType],
    parameters: Sequence[Any] = (),
) -> pa.Table:
    """Return the rows of a query that selects the columns of `types` in the same order."""
    statement = sql.SQL("COPY ({}) TO STDOUT (FORMAT csv)").format(query)
    content = io.BytesIO()
    with connection.cursor() as cursor, cursor.copy(statement, parameters) as copy:
        for block in copy:
            content.write(block)
    if content.tell() == 0:
        return pa.schema(list(types.items())).empty_table()
    content.seek(0)
    return arrow_csv.read_csv(
        content,
        read_options=arrow_csv.ReadOptions(column_names=list(types)),
        parse_options=arrow_csv.ParseOptions(newlines_in_values=True),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict(types),
            null_values=[""],
            true_values=["t"],
            false_values=["f"],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
