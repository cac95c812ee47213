"""The description of the service, and whether the service keeps to it."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode

from api.access.keys import HEADER, entry_of
from api.files.writers import PARQUET
from api.main import create_app
from readmission.domain import schema
from readmission.modelling.fitting import Fit
from readmission.settings import Settings
from tests.api.conftest import Shelf
from tests.api.models import loaded
from tests.conftest import Platform

EXAMPLES = 25
"""Requests of each kind and endpoint; the same ones at every run."""
KEY = "key-of-the-one-who-tries-everything"


@pytest.fixture(scope="module")
def client(platform: Platform, fits: tuple[Fit, Fit]) -> Iterator[TestClient]:
    """A service with a model, a key, and a registry that answers."""
    values: dict[str, Any] = {
        "api_keys": entry_of("admin", KEY),
        "api_rate_limit": 0,
        "model_name": f"tried_{uuid4().hex}",
        "mlflow_tracking_uri": platform.mlflow_uri,
        "model_poll_seconds": 3600,
    }
    shelf = Shelf()
    shelf.content = loaded("1", fits[0])
    app = create_app(Settings(**values), shelf)
    with TestClient(app, raise_server_exceptions=False) as client:
        app.state.serving.holder.reload()
        yield client


@pytest.fixture(scope="module")
def described(client: TestClient) -> Any:
    """What the service says of itself; its reports, which nobody publishes here, left out."""
    schema = schemathesis.openapi.from_asgi("/openapi.json", client.app)
    return schema.exclude(path="/quality")


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_the_service_keeps_to_its_description(described: Any, mode: GenerationMode) -> None:
    tried = []
    for found in described.get_all_operations():
        operation = found.ok()
        if mode is GenerationMode.NEGATIVE and not takes_anything(operation):
            continue
        tried.append(operation.label)

        @settings(
            max_examples=EXAMPLES,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def keeps_to_it(case: Any) -> None:
            if mode is GenerationMode.POSITIVE:
                case.body = spelt_as_numbers_are(case.body)
            case.call_and_validate(headers={"X-API-Key": KEY})

        keeps_to_it()
    assert "POST /predict" in tried


def spelt_as_numbers_are(body: Any) -> Any:
    """Write whole numbers without a point.

    To JSON Schema 2.0 is a whole number; to the service it is none, and its message says so.
    """
    if not isinstance(body, dict):
        return body
    whole = {name: int(v) for name, v in body.items() if isinstance(v, float) and v.is_integer()}
    return body | whole


def takes_anything(operation: Any) -> bool:
    """Whether a caller can get something wrong."""
    return bool(operation.body or operation.query)


def test_the_description_is_valid(described: Any) -> None:
    described.validate()


def test_every_operation_says_what_it_does_takes_and_answers(client: TestClient) -> None:
    api = client.get("/openapi.json").json()
    assert api["info"]["description"]
    (scheme,) = api["components"]["securitySchemes"].values()
    assert scheme == {"type": "apiKey", "in": "header", "name": "X-API-Key"}
    for path, operations in api["paths"].items():
        for method, operation in operations.items():
            place = f"{method} {path}"
            assert operation["summary"], place
            assert operation["description"], place
            assert operation["responses"]["200"]["content"], place
            refused = {status for status in operation["responses"] if status >= "400"}
            assert ("401" in refused) == ("security" in operation), place
            for status in refused:
                content = operation["responses"][status]["content"]["application/json"]
                assert content["schema"] == {"$ref": "#/components/schemas/ErrorResponse"}, place


def test_every_body_is_shown_by_an_example_that_is_answered(client: TestClient) -> None:
    api = client.get("/openapi.json").json()
    bodies = {
        (path, kind): told
        for path, operations in api["paths"].items()
        for kind, told in operations.get("post", {})
        .get("requestBody", {"content": {}})["content"]
        .items()
        if kind != PARQUET
    }
    assert len(bodies) == 5
    for (path, kind), told in bodies.items():
        body = told["example"] if "example" in told else told["schema"]["examples"][0]
        sent = body if isinstance(body, str) else json.dumps(body)
        headers = {HEADER: KEY, b"content-type": kind.encode()}
        answered = client.post(path, content=sent, headers=headers)
        assert answered.status_code == 200, answered.text
        assert '"refused":0' in answered.text or "predicted_class" in answered.json(), path


def test_every_shape_of_an_answer_is_shown_by_examples(client: TestClient) -> None:
    api = client.get("/openapi.json").json()
    shapes = api["components"]["schemas"]
    for name, shape in shapes.items():
        fields = shape.get("properties", {}).values()
        # made of other shapes, which have theirs
        if name in ("ModelHistory", "SchemaResponse", "HTTPValidationError", "ValidationError"):
            continue
        assert any("examples" in field for field in fields), name
    (answer,) = (
        operation["responses"]["200"]["content"]
        for path, operations in api["paths"].items()
        for operation in operations.values()
        if path == "/predict/batch"
    )
    assert set(answer) == {"application/x-ndjson", "text/csv", PARQUET}
    line = answer["application/x-ndjson"]
    kinds = [reference["$ref"].rpartition("/")[2] for reference in line["schema"]["oneOf"]]
    assert kinds == ["PredictedRow", "RejectedRow", "SummaryLine"]
    assert set(kinds) <= set(shapes)
    assert set(line["example"]) == set(shapes["PredictedRow"]["properties"])
    assert list(line["example"]["probabilities"]) == list(schema.CLASSES)
