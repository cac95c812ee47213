"""Columns of a table of predictions, read from the API's own description.

The page does not name fields that it only passes on: a field added to the API becomes a column on
the page and in its CSV file.
"""

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ui.client import ApiUnavailable, Json

LINE_NUMBER, PREDICTED, PROBABILITIES = "line", "predicted_class", "probabilities"
"""Fields that the page itself reads."""
LEFT_OUT = ("row",)
"""The API's older number of a row, counted from 0: two numbers for one row would confuse people."""
PATH = "/predict/batch"
LINE, TABLE = "application/x-ndjson", "text/csv"


@dataclass(frozen=True)
class PredictionColumn:
    """One column.

    Parameters
    ----------
    name : str
        Its header in the API's CSV.
    path : tuple of str
        Where the value is in a JSON line: the field, then the key in it, if any.
    """

    name: str
    path: tuple[str, ...]

    def cell(self, line: Json) -> Any:
        """Return the value of this column in a JSON line, or None if the line has none."""
        value: Any = line
        for key in self.path:
            if value is None:
                return None
            value = value.get(key)
        return value


def read_columns(openapi: Json) -> tuple[PredictionColumn, ...]:
    """Return the columns of a predicted row, in the API's order.

    Parameters
    ----------
    openapi : dict
        The API's description. Its example of a predicted row as JSON and as CSV has the same
        fields in the same order; CSV has a column for each key of a mapping, with the key at the
        end of its name, and lacks fields that do not fit into a table.

    Raises
    ------
    ApiUnavailable
        If the description has no such examples, because it is not the prediction API's.
    """
    try:
        examples = openapi["paths"][PATH]["post"]["responses"]["200"]["content"]
        line, table = examples[LINE]["example"], examples[TABLE]["example"]
    except KeyError as error:
        raise ApiUnavailable("The service does not describe its predictions") from error
    names = deque(next(csv.reader(table.splitlines())))
    columns = (
        PredictionColumn(names.popleft(), path)
        for path in _paths(line)
        if names and _is_header_of(names[0], path)
    )
    return tuple(column for column in columns if column.name not in LEFT_OUT)


def _paths(line: Json) -> Iterator[tuple[str, ...]]:
    for field, value in line.items():
        if isinstance(value, dict):
            yield from ((field, key) for key in value)
        else:
            yield (field,)


def _is_header_of(name: str, path: tuple[str, ...]) -> bool:
    return name == path[0] if len(path) == 1 else name.endswith(f"_{path[1]}")
