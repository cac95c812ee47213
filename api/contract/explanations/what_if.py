"""The request of `POST /explain`: an encounter and, if wanted, other values of its fields."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic_core import from_json

from api.contract.encounter import (
    BYTE_ORDER_MARK,
    EncounterBody,
    check_encounter,
    check_fields_are_unique,
    parse_encounter,
)
from api.contract.json_schema import json_schema_of
from api.contract.readings import readings_of
from api.errors import InvalidEncounter, MalformedBody, Problem
from readmission.domain import schema
from readmission.serving.encoding_tables import Encounter

WHAT_IF = "what_if"
MAX_VALUES = 200
"""Most values of all fields together; each costs a prediction. The page needs about 150."""
EXAMPLE: Mapping[str, Any] = {"insulin": ["No", "Up"], "time_in_hospital": [2, 7]}

_MODIFIABLE = {column.name: column for column in schema.MODIFIABLE}
_EXPECTED = "one of the modifiable fields: " + ", ".join(_MODIFIABLE)
_SHAPE = 'an object with a list of values for each field, such as {"insulin": ["No", "Up"]}'


@dataclass(frozen=True)
class Alternative:
    """The encounter with another value of one field.

    Parameters
    ----------
    field : str
        The field that differs.
    encounter : mapping
        The whole encounter without its keys.
    remark : str, optional
        What the value was read as, if the contract does not list it as it was sent.
    """

    field: str
    encounter: Encounter
    remark: str | None


def parse_explain_request(body: bytes) -> tuple[Encounter, list[Alternative]]:
    """Parse the body of a request: the encounter and its alternatives.

    Raises
    ------
    MalformedBody
        If the body is not JSON.
    InvalidEncounter
        Naming each field, and each field of `what_if`, that is missing, unknown or wrong.
    """
    if WHAT_IF.encode() not in body:
        return parse_encounter(body), []
    try:
        fields = from_json(body.removeprefix(BYTE_ORDER_MARK))
    except ValueError as error:
        raise MalformedBody(str(error), body) from None
    if not isinstance(fields, dict) or WHAT_IF not in fields:
        return parse_encounter(body), []
    check_fields_are_unique(body, fields)
    wanted = fields.pop(WHAT_IF)
    encounter = check_encounter(fields)
    features = {name: encounter[name] for name in schema.FEATURE_NAMES}
    return encounter, _alternatives(wanted, features)


def json_schema() -> dict[str, Any]:
    """Return the JSON schema of the request."""
    described = EncounterBody.json_schema()
    several = {"type": "array", "minItems": 1, "maxItems": MAX_VALUES}
    lists = {
        name: {**several, "items": json_schema_of(column, may_be_null=column.nullable)}
        for name, column in _MODIFIABLE.items()
    }
    described["properties"][WHAT_IF] = {
        "title": WHAT_IF,
        "description": (
            "Other values of modifiable fields. Each is predicted with all other fields as sent;"
            f" at most {MAX_VALUES} values in total. They are neither counted nor logged."
        ),
        "type": "object",
        "properties": lists,
        "minProperties": 1,
        "additionalProperties": False,
        "examples": [dict(EXAMPLE)],
    }
    return described


def _alternatives(wanted: Any, features: Encounter) -> list[Alternative]:
    problems = list(_problems_of_shape(wanted))
    if problems:
        raise InvalidEncounter(problems)
    found = []
    for name, value in ((name, value) for name, values in wanted.items() for value in values):
        try:
            changed = check_encounter({**features, name: value}, {name})
        except InvalidEncounter as error:
            problems += [_in_what_if(problem) for problem in error.problems]
            continue
        remarks = (reading.remark for reading in readings_of(changed) if reading.field == name)
        found.append(Alternative(name, changed, next(remarks, None)))
    if problems:
        raise InvalidEncounter(problems)
    return found


def _problems_of_shape(wanted: Any) -> Iterator[Problem]:
    """Yield what is wrong before any value is read."""
    if not isinstance(wanted, dict) or not wanted:
        yield Problem.wrong_value(WHAT_IF, wanted, _SHAPE)
        return
    for name, values in wanted.items():
        if name not in schema.BY_NAME:
            yield _in_what_if(Problem.unknown_field(name, values, _EXPECTED))
        elif name not in _MODIFIABLE:
            message = f"field {name!r} is not modifiable, expected {_EXPECTED}"
            yield Problem(f"{WHAT_IF}.{name}", None, _EXPECTED, message)
        elif not isinstance(values, list) or not values:
            yield Problem.wrong_value(f"{WHAT_IF}.{name}", values, "a list of values")
    total = sum(len(values) for values in wanted.values() if isinstance(values, list))
    if total > MAX_VALUES:
        expected = f"at most {MAX_VALUES} values in total"
        yield Problem(
            WHAT_IF, total, expected, f"{WHAT_IF} has {total} values, expected {expected}"
        )


def _in_what_if(problem: Problem) -> Problem:
    """Return the problem of an alternative; its field says that it is not the encounter's own."""
    message = f"{WHAT_IF}: {problem.message}"
    return replace(problem, field=f"{WHAT_IF}.{problem.field}", message=message)
