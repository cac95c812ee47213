"""The four JSON forms of MLflow's scoring server, as rows of fields."""

from collections.abc import Callable, Mapping
from typing import Any

from api.contract.protocols.json_objects import repeated_names, wrong_shape
from api.errors import InvalidEncounter, Problem
from readmission.domain import schema

Row = dict[str, Any]
IGNORED_KEYS = frozenset({"params", "signature_name"})
"""What MLflow's clients may send beside the data; no model here has parameters."""


def rows_of(body: Mapping[str, Any]) -> list[Row]:
    """Return the rows of a body in one of the forms of `FORMS`.

    Raises
    ------
    InvalidEncounter
        If the body has none of the forms or several, or does not follow its form.
    """
    found = [name for name in body if name not in IGNORED_KEYS]
    if len(found) != 1 or found[0] not in FORMS:
        hint = ONE_OF_THEM
        if schema.BY_NAME.keys() & body.keys():
            hint += "; POST /predict takes one encounter as it is"
        raise InvalidEncounter([Problem.wrong_body(f"expected {hint}")])
    (name,) = found
    rows = FORMS[name](name, body[name])
    if not rows:
        raise wrong_shape(name, "at least one encounter")
    return rows


def _records(name: str, data: Any) -> list[Row]:
    if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
        raise wrong_shape(name, "a list of objects, each with the fields of one encounter")
    return data


def _split(name: str, data: Any) -> list[Row]:
    parts = data if isinstance(data, dict) else {}
    columns, rows = parts.get("columns"), parts.get("data")
    if not isinstance(columns, list) or not isinstance(rows, list):
        raise wrong_shape(name, "an object with the lists 'columns' and 'data'")
    if not all(isinstance(column, str) for column in columns):
        raise wrong_shape(name, "the columns by their names")
    if len(set(columns)) < len(columns):
        raise repeated_names(columns)
    for number, row in enumerate(rows, 1):
        if not isinstance(row, list) or len(row) != len(columns):
            raise wrong_shape(name, f"{len(columns)} values in row {number}, one for each column")
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _columns(name: str, data: Any) -> list[Row]:
    """Read columns, or the records that MLflow accepts here as well."""
    if isinstance(data, list):
        return _records(name, data)
    if not isinstance(data, dict) or not data:
        raise wrong_shape(name, "an object with a list of values for each field")
    if not any(isinstance(values, list) for values in data.values()):
        return [data]
    lengths = {len(values) if isinstance(values, list) else -1 for values in data.values()}
    if len(lengths) > 1:
        raise wrong_shape(name, "lists of the same length for all fields")
    return [dict(zip(data, row, strict=True)) for row in zip(*data.values(), strict=True)]


FORMS: Mapping[str, Callable[[str, Any], list[Row]]] = {
    "dataframe_split": _split,
    "dataframe_records": _records,
    "instances": _records,
    "inputs": _columns,
}
"""By the only key of the body, besides `IGNORED_KEYS`."""
ONE_OF_THEM = "exactly one of " + ", ".join(FORMS)
