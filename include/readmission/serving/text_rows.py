"""Encode raw encounters as text, column by column, for files that are too large to read row by row.

It gives the matrix that `EncodingTables.encode` gives for the same encounters; each distinct value
of a column is read once.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from readmission.domain import schema
from readmission.domain.columns import Column, earlier_stays
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
    expected : str
        What is allowed, in words.
    """

    row: int
    column: str
    value: str
    expected: str

    def __str__(self) -> str:
        return f"{self.column}: {self.value[:60]!r} is not allowed; expected {self.expected}"


class TextEncoder:
    """Turns text into the matrix that the estimator takes.

    Parameters
    ----------
    tables : EncodingTables
        The fitted encoder.
    """

    def __init__(self, tables: EncodingTables) -> None:
        self._width, self._absent = len(tables.columns), tables.absent
        lookups = tables.lookups
        self._cells = {
            column.name: _Cells(column, lookups.get(column.name, {})) for column in schema.FEATURES
        }
        self._stays = _Stays(tables.stays)

    def encode(self, rows: pa.Table) -> tuple[npt.NDArray[np.float32], list[WrongValue]]:
        """Return the matrix, shape (n, columns), and the values that are not allowed.

        Parameters
        ----------
        rows : Table
            All features as text, and any fields of earlier stays, which are checked also if the
            model takes none. The matrix of a row with a wrong value means nothing.
        """
        matrix = np.full((rows.num_rows, self._width), self._absent, dtype=np.float32)
        wrong: list[WrongValue] = []
        for column in schema.FEATURES:
            wrong += self._add(matrix, column, rows)
        if not earlier_stays.BY_NAME.keys().isdisjoint(rows.column_names):
            wrong += self._add_stays(matrix, rows)
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
                    yield WrongValue(row, column.name, values[code], column.expected)

    def _add_stays(self, matrix: npt.NDArray[np.float32], rows: pa.Table) -> Iterator[WrongValue]:
        """Set the cells of earlier stays, whose fields contradict each other or not."""
        absent = [""] * rows.num_rows
        columns = [
            rows.column(name).to_pylist() if name in rows.column_names else absent
            for name in earlier_stays.NAMES
        ]
        for row, texts in enumerate(zip(*columns, strict=True)):
            entry, wrong = self._stays[texts]
            for place, cell in entry:
                matrix[row, place] = cell
            for column, value, expected in wrong:
                yield WrongValue(row, column, value, expected)


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


_StayTexts = tuple[str, ...]
"""The texts of one row, in the order of `earlier_stays.NAMES`; empty for a missing one."""


class _Stays(dict[_StayTexts, tuple[Entry, list[tuple[str, str, str]]]]):
    """The cells that the fields of earlier stays set, and each wrong field, its text and limits."""

    def __init__(self, tables: Mapping[str, Entries]) -> None:
        super().__init__()
        self._tables = tables

    def __missing__(self, texts: _StayTexts) -> tuple[Entry, list[tuple[str, str, str]]]:
        sent = dict(zip(earlier_stays.NAMES, texts, strict=True))
        fields, problems = earlier_stays.read(sent)
        wrong = [(name, sent[name], expected) for name, expected in problems]
        tables = self._tables.items() if fields and not wrong else ()
        entry = tuple(cell for name, table in tables for cell in table[fields[name]])
        if len(self) < CACHED:
            self[texts] = entry, wrong
        return entry, wrong


def _dictionary(rows: pa.Table, name: str) -> tuple[npt.NDArray[np.int64], Sequence[str]]:
    """Return the distinct texts of a column, and the position of each row's."""
    encoded = rows.column(name).combine_chunks().dictionary_encode()
    codes = np.asarray(encoded.indices).astype(np.int64)
    return codes, cast("list[str]", encoded.dictionary.to_pylist())
