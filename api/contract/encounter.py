"""The request: one raw encounter, derived from `readmission.domain.schema`.

It may have the fields of `readmission.domain.columns.earlier_stays`, all or none.
"""

import json
from collections import Counter
from collections.abc import Collection
from difflib import get_close_matches
from typing import Annotated, Any, Literal, NotRequired

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
    with_config,
)
from pydantic_core import ErrorDetails, from_json
from typing_extensions import TypedDict

from api.contract.json_schema import json_schema_of, with_or_without_stays
from api.contract.readings import with_readings
from api.errors import InvalidEncounter, MalformedBody, Problem
from api.errors.base import MAX_PROBLEMS
from api.errors.envelopes import wrapped
from readmission.domain import schema
from readmission.domain.columns import (
    MISSING,
    MISSING_TEXTS,
    Column,
    Kind,
    earlier_stays,
    is_missing,
)
from readmission.domain.columns.spelling import whole_number
from readmission.serving.encoding_tables import Encounter

KNOWN_FIELDS = "one of the fields of GET /schema"
OPTIONAL_KINDS = (Kind.KEY, Kind.IGNORED)
"""Columns that are not features: callers may leave them out."""


def is_required(column: Column) -> bool:
    """Whether a request without this column is rejected."""
    return not column.nullable and column.kind not in OPTIONAL_KINDS


def _code_as_text(value: Any) -> Any:
    """Accept 1 for "1" here, because many clients send it and `Column.read` is slower."""
    return str(value) if type(value) is int else value


def _key_as_number(value: Any) -> Any:
    """Accept "8222157" here, for the same reason, with the blanks and decimals that files have.

    `Column.read` is stricter, because the gate reads what RAW has stored and compares as text.
    """
    number = whole_number(value.strip()) if type(value) is str else None
    return value if number is None else number


def _value_type(column: Column) -> Any:
    if column.is_number:
        number: Any = Annotated[int, Field(ge=column.minimum, le=column.maximum)]
        is_key = column.kind is Kind.KEY
        return Annotated[number, BeforeValidator(_key_as_number)] if is_key else number
    if column.is_closed:
        listed: Any = Literal[tuple(column.values)]
        is_coded = all(value.isdigit() for value in column.values)
        return Annotated[listed, BeforeValidator(_code_as_text)] if is_coded else listed
    # In Rust and Python, \d matches the digits of every script.
    pattern = (column.pattern or "").replace(r"\d", "[0-9]")
    text: Any = Annotated[str, StringConstraints(pattern=pattern)]
    return Annotated[text, AfterValidator(column.spelled)] if column.open_set else text


def _field(column: Column) -> Any:
    type_ = _value_type(column)
    if column.nullable:
        type_ = type_ | Literal[MISSING] | None
    elif not is_required(column):
        type_ = type_ | None
    values = "; ".join(f"{value}: {meaning}" for value, meaning in column.values.items())
    about = Field(title=column.name, description=f"{column.meaning} {values}".strip())
    accepted = json_schema_of(column, may_be_null=not is_required(column))
    described: Any = Annotated[type_, about, WithJsonSchema(accepted)]
    return described if is_required(column) else NotRequired[described]


def _field_of_stays(column: Column) -> Any:
    """Return the type of a field of earlier stays, which may be missing whatever its kind."""
    accepted = json_schema_of(column, may_be_null=True)
    type_ = _value_type(column) | Literal[MISSING] | None
    if column.nullable:
        accepted["anyOf"].append({"enum": [earlier_stays.UNKNOWN]})
        type_ = type_ | Literal[earlier_stays.UNKNOWN]
    about = Field(title=column.name, description=column.meaning)
    described: Any = Annotated[type_, about, WithJsonSchema(accepted)]
    return NotRequired[described]


_ABOUT: dict[str, Any] = {
    "description": "One raw encounter by its UCI column names.",
    "examples": [dict(schema.example())],
    "anyOf": with_or_without_stays(),
}
_CONFIG = ConfigDict(extra="forbid", strict=True, json_schema_extra=_ABOUT)
_fields = {column.name: _field(column) for column in schema.REQUEST_COLUMNS}
_fields |= {column.name: _field_of_stays(column) for column in earlier_stays.FIELDS}
EncounterBody: TypeAdapter[dict[str, Any]] = TypeAdapter(
    with_config(_CONFIG)(TypedDict("Encounter", _fields))  # type: ignore[operator]
)
"""The strict request model. If it rejects a body, `Column.read` translates the values first."""

_ALL_MISSING = {c.name: MISSING for c in schema.REQUEST_COLUMNS if not is_required(c)}
_COLUMNS = {column.name: column for column in (*schema.REQUEST_COLUMNS, *earlier_stays.FIELDS)}
_IN_SMALL_LETTERS = {name.lower(): name for name in _COLUMNS}
_MAY_BE_MISSING = _ALL_MISSING.keys() | earlier_stays.BY_NAME.keys()
_SPELLINGS_OF_MISSING = MISSING_TEXTS - {MISSING} | {None}
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def parse_encounter(body: bytes) -> Encounter:
    """Parse and check the body of a request.

    Every value is returned as the contract writes it, however it was sent;
    `api.contract.readings.readings_of` says what was interpreted.

    Raises
    ------
    MalformedBody
        If the body is not JSON.
    InvalidEncounter
        Naming each field that is missing, unknown or wrong.
    """
    body = body.removeprefix(BYTE_ORDER_MARK)
    try:
        sent = encounter = EncounterBody.validate_json(body)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        sent = _parsed(body, details[0])
        encounter = _read(sent, {detail["loc"][0] for detail in details if detail["loc"]})
    check_fields_are_unique(body, encounter)
    complete = _with_missing(encounter)
    return complete if sent is encounter else with_readings(complete, sent)


def _parsed(body: bytes, detail: ErrorDetails) -> Any:
    """Return the JSON that the request model has rejected.

    Raises
    ------
    MalformedBody
        If it is not JSON.
    """
    if detail["type"] == "json_invalid":
        raise MalformedBody(str(detail["ctx"]["error"]), body) from None
    try:
        return from_json(body)
    except ValueError as invalid:
        raise MalformedBody(str(invalid), body) from None


def _read(fields: Any, names: Collection[Any]) -> dict[str, Any]:
    """Check fields after `Column.read` has translated the values of those with these names."""
    if isinstance(fields, dict):
        translated = {n: _translated(n, fields[n]) for n in names if n in fields}
        fields = fields | translated
    try:
        return EncounterBody.validate_python(fields)
    except ValidationError as error:
        raise wrapped(fields) or _api_error(error) from None


def _translated(name: str, value: Any) -> Any:
    column = _COLUMNS.get(name)
    if column is None:
        return value
    return None if name in _MAY_BE_MISSING and is_missing(value) else column.read(value)


def check_fields_are_unique(text: bytes, parsed: Any) -> None:
    """Reject a JSON object that has a field twice; parsers silently keep the last value.

    Every field has a colon, so an object without repeated fields has as many colons as fields,
    unless a value contains one. Only other bodies are parsed again, so the check costs 1 µs of 20.

    Raises
    ------
    InvalidEncounter
        Naming each repeated field.
    """
    if isinstance(parsed, dict) and text.count(b":") != len(parsed):
        repeated: dict[str, None] = {}

        def note(fields: list[tuple[str, Any]]) -> None:
            counts = Counter(name for name, _ in fields)
            repeated.update((name, None) for name, count in counts.items() if count > 1)

        json.loads(text, object_pairs_hook=note, parse_int=str)
        if repeated:
            raise InvalidEncounter([Problem.repeated_field(name) for name in repeated])


def check_encounter(fields: Any, names: Collection[str] = _COLUMNS) -> Encounter:
    """Check one parsed encounter, as `parse_encounter` does.

    Parameters
    ----------
    fields : object
        The parsed body.
    names : collection of str
        Fields that may have to be translated; the others are as the contract writes them.

    Raises
    ------
    InvalidEncounter
        Naming each field that is missing, unknown or wrong.
    """
    return with_readings(_with_missing(_read(fields, names)), fields)


def _with_missing(encounter: dict[str, Any]) -> dict[str, Any]:
    """Return the encounter with `MISSING` for values that are absent or written as missing."""
    complete = _ALL_MISSING | encounter
    if not _SPELLINGS_OF_MISSING.isdisjoint(complete.values()):
        complete = {
            name: MISSING if value in _SPELLINGS_OF_MISSING else value
            for name, value in complete.items()
        }
    # The other fields are complete, so any further ones are of earlier stays.
    return complete if len(complete) == len(schema.REQUEST_COLUMNS) else _with_stays(complete)


def _with_stays(encounter: dict[str, Any]) -> dict[str, Any]:
    """Return the encounter with all fields of earlier stays, or with none if they are missing."""
    values = {name: encounter.pop(name, MISSING) for name in earlier_stays.NAMES}
    sent = {name: value for name, value in values.items() if value != MISSING}
    problems = [
        Problem.missing_field(name, expected)
        if name not in sent
        else Problem.wrong_value(name, sent[name], expected)
        for name, expected in earlier_stays.contradictions(sent)
    ]
    if problems:
        raise InvalidEncounter(problems)
    return {**encounter, **earlier_stays.RAW_NONE, **sent} if sent else encounter


def _api_error(error: ValidationError) -> InvalidEncounter:
    details = error.errors(include_url=False)
    if not details[0]["loc"]:
        return InvalidEncounter(
            [Problem.wrong_body("expected a JSON object with the fields of one encounter")]
        )
    # A field of several types has one detail per type: keep the last. Wrong values come before
    # missing fields, because they say more about the mistake.
    by_field = {str(detail["loc"][0]): detail for detail in details}
    ordered = sorted(by_field.items(), key=lambda item: item[1]["type"] == "missing")
    # The response shows no more, and the search for a field of a similar name takes 0.1 ms.
    shown = [_problem(name, detail) for name, detail in ordered[:MAX_PROBLEMS]]
    return InvalidEncounter(shown, len(ordered))


def _problem(name: str, detail: ErrorDetails) -> Problem:
    if detail["type"] == "extra_forbidden":
        return Problem.unknown_field(name, detail["input"], _known_field_like(name))
    expected = column_of(name).expected
    if detail["type"] == "missing":
        return Problem.missing_field(name, expected)
    return Problem.wrong_value(name, detail["input"], expected)


def _known_field_like(name: str) -> str:
    """Return what is expected in place of an unknown field."""
    if name == schema.TARGET:
        return "no outcome: the service predicts it"
    similar = get_close_matches(name[:60].strip().lower(), _IN_SMALL_LETTERS, n=1)
    if not similar:
        return KNOWN_FIELDS
    return f"{_IN_SMALL_LETTERS[similar[0]]!r} or another field of GET /schema"


def column_of(name: str) -> Column:
    """Return a field of an encounter, or one of earlier stays."""
    return schema.BY_NAME[name] if name in schema.BY_NAME else earlier_stays.BY_NAME[name]
