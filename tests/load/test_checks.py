"""A wrong answer is noticed, though its status is 200."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from load import checks
from load.checks import Answer, WrongAnswer
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


def answer(*bodies: Any, status: int = 200, request_id: str | None = ID) -> Answer:
    return Answer(status, request_id, "\n".join(map(json.dumps, bodies)).encode())


@pytest.mark.parametrize(
    ("check", "good"),
    [
        (checks.prediction, answer(SINGLE)),
        (checks.explanation, answer(EXPLAINED)),
        (checks.file_of(2), answer(*ROWS, SUMMARY)),
        (checks.model, answer(MODEL)),
        (checks.contract, answer(CONTRACT)),
        (checks.reload, answer(RELOADED)),
    ],
)
def test_a_good_answer_passes_and_any_is_bad_with_another_status_or_id(
    check: checks.Check, good: Answer
) -> None:
    check(good, ID)

    with pytest.raises(WrongAnswer, match="request id"):
        check(good, "load-2")
    with pytest.raises(WrongAnswer, match="request id"):
        check(Answer(200, None, good.content), ID)
    with pytest.raises(WrongAnswer, match="500"):
        check(Answer(500, ID, good.content), ID)
    with pytest.raises(WrongAnswer, match="not"):
        check(Answer(200, ID, b"<html>"), ID)


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"predicted_class": "MAYBE"}, "no such class"),
        ({"predicted_class": None}, "no such class"),
        ({"probabilities": {"NO": 0.5, ">30": 0.3, "<30": 0.1}}, "add up"),
        ({"probabilities": {"NO": 1.2, ">30": -0.3, "<30": 0.1}}, "beyond"),
        ({"probabilities": {"NO": "1", ">30": "0", "<30": "0"}}, "beyond"),
        ({"probabilities": {"NO": 1.0}}, "not these classes"),
        ({"probabilities": None}, "not these classes"),
        ({"model_version": None}, "no model version"),
        ({"request_id": "load-2"}, "the body has another request id"),
    ],
)
def test_a_wrong_prediction_is_noticed(changed: dict[str, Any], complaint: str) -> None:
    with pytest.raises(WrongAnswer, match=complaint):
        checks.prediction(answer(SINGLE | changed), ID)


@pytest.mark.parametrize(
    ("bodies", "complaint"),
    [
        ([ROWS[0], SUMMARY], "not every row"),
        ([ROWS[1], ROWS[0], SUMMARY], "not every row"),
        (ROWS, "not every row"),
        ([], "not every row"),
        ([ROWS[0], {"row": 1, "error": "invalid"}, SUMMARY], "a good row was refused"),
        ([ROWS[0], ROWS[1] | {"predicted_class": "MAYBE"}, SUMMARY], "no such class"),
        ([*ROWS, SUMMARY | {"summary": {"answered": 1}}], "counts otherwise"),
        ([*ROWS, SUMMARY | {"model_version": None}], "no model version"),
        ([*ROWS, SUMMARY | {"request_id": "load-2"}], "the summary has another request id"),
    ],
)
def test_a_wrong_answer_to_a_file_is_noticed(bodies: list[Any], complaint: str) -> None:
    with pytest.raises(WrongAnswer, match=complaint):
        checks.file_of(2)(answer(*bodies), ID)


@pytest.mark.parametrize(
    ("check", "body", "complaint"),
    [
        (checks.explanation, EXPLAINED | {"contributions": []}, "contribution"),
        (checks.model, MODEL | {"card": {}}, "card"),
        (checks.contract, {"fields": []}, "field"),
        (checks.reload, RELOADED | {"status": "kept"}, "reloaded"),
    ],
)
def test_other_wrong_answers_are_noticed(
    check: Callable[..., None], body: Any, complaint: str
) -> None:
    with pytest.raises(WrongAnswer, match=complaint):
        check(answer(body), ID)


def test_a_refusal_is_counted_by_its_kind_and_its_message_is_not_repeated() -> None:
    refusal = {"error": "invalid", "message": "field 'age': \"[300-310)\" is not allowed"}

    with pytest.raises(WrongAnswer) as caught:
        checks.prediction(answer(refusal, status=422), ID)

    assert str(caught.value) == "422 invalid"
