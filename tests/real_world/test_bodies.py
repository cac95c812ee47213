"""Every line of the table of bodies, on every way in that takes one encounter as it is."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from readmission.domain.schema import example
from tests.real_world.bodies import (
    ANSWERED,
    BODIES,
    ELSEWHERE,
    ENVELOPES,
    FIELDS,
    FILE,
    KSERVE,
    MARK,
    MLFLOW,
    OF_A_LIST,
    Body,
)
from tests.real_world.test_values import FORMATS, WRAPPERS, with_probabilities


@pytest.mark.parametrize("path", ["/predict", "/explain"])
@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.name)
def test_one_encounter(service: TestClient, path: str, body: Body) -> None:
    headers = {"content-type": body.content_type}

    response = service.post(path, content=body.content, headers=headers)

    found = response.json()
    if body.says:
        assert response.status_code in (415, 422)
        assert body.says in found["message"]
    else:
        expected = service.post(path, json=example()).json()
        assert found["probabilities"] == expected["probabilities"]


@pytest.mark.parametrize("path", ELSEWHERE)
@pytest.mark.parametrize("body", ENVELOPES, ids=lambda body: body.name)
def test_another_way_in_says_in_one_sentence_how_to_send_it(
    service: TestClient, path: str, body: Body
) -> None:
    headers = {"content-type": body.content_type}

    response = service.post(path, content=body.content, headers=headers)

    if (body.name, path) in ANSWERED:
        assert response.status_code == 200
        return
    says = ELSEWHERE[path] if isinstance(body.sent, bytes | dict) else OF_A_LIST.get(path, "")
    assert response.status_code in (400, 422)
    assert says in response.json()["message"]
    assert len(response.json()["problems"]) <= 1


@pytest.mark.parametrize("path", [MLFLOW, KSERVE])
@pytest.mark.parametrize("body", FIELDS, ids=lambda body: body.name)
def test_an_encounter_in_another_protocol(service: TestClient, path: str, body: Body) -> None:
    response = service.post(path, json=WRAPPERS[path](body.sent))

    if body.is_row:
        check_probabilities(service, with_probabilities(response.json()))
    else:
        assert response.status_code == 422
        assert body.says in response.json()["message"]


@pytest.mark.parametrize("kind", ["application/json", "application/x-ndjson"])
@pytest.mark.parametrize("body", FIELDS, ids=lambda body: body.name)
def test_an_encounter_in_a_file(service: TestClient, kind: str, body: Body) -> None:
    content = FORMATS[kind]([body.sent])

    response = service.post(FILE, content=content, headers={"content-type": kind})

    line, _summary = map(json.loads, response.text.splitlines())
    if body.is_row:
        check_probabilities(service, line)
    else:
        assert body.says in line["message"]


def check_probabilities(service: TestClient, found: dict[str, Any]) -> None:
    expected = service.post("/predict", json=example()).json()["probabilities"]
    assert found["probabilities"] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("path", WRAPPERS)
def test_a_byte_order_mark_in_every_protocol(service: TestClient, path: str) -> None:
    body = MARK + b"\n" + json.dumps(WRAPPERS[path](example())).encode()
    headers = {"content-type": "application/json"}

    response = service.post(path, content=body, headers=headers)

    check_probabilities(service, with_probabilities(response.json()))
