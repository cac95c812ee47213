"""What is wrong with one field of a request."""

import json
from dataclasses import dataclass
from typing import Any, Self

MAX_CHARACTERS = 100


@dataclass(frozen=True)
class Problem:
    """What is wrong with one field: its name, the value sent, the values expected."""

    field: str
    value: str | int | float | bool | None
    expected: str
    message: str

    @classmethod
    def wrong_value(cls, field: str, value: Any, expected: str) -> Self:
        """A known field has a value that the contract does not allow."""
        shown = _shortened(value)
        message = f"field {field!r}: {json.dumps(shown)} is not allowed, expected {expected}"
        return cls(field, shown, expected, message)

    @classmethod
    def missing_field(cls, field: str, expected: str) -> Self:
        """A required field is missing."""
        return cls(field, None, expected, f"field {field!r} is missing, expected {expected}")

    @classmethod
    def unknown_field(cls, field: str, value: Any, expected: str) -> Self:
        """The contract has no such field."""
        name = field[:MAX_CHARACTERS]
        message = f"field {name!r} is unknown, expected {expected}"
        return cls(name, _shortened(value), expected, message)

    @classmethod
    def repeated_field(cls, field: str) -> Self:
        """A JSON object has a field more than once."""
        name = field[:MAX_CHARACTERS]
        return cls(name, None, "one value", f"field {name!r} is repeated, expected one value")

    @classmethod
    def wrong_body(cls, expected: str) -> Self:
        """The body as a whole has the wrong type."""
        return cls("(body)", None, expected, f"the body has the wrong type: {expected}")


def _shortened(value: Any) -> str | int | float | bool | None:
    """Return `value` so that it fits into a short, valid JSON response."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) < 2**53:
        return value
    text = value if isinstance(value, str) else _compact(value)
    return text if len(text) <= MAX_CHARACTERS else text[:MAX_CHARACTERS] + "…"


def _compact(value: Any) -> str:
    try:
        return json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        return f"a value of type {type(value).__name__}"
