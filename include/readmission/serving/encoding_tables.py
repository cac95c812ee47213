"""The fitted encoder as lookup tables, from each value of a field to a cell of the matrix."""

import json
import math
from array import array
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from readmission.domain import schema
from readmission.domain.columns import MISSING, Kind
from readmission.domain.diagnoses import diagnosis_group

Value = str | int
Encounter = Mapping[str, Value]
"""One raw encounter: counts as int, all other values as the text of the file."""

Entry = tuple[int, float] | None
"""Column and content of the cell that a value sets; None if it sets none."""


class _OpenSet(dict[Value, Entry]):
    """The table of an open set: a value that was not in the training rows sets no cell."""

    def __missing__(self, value: Value) -> Entry:
        return None


class _Diagnoses(dict[Value, Entry]):
    """The table of ICD-9 codes by clinical group; it caches each code, of which there are few."""

    def __init__(self, by_group: Mapping[Value, Entry]) -> None:
        super().__init__({MISSING: by_group.get(schema.UNKNOWN)})
        self._by_group = by_group

    def __missing__(self, code: Value) -> Entry:
        entry = self[code] = self._by_group.get(diagnosis_group(str(code)))
        return entry


class EncodingTables:
    """A fitted encoder as one table per field.

    Parameters
    ----------
    columns : sequence of str
        The field of each column of the encoded matrix.
    absent : float
        Content of a cell that no value sets: 0, or NaN where that means missing.
    entries : mapping of str to mapping
        For each feature, the cell that each value sets; for diagnoses, each clinical group.
    """

    def __init__(
        self, columns: Sequence[str], absent: float, entries: Mapping[str, Mapping[Value, Entry]]
    ) -> None:
        self.columns = columns
        self.absent = absent
        self.entries = entries
        self._tables = [(name, _lookup(name, table)) for name, table in entries.items()]
        self._blank = array("f", [absent]) * len(columns)

    def encode(self, encounters: Sequence[Encounter]) -> npt.NDArray[np.float32]:
        """Return the same matrix as the fitted encoder, shape (n, columns).

        Parameters
        ----------
        encounters : sequence of mapping, length n
            Validated; they contain every feature, with ``?`` for a missing value.
        """
        width, tables, start = len(self._blank), self._tables, 0
        cells = self._blank * len(encounters)
        for encounter in encounters:
            for name, table in tables:
                entry = table[encounter[name]]
                if entry is not None:
                    cells[start + entry[0]] = entry[1]
            start += width
        return np.frombuffer(cells, dtype=np.float32).reshape(len(encounters), width)

    def write(self, path: Path) -> None:
        """Write the tables as JSON."""
        fields = {
            name: [[value, *(entry or ())] for value, entry in table.items()]
            for name, table in self.entries.items()
        }
        absent = None if math.isnan(self.absent) else self.absent
        content = {"columns": list(self.columns), "absent": absent, "fields": fields}
        path.write_text(json.dumps(content))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read tables that `write` has written."""
        content = json.loads(path.read_text())
        entries = {
            name: {value: _entry(cell) for value, *cell in table}
            for name, table in content["fields"].items()
        }
        absent = content["absent"]
        return cls(content["columns"], math.nan if absent is None else absent, entries)


def _entry(cell: Sequence[float]) -> Entry:
    return (int(cell[0]), float(cell[1])) if cell else None


def _lookup(name: str, table: Mapping[Value, Entry]) -> Mapping[Value, Entry]:
    column = schema.BY_NAME[name]
    if column.kind is Kind.DIAGNOSIS:
        return _Diagnoses(table)
    return _OpenSet(table) if column.open_set else table
