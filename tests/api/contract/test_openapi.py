"""OpenAPI: complete, with working examples, and followed by the service."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import jsonschema
import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode

from api.access.keys import HEADER, entry_of
from api.contract.json_schema import json_schema_of, with_or_without_stays
from api.files.writers import PARQUET
from api.main import create_app
from readmission.domain import schema
from readmission.domain.columns import Column, earlier_stays
from readmission.modelling.fitting import Fit
from readmission.settings import Settings
from tests.api.conftest import FakeModelStore
from tests.api.models import loaded
from tests.conftest import Platform

EXAMPLES = 25
"""Requests per mode and endpoint; the same in every run."""
KEY = "key-of-the-fuzzer"
INFER, CARDS = "/v2/models/{name}/infer", "/cds-services/{service_id}"
PROTOCOLS = ["/invocations", INFER, CARDS, f"{CARDS}/feedback", "/fhir/RiskAssessment"]


@pytest.fixture(scope="module")
def client(platform: Platform, fits: tuple[Fit, Fit]) -> Iterator[TestClient]:
    """A service with a model, a key and a real registry."""
    values: dict[str, Any] = {
        "api_keys": entry_of("admin", KEY),
        "api_rate_limit": 0,
        "model_name": f"tried_{uuid4().hex}",
        "mlflow_tracking_uri": platform.mlflow_uri,
        "model_poll_seconds": 3600,
    }
    fake_store = FakeModelStore()
    fake_store.content = loaded("1", fits[0])
    app = create_app(Settings(**values), fake_store)
    with TestClient(app, raise_server_exceptions=False) as client:
        app.state.service.holder.reload()
        yield client


@pytest.fixture(scope="module")
def described(client: TestClient) -> Any:
    """The OpenAPI description without /quality, because no reports are published here.

    Nor is there a database of predictions, where one could be traced or a threshold stored.

    The bodies of other systems' protocols are described by an example only.
    """
    schema = schemathesis.openapi.from_asgi("/openapi.json", client.app)
    schema = schema.exclude(path="/follow_up", method="POST")
    return schema.exclude(path=["/quality", "/predictions/{request_id}"]).exclude(path=PROTOCOLS)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_the_service_follows_its_description(described: Any, mode: GenerationMode) -> None:
    tested = []
    for result in described.get_all_operations():
        operation = result.ok()
        if mode is GenerationMode.NEGATIVE and not has_input(operation):
            continue
        tested.append(operation.label)

        @settings(
            max_examples=EXAMPLES,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def check(case: Any) -> None:
            if mode is GenerationMode.POSITIVE:
                case.body = in_the_future(with_whole_numbers(case.body))
            case.call_and_validate(headers={"X-API-Key": KEY})

        check()
    assert "POST /predict" in tested


def in_the_future(body: Any) -> Any:
    """Move the end of a pin to a leap year to come: JSON Schema does not know what is past."""
    if isinstance(body, dict) and isinstance(body.get("until"), str):
        return body | {"until": "2996" + body["until"][4:]}
    return body


def with_whole_numbers(body: Any) -> Any:
    """Write whole numbers without a decimal point.

    JSON Schema accepts 2.0 as an integer; the service rejects it, and its message says so.
    """
    if isinstance(body, dict):
        return {name: with_whole_numbers(value) for name, value in body.items()}
    if isinstance(body, list):
        return [with_whole_numbers(value) for value in body]
    return int(body) if isinstance(body, float) and body.is_integer() else body


def has_input(operation: Any) -> bool:
    """Whether a request has anything that can be wrong."""
    return bool(operation.body or operation.query)


def test_the_description_is_valid(described: Any) -> None:
    described.validate()


def test_every_operation_has_texts_responses_and_errors(client: TestClient) -> None:
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
            errors = {status for status in operation["responses"] if status >= "400"}
            assert ("401" in errors) == ("security" in operation), place
            for status in errors:
                content = operation["responses"][status]["content"]["application/problem+json"]
                assert content["schema"] == {"$ref": "#/components/schemas/ErrorResponse"}, place


CHANGES = ("/promote", "/rollback", "/unpin", "/follow_up")
FEEDBACK = "/cds-services/{service_id}/feedback"


def test_every_example_of_a_body_works(client: TestClient) -> None:
    api = client.get("/openapi.json").json()
    bodies = {
        (path, kind): content
        for path, operations in api["paths"].items()
        for kind, content in operations.get("post", {})
        .get("requestBody", {"content": {}})["content"]
        .items()
        if ("example" in content or content["schema"].get("format") != "binary")
        and path not in (*CHANGES, FEEDBACK)  # These need a registry, or a database.
    }
    assert len(bodies) == 9
    for (path, kind), content in bodies.items():
        body = content["example"] if "example" in content else content["schema"]["examples"][0]
        sent = body if isinstance(body, str) else json.dumps(body)
        headers = {HEADER: KEY, b"content-type": kind.encode()}
        place = path.format(name="diabetes_readmission", service_id="readmission-at-discharge")
        response = client.post(place, content=sent, headers=headers)
        assert response.status_code == 200, response.text
        expected = {"/predict/batch": '"refused":0', CARDS: "risk of readmission"}
        assert expected.get(path, '"predict') in response.text, path


def test_every_response_model_has_examples(client: TestClient) -> None:
    api = client.get("/openapi.json").json()
    schemas = api["components"]["schemas"]
    for name, model in schemas.items():
        fields = model.get("properties", {}).values()
        # these consist of other models, which have examples, or are in the example of another one
        if name in ("ModelHistory", "SchemaResponse", "HTTPValidationError", "ValidationError"):
            continue
        if name == "LiveFigure":
            assert schemas["LiveFigures"]["properties"]["figures"]["examples"][0]
            continue
        assert any("examples" in field for field in fields), name
    (formats,) = (
        operation["responses"]["200"]["content"]
        for path, operations in api["paths"].items()
        for operation in operations.values()
        if path == "/predict/batch"
    )
    assert set(formats) == {"application/x-ndjson", "text/csv", PARQUET}
    line = formats["application/x-ndjson"]
    kinds = [reference["$ref"].rpartition("/")[2] for reference in line["schema"]["oneOf"]]
    assert kinds == ["PredictedRow", "RejectedRow", "SummaryLine"]
    assert set(kinds) <= set(schemas)
    assert set(line["example"]) == set(schemas["PredictedRow"]["properties"])
    assert list(line["example"]["probabilities"]) == list(schema.CLASSES)


CLOSED = [column for column in (*schema.REQUEST_COLUMNS, *earlier_stays.FIELDS) if column.is_closed]


@pytest.mark.parametrize("column", CLOSED, ids=[column.name for column in CLOSED])
def test_the_schema_accepts_the_spellings_that_the_service_reads(column: Column) -> None:
    described = jsonschema.Draft202012Validator(json_schema_of(column, may_be_null=False))
    texts = [*column.values, *column.values.values(), *column.synonyms, "neither of these"]

    for text in (spelled for one in texts for spelled in (one, one.upper(), one.swapcase())):
        is_read = column.interpret(text) is not None or column.allows(column.read(text))
        assert described.is_valid(text) is is_read, text


def test_without_an_earlier_stay_the_schema_accepts_any_spelling_of_no_and_unknown() -> None:
    _, none, _ = with_or_without_stays()
    described = jsonschema.Draft202012Validator(none)
    nothing = {"earlier_stays": 0, "began_soon": "nO", "last_diagnosis": "unKnown"}

    assert described.is_valid(nothing)
    assert not described.is_valid(nothing | {"began_soon": "Yes"})
