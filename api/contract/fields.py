"""Derive JSON fields, table columns and an example from a response model.

A response model declares each field once. NDJSON, CSV, Parquet and OpenAPI take names, order and
types from that declaration. Everything is derived at import, so a request costs only attribute
lookups, without pydantic.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

CELL_TYPES = (str, int, float, bool)
"""Types that one cell of a table can hold."""


@dataclass(frozen=True)
class ReadBy:
    """Annotation: compute the field with `read`; the default is the attribute of that name."""

    read: Callable[[Any], Any]


@dataclass(frozen=True)
class OneColumnPerKey:
    """Annotation: in tables, a mapping becomes the columns ``<prefix>_<key>``."""

    prefix: str


@dataclass(frozen=True)
class JsonOnly:
    """Annotation: leave the field out of tables."""


@dataclass(frozen=True)
class TextCell:
    """Annotation: in tables, the value is text, whatever type it has in JSON."""


@dataclass(frozen=True)
class TableColumn:
    """One column of a table.

    Parameters
    ----------
    name : str
        Header of the column.
    type : type
        One of `CELL_TYPES`.
    path : tuple of str
        Where the value is in a JSON line: the field, then the key in it, if any.
    """

    name: str
    type: type
    path: tuple[str, ...]

    def cell(self, line: Mapping[str, Any]) -> Any:
        """Return the value of this column in a JSON line, or None if the line has none."""
        value: Any = line
        for key in self.path:
            if value is None:
                return None
            value = value.get(key)
        return str(value) if self.type is str and value is not None else value


def reader_of(model: type[BaseModel]) -> Callable[[Any], dict[str, Any]]:
    """Return a function that reads all fields of a model from their source object."""
    readers = tuple(
        (name, _annotation(field, ReadBy, ReadBy(attrgetter(name))).read)
        for name, field in model.model_fields.items()
    )
    return lambda source: {name: read(source) for name, read in readers}


def columns_of(*models: type[BaseModel]) -> tuple[TableColumn, ...]:
    """Return the columns of a table with rows of several models; shared columns appear once.

    Raises
    ------
    TypeError
        If a field fits no cell and is not annotated with `OneColumnPerKey` or `JsonOnly`.
    """
    columns = {
        column.name: column
        for model in models
        for name, field in model.model_fields.items()
        for column in _columns(f"{model.__name__}.{name}", name, field)
    }
    return tuple(columns.values())


def example_of(model: type[BaseModel]) -> dict[str, Any]:
    """Return the first example of each field.

    Raises
    ------
    TypeError
        If a field has no example.
    """
    example = {}
    for name, field in model.model_fields.items():
        if not field.examples:
            raise TypeError(f"{model.__name__}.{name} has no example; add Field(examples=[...])")
        example[name] = field.examples[0]
    return example


def _columns(where: str, name: str, field: FieldInfo) -> Iterator[TableColumn]:
    if _annotation(field, JsonOnly, None) is not None:
        return
    type_ = _without_none(field.annotation)
    if _annotation(field, TextCell, None) is not None:
        yield TableColumn(name, str, (name,))
        return
    per_key = _annotation(field, OneColumnPerKey, None)
    if per_key is None:
        yield TableColumn(name, _cell_type(where, type_), (name,))
        return
    keys, value_type = get_args(type_)
    for key in get_args(keys):
        column = f"{per_key.prefix}_{key}"
        yield TableColumn(column, _cell_type(where, value_type), (name, key))


def _annotation(field: FieldInfo, kind: type, default: Any) -> Any:
    """Return the annotation of a kind, or the default."""
    found = (mark for mark in field.metadata if isinstance(mark, kind))
    return next(found, default)


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) not in (Union, UnionType):
        return annotation
    others = [kind for kind in get_args(annotation) if kind is not NoneType]
    return others[0] if len(others) == 1 else annotation


def _cell_type(where: str, annotation: Any) -> type:
    kinds = {annotation}
    if get_origin(annotation) is Literal:
        kinds = {type(value) for value in get_args(annotation)}
    (kind,) = kinds if len(kinds) == 1 else (None,)
    if kind not in CELL_TYPES:
        raise TypeError(
            f"{where}: {annotation} does not fit into a cell; annotate the field with"
            " OneColumnPerKey or JsonOnly"
        )
    return kind
