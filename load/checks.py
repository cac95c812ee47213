"""Whether an answer is right: more than its status is looked at."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from readmission.domain import schema

TOLERANCE = 1e-5
"""How far probabilities may be from adding up to 1: they are computed with 24 bits."""


class WrongAnswer(Exception):
    """What is wrong with an answer; never a value of an encounter, and the same for the same
    fault, for failures are counted by it."""


@dataclass(frozen=True)
class Answer:
    """What came back.

    Parameters
    ----------
    status : int
        0 if nothing came.
    request_id : str or None
        As its header says.
    content : bytes
        The body.
    """

    status: int
    request_id: str | None
    content: bytes


Check = Callable[[Answer, str], None]
"""Raises `WrongAnswer` unless an answer is the right one to the request with this id."""


def require(condition: object, complaint: str) -> None:
    """Complain unless the condition holds."""
    if not condition:
        raise WrongAnswer(complaint)


def arrived(answer: Answer, request_id: str) -> None:
    """Check what every answer has: a good status and the id of its request."""
    if answer.status != 200:
        raise WrongAnswer(f"{answer.status} {_kind(answer.content)}".strip())
    require(answer.request_id == request_id, "the header has another request id")


def _kind(content: bytes) -> str:
    """Return the kind of a refusal; its message may quote what was sent."""
    try:
        return str(json.loads(content)["error"])
    except (ValueError, KeyError, TypeError):
        return ""


def json_of(content: bytes) -> dict[str, Any]:
    """Return the JSON object in a body."""
    try:
        found = json.loads(content)
    except ValueError:
        raise WrongAnswer("the body is not JSON") from None
    require(isinstance(found, dict), "the body is not a JSON object")
    return dict(found)


def prediction(answer: Answer, request_id: str) -> None:
    """Check the answer to one encounter."""
    _prediction(answer, request_id)


def explanation(answer: Answer, request_id: str) -> None:
    """Check a prediction that says what drove it."""
    found = _prediction(answer, request_id)
    fields = {part["field"] for part in found.get("contributions", [])}
    require(fields == set(schema.FEATURE_NAMES), "not every field has a contribution")


def _prediction(answer: Answer, request_id: str) -> dict[str, Any]:
    arrived(answer, request_id)
    found = json_of(answer.content)
    require(found.get("request_id") == request_id, "the body has another request id")
    _require_version(found)
    _require_prediction(found)
    return found


def _require_version(found: Mapping[str, Any]) -> None:
    require(found.get("model_version"), "no model version")


def _require_prediction(found: Mapping[str, Any]) -> None:
    require(found.get("predicted_class") in schema.CLASSES, "no such class")
    shares = found.get("probabilities")
    require(isinstance(shares, dict) and set(shares) == set(schema.CLASSES), "not these classes")
    values = list(dict(shares or {}).values())
    numbers = all(isinstance(value, int | float) and 0 <= value <= 1 for value in values)
    require(numbers, "a probability beyond 0 and 1")
    require(math.isclose(sum(values), 1, abs_tol=TOLERANCE), "probabilities do not add up to 1")


def file_of(rows: int) -> Check:
    """Return the check of the answer to a file of so many acceptable encounters."""

    def check(answer: Answer, request_id: str) -> None:
        arrived(answer, request_id)
        *lines, last = [json_of(line) for line in answer.content.splitlines()] or [{}]
        require([line.get("row") for line in lines] == list(range(rows)), "not every row, in order")
        require(not any("error" in line for line in lines), "a good row was refused")
        for line in lines:
            _require_prediction(line)
        require(last.get("request_id") == request_id, "the summary has another request id")
        _require_version(last)
        require(last.get("summary", {}).get("answered") == rows, "the summary counts otherwise")

    return check


def model(answer: Answer, request_id: str) -> None:
    """Check the card of the model that answers."""
    arrived(answer, request_id)
    found = json_of(answer.content)
    _require_version(found)
    require(found.get("card"), "no model card")


def contract(answer: Answer, request_id: str) -> None:
    """Check the description of an encounter."""
    arrived(answer, request_id)
    fields = {column.get("name") for column in json_of(answer.content).get("fields", [])}
    require(fields >= set(schema.FEATURE_NAMES), "not every field is described")


def reload(answer: Answer, request_id: str) -> None:
    """Check that the model in production was loaded."""
    arrived(answer, request_id)
    found = json_of(answer.content)
    require(found.get("status") == "reloaded", "nothing was reloaded")
    _require_version(found)
