"""The endpoints from a caller's view."""

import asyncio
import json
import logging
import re
from contextlib import suppress
from datetime import datetime
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from api.contract.encounter import parse_encounter
from api.contract.problem_details import PROBLEM_JSON
from api.errors import RegistryUnavailable
from api.prediction_log import live
from readmission import __version__
from readmission.domain import schema
from readmission.domain.columns import earlier_stays
from readmission.domain.schema import example
from readmission.errors import NoModel
from readmission.modelling.fitting import Fit
from readmission.serving.card import rendering
from readmission.serving.card.rendering import Card
from readmission.serving.encoding_tables import Encounter
from readmission.serving.model import ServedModel
from readmission.settings import Settings
from readmission.warehouse.predictions import live_figures
from readmission.warehouse.predictions.live_figures import LiveFigure
from tests.api.conftest import FakeModelStore
from tests.api.models import loaded

JSON = {"content-type": "application/json"}
TELLTALE = {"encounter_id": 1234567891, "patient_nbr": 1987654321, "diag_1": "987.65"}


def metric(client: TestClient, line: str) -> float:
    for text in client.get("/metrics").text.splitlines():
        if text.startswith(line + " "):
            return float(text.rsplit(" ", 1)[1])
    raise AssertionError(f"no metric {line}")


def check_error(response: Any, status: int, kind: str) -> dict[str, Any]:
    """Check that an error response has the usual fields and no internals; return its body."""
    assert response.status_code == status
    body: dict[str, Any] = response.json()
    assert response.headers["content-type"] == PROBLEM_JSON
    assert set(body) == {
        "error", "message", "problems", "request_id",
        "type", "title", "status", "detail", "instance",
    }  # fmt: skip
    assert (body["status"], body["detail"]) == (status, body["message"])
    assert body["type"] == ("about:blank" if kind == "http" else f"urn:readmission:error:{kind}")
    assert body["instance"].endswith(f":{body['request_id']}")
    assert body["title"]
    assert body["error"] == kind
    assert body["message"]
    assert body["request_id"] == response.headers["x-request-id"]
    assert "Traceback" not in response.text
    assert ".py" not in response.text
    return body


def test_the_root_names_service_model_and_links(service: TestClient) -> None:
    root = service.get("/").json()

    assert root["model_name"] == "diabetes_readmission"
    assert (root["model_version"], root["data_source"]) == ("1", "synthetic")
    known = service.get("/openapi.json").json()["paths"]
    assert set(root["links"].values()) - {"/docs"} <= set(known)
    assert service.get(root["links"]["docs"]).status_code == 200


def test_the_card_is_a_page_with_the_source_attributes_of_hti_1(
    service: TestClient, fits: tuple[Fit, Fit]
) -> None:
    page = service.get("/model/card")

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.text == rendering.html(loaded("1", fits[0]).card)
    assert len(re.findall(r"<tr><td>\d\.[ivx]+</td>", page.text)) == 31
    # and it can neither run a script nor load anything
    policies = page.headers.get_list("content-security-policy")
    assert "default-src 'none'; style-src 'unsafe-inline'" in policies


def test_a_card_is_written_outside_of_the_event_loop(
    service: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    loops: list[bool] = []

    def html(_card: Card) -> str:
        with suppress(RuntimeError):
            loops.append(asyncio.get_running_loop().is_running())
        return "a page"

    monkeypatch.setattr(rendering, "html", html)

    assert (service.get("/model/card").text, loops) == ("a page", [])


def test_a_model_of_an_earlier_release_has_no_card_in_full(
    empty_service: TestClient, fake_store: FakeModelStore, fits: tuple[Fit, Fit]
) -> None:
    model = loaded("1", fits[0])
    model.bundle.card.pop("report")
    fake_store.content = model
    assert empty_service.post("/reload_model").status_code == 200

    check_error(empty_service.get("/model/card"), 404, "http")


def test_live_figures_are_returned_as_they_were_measured_last(
    logging_service: TestClient, table: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert logging_service.get("/model/live").json() == {
        "measured_at": None, "days": 30, "figures": [],
    }  # fmt: skip
    figures = [
        LiveFigure("1", "", "", "", "log_loss", 0.9, 0.85, 0.95),
        LiveFigure("1", "", "gender", "Female", "outcomes", 400),
    ]
    live_figures.replace(table, figures)
    # and the last reading is no longer new
    monkeypatch.setattr(live, "REREAD_SECONDS", 0)

    found = logging_service.get("/model/live").json()

    assert [LiveFigure(**one) for one in found["figures"]] == figures
    assert datetime.fromisoformat(found["measured_at"]) == live_figures.measured_at(table)


def test_without_a_model_the_error_says_what_to_do(
    empty_service: TestClient,
) -> None:
    health = empty_service.get("/health")
    assert health.status_code == 200
    assert health.json()["status"] == "alive"
    assert health.json()["version"] == __version__
    assert health.json()["model_loaded"] is False
    assert "nothing has been promoted" in health.json()["last_reload_error"]["message"]
    assert empty_service.get("/").json()["model_version"] is None

    body = check_error(empty_service.post("/predict", json=example()), 503, "no_model")
    assert "nothing has been promoted" in body["message"]
    assert "POST /reload_model" in body["message"]
    assert metric(empty_service, 'prediction_errors_total{kind="no_model"}') == 1


def test_with_a_model_the_service_is_ready(service: TestClient) -> None:
    ready = service.get("/ready").json()
    assert (ready["model_version"], ready["model_loaded"]) == ("1", True)
    assert ready["waiting_for_first_model"] is False
    health = service.get("/health").json()
    assert health["model_loaded"] is True
    assert health["model_version"] == "1"
    assert health["last_reload_error"] is None


def test_a_service_is_ready_while_the_registry_has_no_production_model(
    empty_service: TestClient,
) -> None:
    ready = empty_service.get("/ready")

    assert ready.status_code == 200
    assert (ready.json()["model_loaded"], ready.json()["model_version"]) == (False, None)
    assert ready.json()["waiting_for_first_model"] is True
    assert empty_service.get("/health").json()["waiting_for_first_model"] is True


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (RegistryUnavailable(), "MLflow did not respond"),
        (NoModel("version 3 is gone"), "version 3 is gone"),
        (OSError("the store is down"), "OSError"),
    ],
    ids=["unavailable", "deleted", "broken"],
)
def test_a_service_that_cannot_load_the_production_model_is_not_ready(
    empty_service: TestClient, fake_store: FakeModelStore, error: Exception, says: str
) -> None:
    # given a service that was ready without a model
    assert empty_service.get("/ready").status_code == 200

    # when a model is in production and the service cannot get it
    fake_store.content = error
    empty_service.post("/reload_model")

    # then it is not ready and says why
    body = check_error(empty_service.get("/ready"), 503, "no_model")
    assert says in body["message"]
    health = empty_service.get("/health").json()
    assert health["waiting_for_first_model"] is False
    assert says in health["last_reload_error"]["message"]


def test_schema_lists_the_fields(service: TestClient) -> None:
    described = service.get("/schema").json()
    assert [field["name"] for field in described["fields"]] == [
        column.name for column in schema.REQUEST_COLUMNS
    ]
    assert list(described["classes"]) == list(schema.CLASSES)
    assert list(described["classes"])[-1] == "<30"


def test_schema_has_the_size_limit_of_a_file(service: TestClient) -> None:
    described = service.get("/schema").json()
    assert described["limits"] == {"file_mb": Settings.model_fields["api_batch_mb"].default}


def test_predict_returns_the_classes_of_uci(service: TestClient, fits: tuple[Fit, Fit]) -> None:
    response = service.post("/predict", json=example())

    assert response.status_code == 200
    body = response.json()
    assert body["predicted_class"] in schema.CLASSES
    assert body["meaning"] == schema.BY_NAME[schema.TARGET].values[body["predicted_class"]]
    assert list(body["probabilities"]) == list(schema.CLASSES)
    assert sum(body["probabilities"].values()) == pytest.approx(1)
    assert (body["model_name"], body["model_version"], body["data_source"]) == (
        "diabetes_readmission",
        "1",
        "synthetic",
    )
    assert body["request_id"] == response.headers["x-request-id"]


def test_predict_counts_by_class_and_version(service: TestClient) -> None:
    label = service.post("/predict", json=example()).json()["predicted_class"]

    name = f'predictions_total{{model_version="1",predicted_class="{label}"}}'
    assert metric(service, name) == 1
    assert metric(service, "prediction_latency_seconds_count") == 1
    assert metric(service, 'model_reloads_total{result="success"}') == 1


@pytest.mark.parametrize(
    ("content", "headers", "status", "kind"),
    [
        (b'{"age": "[70-80)"', JSON, 400, "malformed"),
        (b"", JSON, 400, "malformed"),
        (b"\xff\xfe\x00", JSON, 400, "malformed"),
        (b'{"age":' + b"[" * 30_000 + b"]" * 30_000 + b"}", JSON, 400, "malformed"),
        (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, JSON, 400, "malformed"),
        (b"[]", JSON, 422, "invalid"),
        (b'{"time_in_hospital": NaN}', JSON, 422, "invalid"),
        (b'{"time_in_hospital": -Infinity}', JSON, 422, "invalid"),
        (b'{"time_in_hospital": 1e400}', JSON, 422, "invalid"),
        (b'{"age":' + b"[" * 100 + b"]" * 100 + b"}", JSON, 422, "invalid"),
        (b" " * 10_000_000, JSON, 413, "too_large"),
        (b'{"age": "' + b"x" * 10_000_000 + b'"}', JSON, 413, "too_large"),
        (json.dumps(example()).encode(), {"content-type": "text/csv"}, 415, "not_json"),
        (json.dumps(example()).encode(), {"content-type": "multipart/form-data"}, 415, "not_json"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_a_bad_body_is_rejected_with_a_reason(
    service: TestClient, content: bytes, headers: dict[str, str], status: int, kind: str
) -> None:
    body = check_error(service.post("/predict", content=content, headers=headers), status, kind)
    assert len(json.dumps(body)) < 50_000
    assert metric(service, f'prediction_errors_total{{kind="{kind}"}}') == 1


def test_a_missing_content_type_counts_as_json(service: TestClient) -> None:
    response = service.post("/predict", content=json.dumps(example()).encode())
    assert response.status_code == 200


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON"])
def test_content_types_are_compared_by_the_standard(service: TestClient, content_type: str) -> None:
    body = json.dumps(example()).encode()
    response = service.post("/predict", content=body, headers={"content-type": content_type})
    assert response.status_code == 200


def test_a_wrong_field_is_named_with_value_and_expectation(service: TestClient) -> None:
    response = service.post("/predict", json=example() | {"glyburide-metformin": "Sometimes"})

    body = check_error(response, 422, "invalid")
    assert body["problems"] == [
        {
            "field": "glyburide-metformin",
            "value": "Sometimes",
            "expected": "one of No, Steady, Down, Up",
            "message": body["message"].rstrip("."),
        }
    ]


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/predict", 405), ("GET", "/x", 404)]
)
def test_a_wrong_path_or_method_gets_the_usual_error_response(
    service: TestClient, method: str, path: str, status: int
) -> None:
    response = service.request(method, path)
    check_error(response, status, "http")
    assert status != 405 or response.headers["allow"] == "POST"


def test_a_valid_request_id_of_the_caller_is_kept(service: TestClient) -> None:
    kept = service.get("/health", headers={"x-request-id": "trace-1.2_3"})
    assert kept.headers["x-request-id"] == "trace-1.2_3"
    for bad in ("a b", "x" * 65, "<script>", ""):
        replaced = service.get("/health", headers={"x-request-id": bad})
        assert replaced.headers["x-request-id"] != bad
        assert len(replaced.headers["x-request-id"]) == 32


def test_reload_returns_both_versions(
    service: TestClient, fake_store: FakeModelStore, fits: tuple[Fit, Fit]
) -> None:
    before = service.post("/predict", json=example()).json()
    fake_store.content = loaded("2", fits[1])

    response = service.post("/reload_model")

    assert response.status_code == 200
    assert response.json()["previous_version"] == "1"
    assert response.json()["model_version"] == "2"
    after = service.post("/predict", json=example()).json()
    assert after["model_version"] == "2"
    assert after["probabilities"] != before["probabilities"]


def test_a_failing_reload_is_reported_and_changes_nothing(
    service: TestClient, fake_store: FakeModelStore, caplog: pytest.LogCaptureFixture
) -> None:
    fake_store.content = OSError("the store is down")
    with caplog.at_level(logging.ERROR):
        body = check_error(service.post("/reload_model"), 503, "reload_failed")

    assert "Version 1 stays the champion" in body["message"]
    assert "the store is down" in caplog.text
    failure = service.get("/health").json()["last_reload_error"]
    assert failure["message"] in body["message"]
    assert metric(service, 'model_reloads_total{result="failure"}') == 1
    assert service.post("/predict", json=example()).json()["model_version"] == "1"


def test_a_reload_without_a_production_model_is_a_conflict(empty_service: TestClient) -> None:
    body = check_error(empty_service.post("/reload_model"), 409, "reload_failed")
    assert "nothing has been promoted" in body["message"]


def test_a_failing_model_reveals_no_patient_data(
    service: TestClient,
    fits: tuple[Fit, Fit],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(_model: ServedModel, encounter: Encounter) -> None:
        raise ValueError(f"cannot handle {encounter['diag_1']}")

    monkeypatch.setattr(ServedModel, "predict", fail)
    with caplog.at_level(logging.DEBUG):
        response = service.post("/predict", json=example() | TELLTALE)

    body = check_error(response, 500, "internal")
    assert "ValueError" in caplog.text
    assert body["request_id"] in caplog.text
    for secret in TELLTALE.values():
        assert str(secret) not in caplog.text
        assert str(secret) not in response.text
    assert metric(service, 'prediction_errors_total{kind="internal"}') == 1


def test_no_patient_data_in_the_log(
    service: TestClient, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG):
        assert service.post("/predict", json=example() | TELLTALE).status_code == 200
        wrong = service.post("/predict", json=example() | TELLTALE | {"diag_2": "nonsense"})
        assert wrong.status_code == 422
    logged = caplog.text + "".join(capfd.readouterr())
    for secret in (*TELLTALE.values(), "nonsense"):
        assert str(secret) not in logged


def test_openapi_shows_the_request_with_an_example_that_works(service: TestClient) -> None:
    api = service.get("/openapi.json").json()
    content = api["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]

    fields = {c.name for c in (*schema.REQUEST_COLUMNS, *earlier_stays.FIELDS)}
    assert set(content["schema"]["properties"]) == fields
    assert content["schema"]["additionalProperties"] is False
    (shown,) = content["schema"]["examples"]
    assert parse_encounter(json.dumps(shown).encode())
    assert service.post("/predict", json=shown).status_code == 200
    for path, statuses in {"/predict": {"400", "413", "415", "422", "503"}}.items():
        assert statuses <= set(api["paths"][path]["post"]["responses"])
