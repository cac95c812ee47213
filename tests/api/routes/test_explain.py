"""Explanations of predictions."""

import json
import math

import pytest
from fastapi.testclient import TestClient

from api.contract.form.description import label_of
from readmission.domain import schema
from readmission.domain.schema import example
from readmission.serving.encoding_tables import Encounter
from readmission.serving.model import Explanation, ServedModel
from tests.api.routes.test_about import check_error, metric


@pytest.fixture
def missing() -> dict[str, str | int | None]:
    """An encounter with missing values in both notations."""
    return example() | {"payer_code": "?", "medical_specialty": None}


def test_an_explanation_contains_the_prediction(
    service: TestClient, encounter: dict[str, str | int]
) -> None:
    predicted = service.post("/predict", json=encounter).json()

    response = service.post("/explain", json=encounter)

    explained = response.json()
    assert explained.pop("request_id") == response.headers["x-request-id"]
    predicted.pop("request_id")
    assert {name: explained[name] for name in predicted} == predicted
    assert explained["unit"] == "log-odds"
    assert set(explained["base"]) == set(schema.CLASSES)


def test_base_and_contributions_add_up_to_the_probabilities(
    service: TestClient, encounter: dict[str, str | int]
) -> None:
    explained = service.post("/explain", json=encounter).json()

    scores = {
        name: explained["base"][name] + sum(c["by_class"][name] for c in explained["contributions"])
        for name in schema.CLASSES
    }
    total = sum(map(math.exp, scores.values()))
    shares = {name: math.exp(score) / total for name, score in scores.items()}
    assert shares == pytest.approx(explained["probabilities"], abs=1e-5)


def test_each_field_has_one_contribution_and_the_largest_comes_first(
    service: TestClient, missing: dict[str, str | int | None]
) -> None:
    contributions = service.post("/explain", json=missing).json()["contributions"]

    assert sorted(c["field"] for c in contributions) == sorted(schema.FEATURE_NAMES)
    for contribution in contributions:
        name = contribution["field"]
        assert contribution["label"] == label_of(schema.BY_NAME[name])
        sent = missing[name]
        assert contribution["value"] == ("?" if sent is None else sent)
        # effects common to all classes are removed
        assert sum(contribution["by_class"].values()) == pytest.approx(0, abs=1e-6)
    sizes = [abs(contribution["by_class"]["<30"]) for contribution in contributions]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > 0


def test_an_explanation_counts_as_a_prediction(
    service: TestClient, encounter: dict[str, str | int]
) -> None:
    label = service.post("/explain", json=encounter).json()["predicted_class"]

    assert metric(service, f'predictions_total{{model_version="1",predicted_class="{label}"}}') == 1


@pytest.mark.parametrize(
    ("content", "status", "kind"),
    [
        (b"{", 400, "malformed"),
        (b"{}", 422, "invalid"),
        (json.dumps(example() | {"age": "old"}).encode(), 422, "invalid"),
        (b" " * 100_000, 413, "too_large"),
    ],
    ids=["truncated", "empty", "wrong", "large"],
)
def test_a_bad_body_is_rejected_as_by_predict(
    service: TestClient, content: bytes, status: int, kind: str
) -> None:
    headers = {"content-type": "application/json"}
    check_error(service.post("/explain", content=content, headers=headers), status, kind)


def test_without_a_model_there_is_no_explanation(empty_service: TestClient) -> None:
    check_error(empty_service.post("/explain", json=example()), 503, "no_model")


def test_the_model_has_a_card(service: TestClient) -> None:
    model = service.get("/model").json()

    assert (model["model_version"], model["runtime"]) == ("1", "compiled")
    card = model["card"]
    assert card["family"] == "logistic_regression"
    assert set(card["importance"]) <= set(schema.FEATURE_NAMES)
    assert [card["capacity"][i]["share"] for i in (0, -1)] == [0, 1]
    assert card["intended_use"]
    assert card["limits"]


def test_a_failing_explanation_does_not_count_as_a_prediction(
    service: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explain(self: ServedModel, encounter: Encounter) -> Explanation:
        raise ZeroDivisionError

    before = predictions(service)
    monkeypatch.setattr(ServedModel, "explain", explain)

    assert service.post("/explain", json=example()).status_code == 500

    assert predictions(service) == before
    monkeypatch.undo()
    assert service.post("/explain", json=example()).status_code == 200
    assert predictions(service) == before + 1


def predictions(service: TestClient) -> float:
    """Return how many predictions the service has counted."""
    lines = service.get("/metrics").text.splitlines()
    found = [line for line in lines if line.startswith("predictions_total{")]
    return sum(float(line.rsplit(" ", 1)[1]) for line in found)
