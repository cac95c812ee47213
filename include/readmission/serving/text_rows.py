"""Encode raw encounters as text, column by column, for files that are too large to read row by row.

It gives the matrix that `EncodingTables.encode` gives for the same encounters; each distinct value
of a column is read once.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from readmission.domain import schema
from readmission.domain.columns import Column
from readmission.serving.encoding_tables import EncodingTables, Entries, Entry

CACHED = 50_000
"""Distinct values of a column that are kept; a column of an encounter has at most some thousand."""


class WrongValue(NamedTuple):
    """A value that the contract does not allow.

    Parameters
    ----------
    row : int
        Its row, from 0.
    column : str
        Its column.
    value : str
        As it arrived.
    """

    row: int
    column: str
    value: str

    def __str__(self) -> str:
        expected = schema.BY_NAME[self.column].expected
        return f"{self.column}: {self.value[:60]!r} is not allowed; expected {expected}"


class TextEncoder:
    """Turns text into the matrix that the estimator takes.

    Parameters
    ----------
    tables : EncodingTables
        The fitted encoder. Fields of earlier stays stay blank.
    """

    def __init__(self, tables: EncodingTables) -> None:
        self._width, self._absent = len(tables.columns), tables.absent
        lookups = tables.lookups
        self._cells = {
            column.name: _Cells(column, lookups.get(column.name, {})) for column in schema.FEATURES
        }

    def encode(self, rows: pa.Table) -> tuple[npt.NDArray[np.float32], list[WrongValue]]:
        """Return the matrix, shape (n, columns), and the values that are not allowed.

        Parameters
        ----------
        rows : Table
            All features as text. The matrix of a row with a wrong value means nothing.
        """
        matrix = np.full((rows.num_rows, self._width), self._absent, dtype=np.float32)
        wrong: list[WrongValue] = []
        for column in schema.FEATURES:
            wrong += self._add(matrix, column, rows)
        return matrix, wrong

    def _add(
        self, matrix: npt.NDArray[np.float32], column: Column, rows: pa.Table
    ) -> Iterator[WrongValue]:
        codes, values = _dictionary(rows, column.name)
        cells = self._cells[column.name]
        entries = [cells[value] for value in values]
        for nth in range(max((len(entry) for entry in entries if entry), default=0)):
            given = [entry[nth] if entry and nth < len(entry) else None for entry in entries]
            has_cell = np.array([cell is not None for cell in given])[codes]
            places = np.array([cell[0] if cell else 0 for cell in given])[codes[has_cell]]
            contents = np.array([cell[1] if cell else 0 for cell in given], dtype=np.float32)
            matrix[np.flatnonzero(has_cell), places] = contents[codes[has_cell]]
        for code, entry in enumerate(entries):
            if entry is None:
                for row in np.flatnonzero(codes == code).tolist():
                    yield WrongValue(row, column.name, values[code])


class _Cells(dict[str, Entry | None]):
    """The cells that each text of a column sets; None for one that is not allowed."""

    def __init__(self, column: Column, entries: Entries) -> None:
        super().__init__()
        self._column, self._entries = column, entries

    def __missing__(self, text: str) -> Entry | None:
        entry: Entry | None = None
        if self._column.allows(text):
            value = self._column.read(text)
            entry = self._entries[value] if self._entries else ()  # type: ignore[index]
        if len(self) < CACHED:
            self[text] = entry
        return entry


def _dictionary(rows: pa.Table, name: str) -> tuple[npt.NDArray[np.int64], Sequence[str]]:
    """Return the distinct texts of a column, and the position of each row's."""
    encoded = rows.column(name).combine_chunks().dictionary_encode()
    codes = np.asarray(encoded.indices).astype(np.int64)
    return codes, cast("list[str]", encoded.dictionary.to_pylist())
