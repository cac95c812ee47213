"""Checks of the API's responses: a load test checks the content, not only the status."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from readmission.domain import schema

TOLERANCE = 1e-5
"""How far the sum of the probabilities may be from 1: they have single precision."""


class WrongResponse(Exception):
    """What is wrong with a response.

    Locust counts failures by this message, so the same fault always has the same message. It never
    contains a value of an encounter.
    """


@dataclass(frozen=True)
class Response:
    """A response of the API.

    Parameters
    ----------
    status : int
        HTTP status; 0 without a response.
    request_id : str or None
        The request id in the header.
    content : bytes
        The body.
    """

    status: int
    request_id: str | None
    content: bytes


Check = Callable[[Response, str], None]
"""Raises `WrongResponse` unless a response is right for the request with the given id."""


def require(condition: object, complaint: str) -> None:
    """Raise `WrongResponse` with this message unless the condition holds."""
    if not condition:
        raise WrongResponse(complaint)


def succeeded(response: Response, request_id: str) -> None:
    """Check what all responses have in common: status 200 and the id of the request."""
    if response.status != 200:
        raise WrongResponse(f"{response.status} {_error_kind(response.content)}".strip())
    require(response.request_id == request_id, "the header has a different request id")


def _error_kind(content: bytes) -> str:
    """Return the kind of an error response; its message may quote the request."""
    try:
        return str(json.loads(content)["error"])
    except (ValueError, KeyError, TypeError):
        return ""


def json_of(content: bytes) -> dict[str, Any]:
    """Parse a body that is a JSON object."""
    try:
        found = json.loads(content)
    except ValueError:
        raise WrongResponse("the body is not JSON") from None
    require(isinstance(found, dict), "the body is not a JSON object")
    return dict(found)


def prediction(response: Response, request_id: str) -> None:
    """Check the prediction for one encounter."""
    _prediction(response, request_id)


def explanation(response: Response, request_id: str) -> None:
    """Check a prediction with the contribution of each field."""
    found = _prediction(response, request_id)
    fields = {part["field"] for part in found.get("contributions", [])}
    require(fields == set(schema.FEATURE_NAMES), "not every field has a contribution")


def _prediction(response: Response, request_id: str) -> dict[str, Any]:
    succeeded(response, request_id)
    found = json_of(response.content)
    require(found.get("request_id") == request_id, "the body has a different request id")
    _require_version(found)
    _require_prediction(found)
    return found


def _require_version(found: Mapping[str, Any]) -> None:
    require(found.get("model_version"), "no model version")


def _require_prediction(found: Mapping[str, Any]) -> None:
    require(found.get("predicted_class") in schema.CLASSES, "unknown class")
    probabilities = found.get("probabilities")
    complete = isinstance(probabilities, dict) and set(probabilities) == set(schema.CLASSES)
    require(complete, "the probabilities do not cover exactly the classes")
    values = list(dict(probabilities or {}).values())
    numbers = all(isinstance(value, int | float) and 0 <= value <= 1 for value in values)
    require(numbers, "a probability is not between 0 and 1")
    require(math.isclose(sum(values), 1, abs_tol=TOLERANCE), "probabilities do not add up to 1")


def predictions(rows: int) -> Check:
    """Return the check for the response to a file with this number of valid encounters."""

    def check(response: Response, request_id: str) -> None:
        succeeded(response, request_id)
        *lines, last = [json_of(line) for line in response.content.splitlines()] or [{}]
        complete = [line.get("row") for line in lines] == list(range(rows))
        require(complete, "rows are missing or out of order")
        require(not any("error" in line for line in lines), "a valid row was rejected")
        for line in lines:
            _require_prediction(line)
        require(last.get("request_id") == request_id, "the summary has a different request id")
        _require_version(last)
        counted = last.get("summary", {}).get("answered")
        require(counted == rows, "the summary has a different number of rows")

    return check


def model(response: Response, request_id: str) -> None:
    """Check the model card of the champion."""
    succeeded(response, request_id)
    found = json_of(response.content)
    _require_version(found)
    require(found.get("card"), "no model card")


def contract(response: Response, request_id: str) -> None:
    """Check the description of the fields of an encounter."""
    succeeded(response, request_id)
    fields = {column.get("name") for column in json_of(response.content).get("fields", [])}
    require(fields >= set(schema.FEATURE_NAMES), "not every field is described")


def reload(response: Response, request_id: str) -> None:
    """Check that the API has reloaded the champion."""
    succeeded(response, request_id)
    found = json_of(response.content)
    require(found.get("status") == "reloaded", "the model was not reloaded")
    _require_version(found)
