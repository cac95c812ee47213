"""Parse a JSON body of any shape by the rules of an encounter: no field twice, a BOM is skipped."""

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from api.errors import InvalidEncounter, MalformedBody, Problem


def parse_object(body: bytes, expected: str = "a JSON object") -> dict[str, Any]:
    """Return the JSON object in a body; NaN, which pandas writes, becomes None.

    Parameters
    ----------
    body : bytes
        The body.
    expected : str
        What the error asks for if the JSON is not an object.

    Raises
    ------
    MalformedBody
        If it is not JSON.
    InvalidEncounter
        If it is not an object, or one of its objects has a field twice.
    """
    try:
        parsed = json.loads(
            body.decode("utf-8-sig"),
            object_pairs_hook=_without_repeats,
            parse_constant=lambda _name: None,
        )
        if b"\\u" in body:
            # An escape may stand for half a character, which no response could contain.
            json.dumps(parsed, ensure_ascii=False).encode()
    except RecursionError:
        raise MalformedBody("it is nested too deeply") from None
    except ValueError as error:
        raise MalformedBody(_reason(error), body) from None
    if not isinstance(parsed, dict):
        raise InvalidEncounter([Problem.wrong_body(f"expected {expected}")])
    return parsed


def wrong_shape(field: str, expected: str) -> InvalidEncounter:
    """Return the error for a field without the structure of its protocol; no value is shown."""
    message = f"field {field!r}: expected {expected}"
    return InvalidEncounter([Problem(field, None, expected, message)])


def repeated_names(names: Iterable[str]) -> InvalidEncounter:
    """Return the error with each repeated name; in linear time, as a body may have 100,000."""
    counts = Counter(names)
    return InvalidEncounter([Problem.repeated_field(n) for n, times in counts.items() if times > 1])


def _reason(error: ValueError) -> str:
    """Return what is wrong without quoting the body."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at line {error.lineno} column {error.colno}"
    if isinstance(error, UnicodeEncodeError):
        return "a text has half of a surrogate pair"
    return "it is not UTF-8" if isinstance(error, UnicodeError) else "a number is too long"


def _without_repeats(fields: list[tuple[str, Any]]) -> dict[str, Any]:
    parsed = dict(fields)
    if len(parsed) < len(fields):
        raise repeated_names(name for name, _ in fields)
    return parsed
