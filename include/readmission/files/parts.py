"""Choose what to read of a file that holds several tables."""

from collections.abc import Collection, Sequence

from readmission.files.layout import Table
from readmission.files.limits import FileError

_NAMED = 3
"""Columns or parts that a message names."""


def of_one_layout(
    tables: Sequence[Table], columns: Collection[str], key: str, what: str
) -> list[str]:
    """Return the parts that hold rows of one layout, in order.

    A part that is another table, such as a list of codes, is left out. A part whose header is
    absent or differs is never left out silently.

    Parameters
    ----------
    tables : sequence of Table
        Each CSV or sheet with its header.
    columns : collection of str
        The columns of the contract.
    key : str
        The column that tells the rows from those of other tables.
    what : str
        What a part is called, in the plural.

    Raises
    ------
    FileError
        If no part fits, or parts have different columns; it names them.
    """
    fitting = [table for table in tables if _fits(table, columns, key)]
    if not fitting:
        looked_at = f" (looked at {_listed([table.part for table in tables])})" if tables else ""
        raise FileError(
            f"contains no {what[:-1]} with a column {key!r} or the other columns of an encounter"
            + looked_at
        )
    first = fitting[0]
    same = [table for table in tables if sorted(table.names) == sorted(first.names)]
    others = [
        table
        for table in tables
        if table not in same and (table in fitting or len(table.names) == len(first.names))
    ]
    if others:
        differences = "; ".join(_difference(first, table) for table in others)
        raise FileError(f"contains {what} with different columns: {differences}")
    return [table.part for table in same]


def _fits(table: Table, columns: Collection[str], key: str) -> bool:
    known = {name for name in table.names if name in columns}
    return key in known or len(known) >= len(columns) / 2


def _difference(first: Table, other: Table) -> str:
    """Say how two headers differ without quoting the other, which may be a patient's row."""
    absent = [name for name in first.names if name not in other.names]
    if len(absent) == len(first.names):
        return f"{other.part} has no header like that of {first.part}"
    if absent:
        return f"{other.part} lacks {_listed(absent)} of {first.part}"
    return f"{other.part} has columns that {first.part} lacks"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (", …" if names[_NAMED:] else "")
