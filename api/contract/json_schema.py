"""JSON Schema of a field of the request: every form that `Column.read` accepts."""

from collections.abc import Iterable
from typing import Any

from readmission.domain.columns import (
    LARGEST_CODE,
    OLDEST,
    SPELLINGS,
    Column,
    Kind,
    earlier_stays,
    icd10,
)
from readmission.domain.columns.wording import HEAVIEST


def _any_case(sign: str) -> str:
    if sign.isalpha():
        return f"[{sign.upper()}{sign.lower()}]"
    return r"\\" if sign == "\\" else f"[{sign}]"


_ANY_CASE = ("".join(map(_any_case, word)) for word in SPELLINGS)
_MISSING_PATTERN = f"^(?:{'|'.join(_ANY_CASE)})$"
_MISSING: list[dict[str, Any]] = [
    {"type": "string", "pattern": _MISSING_PATTERN},
    {"type": "null"},
]
_LARGEST_IN_TEXT = 10**9
"""Larger keys may be sent as text as well; the pattern would be unreadable."""


def json_schema_of(column: Column, *, may_be_null: bool) -> dict[str, Any]:
    """Return the schema of a field.

    Parameters
    ----------
    column : Column
        The field.
    may_be_null : bool
        Whether the field may be left out, so that it may also be missing.
    """
    accepted = _values(column)
    if may_be_null or column.missing_value is not None:
        accepted += _MISSING
    return accepted[0] if len(accepted) == 1 else {"anyOf": accepted}


def with_or_without_stays() -> list[dict[str, Any]]:
    """Return the schemas of a request with earlier stays, with none, and with unknown ones."""
    no_value = {"anyOf": _MISSING}
    some = {name: {"not": no_value} for name in earlier_stays.NEEDED}
    some[earlier_stays.KNOWN] = {"not": {"anyOf": [*_MISSING, {"enum": [0, "0"]}]}}
    none: dict[str, dict[str, Any]] = {
        name: {"anyOf": [*_spellings(earlier_stays.BY_NAME[name], value), *_MISSING]}
        for name, value in earlier_stays.RAW_NONE.items()
    }
    none[earlier_stays.KNOWN] = {"enum": [0, "0"]}
    return [
        {"properties": dict.fromkeys(earlier_stays.NAMES, no_value)},
        {"properties": none, "required": [earlier_stays.KNOWN]},
        {"properties": some, "required": list(earlier_stays.NEEDED)},
    ]


def _spellings(column: Column, value: str | int) -> list[dict[str, Any]]:
    """Return the schemas of all spellings of one value of a field of earlier stays."""
    if isinstance(value, int):
        return [{"enum": [value, str(value)]}]
    return [_any_of([value, *(word for word, read in column.synonyms.items() if read == value)])]


def _values(column: Column) -> list[dict[str, Any]]:
    if column.is_number:
        return _whole_number(column.minimum, column.maximum)
    if column.kind is Kind.DIAGNOSIS:
        number = {"type": "number", "minimum": 0, "maximum": 999.99, "multipleOf": 0.01}
        patterns = (column.pattern, icd10.pattern())
        return [*({"type": "string", "pattern": pattern} for pattern in patterns), number]
    if not column.is_closed:
        return [{"type": "string", "pattern": column.pattern}]
    numbers = [int(value) for value in column.values if value.isdigit()]
    meanings = [text for text in column.values.values() if text not in column.values]
    listed: list[dict[str, Any]] = [{"enum": [*numbers, *column.values, *meanings]}]
    with_letters = (word for word in [*column.values, *meanings] if word.lower() != word.upper())
    listed.append(_any_of([*with_letters, *column.synonyms]))
    if "True" in column.synonyms or "False" in column.synonyms:
        listed.append({"type": "boolean"})
    return listed + _numbers(column)


def _any_of(words: Iterable[str]) -> dict[str, Any]:
    pattern = "|".join("".join(map(_any_case, word)) for word in words)
    return {"type": "string", "pattern": f"^(?:{pattern})$"}


def _numbers(column: Column) -> list[dict[str, Any]]:
    """Return the schemas of the numbers that stand for values of a closed list."""
    if column.kind is Kind.INTERVAL:
        return _whole_number(0, OLDEST)
    if column.is_weight:
        return [{"type": "number", "minimum": 0, "maximum": HEAVIEST}]
    if test := column.measurement:
        number = {"type": "number", "minimum": test.lowest, "exclusiveMaximum": test.below}
        return [number, {"type": "string", "pattern": test.pattern}]
    return _whole_number(1, LARGEST_CODE) if column.other else []


def _whole_number(minimum: int, maximum: int) -> list[dict[str, Any]]:
    pattern = f"^(?:{_number_pattern(minimum, maximum)})$"
    return [
        {"type": "integer", "minimum": minimum, "maximum": maximum},
        {"type": "string", "pattern": pattern},
    ]


def _number_pattern(minimum: int, maximum: int) -> str:
    """Return a pattern of the whole numbers from 0 or 1 to a limit of two or more digits."""
    maximum = min(maximum, _LARGEST_IN_TEXT)
    digits = str(maximum)
    shorter = ["0"] if minimum == 0 else []
    shorter.append(f"[1-9][0-9]{{0,{len(digits) - 2}}}")
    same_length = []
    for place, digit in enumerate(digits):
        lowest, highest = (1 if place == 0 else 0), int(digit) - 1
        if highest >= lowest:
            rest = f"[0-9]{{{len(digits) - place - 1}}}"
            same_length.append(f"{digits[:place]}[{lowest}-{highest}]{rest}")
    return "|".join([*shorter, *same_length, digits])
