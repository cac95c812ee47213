"""The fitted encoder as lookup tables, from each value of a field to cells of the matrix."""

import json
import math
from array import array
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from readmission.domain import schema
from readmission.domain.columns import MISSING, Column, Kind, earlier_stays
from readmission.domain.diagnoses import diagnosis_of, group_of

Value = str | int
Encounter = Mapping[str, Value]
"""One raw encounter: counts as int, all other values as the text of the file."""

Entry = tuple[tuple[int, float], ...]
"""Column and content of each cell that a value sets."""
Entries = Mapping[Value, Entry]

_NO_CELL: Entry = ()


class _OpenSet(dict[Value, Entry]):
    """The table of an open set: a value that was not in the training rows sets no cell."""

    def __missing__(self, value: Value) -> Entry:
        return _NO_CELL


class _Diagnoses(dict[Value, Entry]):
    """The table of ICD-9 codes; it caches each code, of which there are few."""

    def __init__(self, entries: Entries) -> None:
        super().__init__({MISSING: of_diagnosis(entries, schema.UNKNOWN)})
        self._entries = entries

    def __missing__(self, code: Value) -> Entry:
        entry = self[code] = of_diagnosis(self._entries, diagnosis_of(str(code)))
        return entry


def of_diagnosis(entries: Entries, diagnosis: str) -> Entry:
    """Return the cells of a diagnosis in CLEAN; one of a rare category sets those of its group."""
    found = entries.get(diagnosis)
    return entries.get(group_of(diagnosis), _NO_CELL) if found is None else found


class EncodingTables:
    """A fitted encoder as one table per field.

    Parameters
    ----------
    columns : sequence of sequence of str
        The fields from which each column of the encoded matrix is made.
    absent : float
        Content of a cell that no value sets: 0, or NaN where that means missing.
    entries : mapping of str to mapping
        For each feature, the cells that each value sets. For diagnoses, the keys are clinical
        groups, and group with category if the category has a column.
    """

    def __init__(
        self, columns: Sequence[Sequence[str]], absent: float, entries: Mapping[str, Entries]
    ) -> None:
        self.columns = columns
        self.absent = absent
        self.entries = entries
        tables = [(name, _lookup(name, table)) for name, table in entries.items()]
        self._tables = [pair for pair in tables if pair[0] not in earlier_stays.BY_NAME]
        self._stays = [pair for pair in tables if pair[0] in earlier_stays.BY_NAME]
        self._blank = array("f", [absent]) * len(columns)

    @property
    def takes_history(self) -> bool:
        """Whether the model was trained with fields of earlier stays."""
        return bool(self._stays)

    @property
    def lookups(self) -> Mapping[str, Entries]:
        """The cells that each value of a feature sets, without the fields of earlier stays."""
        return dict(self._tables)

    @property
    def stays(self) -> Mapping[str, Entries]:
        """The cells that each value of a field of earlier stays sets; empty without history."""
        return dict(self._stays)

    def encode(self, encounters: Sequence[Encounter]) -> npt.NDArray[np.float32]:
        """Return the same matrix as the fitted encoder, shape (n, columns).

        Parameters
        ----------
        encounters : sequence of mapping, length n
            Validated; they contain every feature, with ``?`` for a missing value, and all fields of
            earlier stays or none.
        """
        width, tables, start = len(self._blank), self._tables, 0
        cells = self._blank * len(encounters)
        for encounter in encounters:
            for name, table in tables:
                for place, cell in table[encounter[name]]:
                    cells[start + place] = cell
            if earlier_stays.KNOWN in encounter:
                for name, table in self._stays:
                    for place, cell in table[encounter[name]]:
                        cells[start + place] = cell
            start += width
        return np.frombuffer(cells, dtype=np.float32).reshape(len(encounters), width)

    def owners(self, encounter: Encounter) -> list[Sequence[str]]:
        """Return the fields to which the contribution of each column belongs.

        A column of several fields belongs to those that set it, or to all of them if none does.
        """
        setters: dict[int, list[str]] = {}
        for name, table in self._tables:
            for place, _ in table[encounter[name]]:
                setters.setdefault(place, []).append(name)
        return [setters.get(place, fields) for place, fields in enumerate(self.columns)]

    def values_no_longer_allowed(self) -> list[str]:
        """Return which fields and values of the tables this version's contract lacks."""
        return [lost for name, table in self.entries.items() for lost in _refused(name, table)]

    def with_new_values(self) -> Self:
        """Return tables that also have the values which the contract has gained since training.

        A new category sets no cell, like one that no training row had. A new number sets the cells
        of the nearest known one.
        """
        entries = {name: _with_new_values(name, table) for name, table in self.entries.items()}
        return type(self)(self.columns, self.absent, entries)

    def write(self, path: Path) -> None:
        """Write the tables as JSON."""
        fields = {
            name: [[value, *(number for cell in entry for number in cell)]
                   for value, entry in table.items()]
            for name, table in self.entries.items()
        }  # fmt: skip
        absent = None if math.isnan(self.absent) else self.absent
        columns = [list(names) for names in self.columns]
        path.write_text(json.dumps({"columns": columns, "absent": absent, "fields": fields}))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read tables that `write` has written."""
        content = json.loads(path.read_text())
        entries = {
            name: {value: _entry(numbers) for value, *numbers in table}
            for name, table in content["fields"].items()
        }
        absent = content["absent"]
        return cls(content["columns"], math.nan if absent is None else absent, entries)


def _entry(numbers: Sequence[float]) -> Entry:
    return tuple(
        (int(place), float(cell)) for place, cell in zip(numbers[::2], numbers[1::2], strict=True)
    )


def _lookup(name: str, table: Entries) -> Entries:
    if name in earlier_stays.BY_NAME:
        return _OpenSet(table)
    column = schema.BY_NAME.get(name)
    if column is None:  # A feature that the contract has lost.
        return table
    if column.kind is Kind.DIAGNOSIS:
        return _Diagnoses(table)
    return _OpenSet(table) if column.open_set else table


def _refused(name: str, table: Entries) -> list[str]:
    """Return what the contract lacks of a field: some of its values, or the field itself."""
    if name in earlier_stays.BY_NAME:
        return []
    if name not in schema.FEATURE_NAMES:
        return [name]
    column = schema.BY_NAME[name]
    if not (column.is_number or column.is_closed):
        return []
    return [f"{name} {value}" for value in table if not column.allows(value)]


def _with_new_values(name: str, table: Entries) -> Entries:
    column = schema.BY_NAME.get(name)
    if column is None or not (column.is_number or column.is_closed):
        return table
    return {value: _nearest(table, value) for value in _listed(column)} | dict(table)


def _listed(column: Column) -> list[Value]:
    """Return every value of a count or of a closed list."""
    missing: list[Value] = [MISSING] if column.nullable else []
    if column.is_number:
        return [*missing, *range(column.minimum, column.maximum + 1)]
    return [*missing, *column.values]


def _nearest(table: Entries, value: Value) -> Entry:
    """Return the entry of the nearest known number; a text has none."""
    known = [number for number in table if isinstance(number, int)]
    if not isinstance(value, int) or not known:
        return _NO_CELL
    return table[min(max(value, min(known)), max(known))]
