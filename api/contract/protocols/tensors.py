"""Tensors of the Open Inference Protocol (KServe V2), as rows of fields and back."""

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import Any, TypeGuard

from pydantic import Field

from api.contract.fields import columns_of
from api.contract.predictions import (
    EncounterFields,
    FollowUpFields,
    PredictionFields,
    ResponseModel,
)
from api.contract.protocols.json_objects import wrong_shape
from api.errors import InvalidEncounter, Problem
from readmission.domain import schema
from readmission.domain.columns import earlier_stays

Row = dict[str, Any]
MAX_DIMENSIONS = 8
TEXT, WHOLE = "BYTES", "INT64"
DATATYPES = {str: TEXT, int: WHOLE, float: "FP64", bool: "BOOL"}
OUTPUTS = columns_of(PredictionFields, EncounterFields, FollowUpFields)
"""One tensor for each column that a file of predictions has for a prediction."""


class TensorDescription(ResponseModel):
    """A tensor of the model."""

    name: str = Field(examples=["age"])
    datatype: str = Field(examples=[TEXT])
    shape: list[int] = Field(examples=[[-1]])


class Tensor(TensorDescription):
    """Values of one field, one for each encounter; null if there is no prediction."""

    data: list[Any] = Field(examples=[["[70-80)"]])


def described_inputs() -> list[dict[str, Any]]:
    """Return the tensors of a request, one for each field; those of earlier stays are optional."""
    return [
        {"name": column.name, "datatype": WHOLE if column.is_number else TEXT, "shape": [-1]}
        for column in (*schema.REQUEST_COLUMNS, *earlier_stays.FIELDS)
    ]


def described_outputs() -> list[dict[str, Any]]:
    """Return the tensors of a response."""
    return [{"name": c.name, "datatype": DATATYPES[c.type], "shape": [-1]} for c in OUTPUTS]


def outputs_of(lines: Sequence[Mapping[str, Any]], wanted: Sequence[str]) -> list[dict[str, Any]]:
    """Return the tensors of predicted rows: those that are wanted, or all if none is named."""
    return [
        {
            "name": column.name,
            "datatype": DATATYPES[column.type],
            "shape": [len(lines)],
            "data": [column.cell(line) for line in lines],
        }
        for column in OUTPUTS
        if not wanted or column.name in wanted
    ]


def wanted_outputs(body: Mapping[str, Any]) -> list[str]:
    """Return the names of the outputs that a request selects.

    Raises
    ------
    InvalidEncounter
        If `outputs` is not a list, is longer than the list of all outputs, or names one that does
        not exist.
    """
    outputs = body.get("outputs") or []
    known = [column.name for column in OUTPUTS]
    # A megabyte has room for half a million wrong names, and each becomes a problem.
    if not isinstance(outputs, list) or len(outputs) > len(known):
        raise wrong_shape(
            "outputs", f"a list of at most {len(known)} outputs, each with its 'name'"
        )
    names: list[Any] = [o.get("name") if isinstance(o, dict) else o for o in outputs]
    problems = [
        Problem.wrong_value("outputs", name, f"one of {', '.join(known)}")
        for name in names
        if name not in known
    ]
    if problems:
        raise InvalidEncounter(problems)
    return names


def rows_of(body: Mapping[str, Any]) -> list[Row]:
    """Return the rows of a request with one tensor for each field.

    Raises
    ------
    InvalidEncounter
        If it has no tensors, or tensors of different lengths.
    """
    inputs = body.get("inputs")
    if not isinstance(inputs, list) or not inputs:
        raise wrong_shape("inputs", "a list with one tensor for each field of an encounter")
    columns: dict[str, list[Any]] = {}
    for tensor in inputs:
        name, values = _values(tensor)
        if name in columns:
            raise InvalidEncounter([Problem.repeated_field(name)])
        columns[name] = values
    lengths = {len(values) for values in columns.values()}
    if len(lengths) > 1 or not lengths - {0}:
        raise wrong_shape("inputs", "tensors of the same length, one value for each encounter")
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _values(tensor: Any) -> tuple[str, list[Any]]:
    """Return name and values of a tensor."""
    if not isinstance(tensor, dict) or not isinstance(tensor.get("name"), str):
        raise wrong_shape("inputs", "tensors with 'name', 'shape', 'datatype' and 'data'")
    name, shape, data = tensor["name"][:100], tensor.get("shape"), tensor.get("data")
    if not isinstance(data, list):
        raise wrong_shape(name, "its values as JSON in 'data'; binary tensors are not read")
    values = [_whole(value) for value in _flat(data)]
    if not _is_shape(shape) or prod(shape) != len(values):
        raise wrong_shape(name, f"a 'shape' of the {len(values)} values in 'data'")
    return name, values


def _is_shape(shape: Any) -> TypeGuard[list[int]]:
    """Whether this is a short list of sizes: the product of many could have millions of digits."""
    return (
        isinstance(shape, list)
        and len(shape) <= MAX_DIMENSIONS
        and all(type(size) is int for size in shape)
    )


def _flat(data: list[Any]) -> Iterator[Any]:
    """Yield the values of a tensor: data may be nested once, as for the shape [n, 1]."""
    for value in data:
        yield from value if isinstance(value, list) else (value,)


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value
