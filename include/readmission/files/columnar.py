"""Read a table of text into Arrow columns."""

import csv
from collections.abc import Sequence
from functools import reduce
from typing import IO, Literal, cast

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from readmission.files.layout import Table
from readmission.files.limits import IncompleteFile

MAX_WRONG_ROWS = 10_000
"""Rows with another number of values that a table may have; they are Python objects."""


def columnar(table: Table, names: Sequence[str], reason_in: str, rows_before: int = 0) -> pa.Table:
    """Return the rows of a table as text.

    A row with more or fewer values than the header, such as a footer, keeps its place: its values
    are in their columns, and one column says why the row cannot be valid. So does a row with a zero
    byte, which no database stores.

    Parameters
    ----------
    table : Table
        Its header has all the names.
    names : sequence of str
        The columns to return, in order.
    reason_in : str
        The column that holds the reason for such a row.
    rows_before : int
        Rows of the file before the table, which messages count.

    Raises
    ------
    IncompleteFile
        If a quote is not closed, or too many rows have another number of values.
    """
    wrong = _WrongRows(rows_before)
    # All values are text: only the contract interprets "None" and "?". A single thread numbers
    # the rows.
    reading = arrow_csv.ReadOptions(use_threads=False, column_names=list(table.names))
    parsing = arrow_csv.ParseOptions(
        delimiter=table.delimiter, newlines_in_values=True, invalid_row_handler=wrong
    )
    converting = arrow_csv.ConvertOptions(
        column_types=dict.fromkeys(table.names, pa.string()),
        include_columns=list(names),
        strings_can_be_null=False,
    )
    try:
        # The stubs lack the file objects that Arrow reads from.
        rows_of_file = cast("IO[bytes]", table.rows)
        with arrow_csv.open_csv(rows_of_file, reading, parsing, converting) as reader:
            rows = reader.read_all()
    except pa.ArrowInvalid as error:
        if "Empty CSV" in str(error):
            return pa.schema([(name, pa.string()) for name in names]).empty_table()
        # Arrow's own message may quote a row, and with it a patient's data.
        problem = wrong.problem or "a row is longer than a megabyte; is a quote not closed?"
        raise IncompleteFile(f"is not a readable CSV: {problem}") from None
    return _without_zero_bytes(_with_wrong_rows(rows, wrong.rows, table, reason_in), reason_in)


class _WrongRows:
    """Collects rows that have more or fewer values than the header."""

    def __init__(self, rows_before: int) -> None:
        self._before = rows_before
        self.rows: list[arrow_csv.InvalidRow] = []
        self.problem = ""

    def __call__(self, row: arrow_csv.InvalidRow) -> Literal["skip", "error"]:
        """Keep a row for later; stop if rows were lost in it, or there are too many."""
        self.rows.append(row)
        shape = (
            f"row {self._before + (row.number or 0)} has {row.actual_columns} values, but the"
            f" header has {row.expected_columns}"
        )
        if "\n" in row.text.rstrip():
            self.problem = f"{shape}; is a quote not closed?"
        elif len(self.rows) > MAX_WRONG_ROWS:
            self.problem = f"{shape}; {MAX_WRONG_ROWS:,} rows before it have a wrong number, too"
        return "error" if self.problem else "skip"


def _with_wrong_rows(
    rows: pa.Table, wrong: Sequence[arrow_csv.InvalidRow], table: Table, reason_in: str
) -> pa.Table:
    """Return the rows with the others at their places."""
    pieces, taken = [], 0
    for nth, row in enumerate(wrong):
        right_before = (row.number or 0) - 1 - nth
        pieces.append(rows.slice(taken, right_before - taken))
        pieces.append(_padded(row, table, rows.schema, reason_in))
        taken = right_before
    return pa.concat_tables([*pieces, rows.slice(taken)])


def _padded(row: arrow_csv.InvalidRow, table: Table, schema: pa.Schema, reason_in: str) -> pa.Table:
    cells = next(csv.reader([row.text], delimiter=table.delimiter), [])
    values = dict.fromkeys(schema.names, "") | dict(zip(table.names, cells, strict=False))
    counts = f"{row.actual_columns} value{'s' * (row.actual_columns != 1)}"
    values[reason_in] = f"(this row has {counts}, the header has {row.expected_columns})"
    return pa.table({name: [values[name]] for name in schema.names}, schema=schema)


def _without_zero_bytes(rows: pa.Table, reason_in: str) -> pa.Table:
    """Return the rows with zero bytes taken out, and the reason in their place."""
    has = [pc.match_substring(column, "\0") for column in rows.columns]
    if not any(pc.any(flags).as_py() for flags in has):
        return rows
    concerned = reduce(pc.or_, has)
    for place, name in enumerate(rows.column_names):
        clean = pc.replace_substring(rows.column(place), "\0", "")
        if name == reason_in:
            clean = pc.if_else(concerned, "(this row has a zero byte)", clean)
        rows = rows.set_column(place, name, clean)
    return rows
