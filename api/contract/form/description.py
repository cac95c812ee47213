"""The fields of a request in words, for forms and explanations."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from api.contract.encounter import is_required
from api.contract.form.presets import presets
from readmission.domain import codes, schema
from readmission.domain.columns import MISSING, Column, earlier_stays


def label_of(column: Column) -> str:
    """Return the name of a field for users."""
    if column.name in codes.MEDICINES:
        return column.name.replace("-", " with ").capitalize()
    return column.meaning.rstrip(".")


def _describe(column: Column) -> dict[str, Any]:
    return {
        "name": column.name,
        "label": label_of(column),
        "meaning": column.meaning,
        "section": column.section.value,
        "medicine": column.name in codes.MEDICINES,
        "kind": column.kind.value,
        "required": is_required(column),
        "nullable": column.nullable,
        "modifiable": column.modifiable,
        "open_set": column.open_set,
        "values": dict(column.values),
        "minimum": column.minimum if column.is_number else None,
        "maximum": column.maximum if column.is_number else None,
        "pattern": column.pattern,
        "example": int(column.example) if column.is_number else column.example,
        "expected": column.expected,
    }


DESCRIPTION: Mapping[str, Any] = MappingProxyType(
    {
        "fields": [_describe(column) for column in schema.REQUEST_COLUMNS],
        "earlier_stays": [
            _describe(column) | {"required": False} for column in earlier_stays.FIELDS
        ],
        "classes": dict(schema.BY_NAME[schema.TARGET].values),
        "missing": MISSING,
        "presets": presets(schema.example()),
        "version": schema.VERSION,
    }
)
"""The response of `GET /schema`, without limits: enough to build a form."""
