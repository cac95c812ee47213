"""A hint for encounters in the envelope of another protocol, instead of a problem per field."""

from collections.abc import Mapping
from typing import Any

from api.errors.problems import Problem
from api.errors.requests import InvalidEncounter
from readmission.domain import schema

LONGEST_NAME = 60
"""Characters; a longer name is not repeated."""
_UNWRAP = "the fields of the encounter themselves, without {name!r} around them"
_MLFLOW = "{name!r} at POST /invocations, or here " + _UNWRAP
_KSERVE = "tensors at POST /v2/models/<name>/infer, or here " + _UNWRAP
_ENVELOPES: Mapping[str, str] = {
    "features": _UNWRAP,
    "data": _UNWRAP,
    "encounter": _UNWRAP,
    "records": _UNWRAP,
    **dict.fromkeys(("dataframe_split", "dataframe_records", "instances", "inputs"), _MLFLOW),
}


def wrapped(fields: Any) -> InvalidEncounter | None:
    """Return the error for an encounter that is wrapped in an object or a list; None if it is not.

    Parameters
    ----------
    fields : object
        What the request model has refused.
    """
    if not isinstance(fields, dict) or schema.BY_NAME.keys() & fields.keys():
        return None
    name = next((name for name in (*_ENVELOPES, *_only(fields)) if name in fields), None)
    if name is None:
        return None
    is_kserve = name == "inputs" and _has_tensors(fields[name])
    hint = _KSERVE if is_kserve else _ENVELOPES.get(name, _UNWRAP)
    expected = hint.format(name=name)
    message = f"field {name!r} is not a field of an encounter, expected {expected}"
    return InvalidEncounter([Problem(name, None, expected, message)])


def _only(fields: Mapping[str, Any]) -> list[str]:
    """Return the name of the only field if it has an object or a list."""
    names = [name for name, value in fields.items() if isinstance(value, dict | list)]
    return [name for name in names if len(fields) == 1 and len(name) <= LONGEST_NAME]


def _has_tensors(inputs: Any) -> bool:
    return isinstance(inputs, list) and any(
        isinstance(tensor, dict) and "datatype" in tensor for tensor in inputs
    )
