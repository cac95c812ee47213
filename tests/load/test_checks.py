"""A wrong response is detected, even with status 200."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from load import checks
from load.checks import Response, WrongResponse
from readmission.domain import schema

ID = "load-1"
PREDICTED = {
    "predicted_class": "NO",
    "probabilities": {"NO": 0.5, ">30": 0.3, "<30": 0.2},
}
SINGLE = {**PREDICTED, "model_version": "3", "request_id": ID}
ROWS = [{"row": 0, **PREDICTED}, {"row": 1, **PREDICTED}]
SUMMARY = {"summary": {"answered": 2}, "model_version": "3", "request_id": ID}
EXPLAINED = {**SINGLE, "contributions": [{"field": name} for name in schema.FEATURE_NAMES]}
MODEL = {"model_version": "3", "card": {"title": "a model"}}
CONTRACT = {"fields": [{"name": name} for name in schema.FEATURE_NAMES]}
RELOADED = {"status": "reloaded", "model_version": "3"}


def response(*bodies: Any, status: int = 200, request_id: str | None = ID) -> Response:
    return Response(status, request_id, "\n".join(map(json.dumps, bodies)).encode())


@pytest.mark.parametrize(
    ("check", "right"),
    [
        (checks.prediction, response(SINGLE)),
        (checks.explanation, response(EXPLAINED)),
        (checks.predictions(2), response(*ROWS, SUMMARY)),
        (checks.model, response(MODEL)),
        (checks.contract, response(CONTRACT)),
        (checks.reload, response(RELOADED)),
    ],
)
def test_a_right_response_passes_unless_it_has_another_status_or_id(
    check: checks.Check, right: Response
) -> None:
    check(right, ID)

    with pytest.raises(WrongResponse, match="request id"):
        check(right, "load-2")
    with pytest.raises(WrongResponse, match="request id"):
        check(Response(200, None, right.content), ID)
    with pytest.raises(WrongResponse, match="500"):
        check(Response(500, ID, right.content), ID)
    with pytest.raises(WrongResponse, match="not"):
        check(Response(200, ID, b"<html>"), ID)


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"predicted_class": "MAYBE"}, "unknown class"),
        ({"predicted_class": None}, "unknown class"),
        ({"probabilities": {"NO": 0.5, ">30": 0.3, "<30": 0.1}}, "add up"),
        ({"probabilities": {"NO": 1.2, ">30": -0.3, "<30": 0.1}}, "not between"),
        ({"probabilities": {"NO": "1", ">30": "0", "<30": "0"}}, "not between"),
        ({"probabilities": {"NO": 1.0}}, "cover exactly the classes"),
        ({"probabilities": None}, "cover exactly the classes"),
        ({"model_version": None}, "no model version"),
        ({"request_id": "load-2"}, "the body has a different request id"),
    ],
)
def test_a_wrong_prediction_is_detected(changed: dict[str, Any], complaint: str) -> None:
    with pytest.raises(WrongResponse, match=complaint):
        checks.prediction(response(SINGLE | changed), ID)


@pytest.mark.parametrize(
    ("bodies", "complaint"),
    [
        ([ROWS[0], SUMMARY], "rows are missing"),
        ([ROWS[1], ROWS[0], SUMMARY], "rows are missing"),
        (ROWS, "rows are missing"),
        ([], "rows are missing"),
        ([ROWS[0], {"row": 1, "error": "invalid"}, SUMMARY], "a valid row was rejected"),
        ([ROWS[0], ROWS[1] | {"predicted_class": "MAYBE"}, SUMMARY], "unknown class"),
        ([*ROWS, SUMMARY | {"summary": {"answered": 1}}], "a different number of rows"),
        ([*ROWS, SUMMARY | {"model_version": None}], "no model version"),
        ([*ROWS, SUMMARY | {"request_id": "load-2"}], "the summary has a different request id"),
    ],
)
def test_a_wrong_response_to_a_file_is_detected(bodies: list[Any], complaint: str) -> None:
    with pytest.raises(WrongResponse, match=complaint):
        checks.predictions(2)(response(*bodies), ID)


@pytest.mark.parametrize(
    ("check", "body", "complaint"),
    [
        (checks.explanation, EXPLAINED | {"contributions": []}, "contribution"),
        (checks.model, MODEL | {"card": {}}, "card"),
        (checks.contract, {"fields": []}, "field"),
        (checks.reload, RELOADED | {"status": "kept"}, "reloaded"),
    ],
)
def test_other_wrong_responses_are_detected(
    check: Callable[..., None], body: Any, complaint: str
) -> None:
    with pytest.raises(WrongResponse, match=complaint):
        check(response(body), ID)


def test_an_error_response_is_counted_by_its_kind_and_its_message_is_not_quoted() -> None:
    body = {"error": "invalid", "message": "field 'age': \"[300-310)\" is not allowed"}

    with pytest.raises(WrongResponse) as caught:
        checks.prediction(response(body, status=422), ID)

    assert str(caught.value) == "422 invalid"
