"""Every line of the table of bodies, on every way in that takes one encounter as it is."""

import json

import pytest
from fastapi.testclient import TestClient

from readmission.domain.schema import example
from tests.real_world.bodies import BODIES, MARK, Body
from tests.real_world.test_values import WRAPPERS, with_probabilities


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


@pytest.mark.parametrize("path", WRAPPERS)
def test_a_byte_order_mark_in_every_protocol(service: TestClient, path: str) -> None:
    body = MARK + b"\n" + json.dumps(WRAPPERS[path](example())).encode()
    headers = {"content-type": "application/json"}

    found = with_probabilities(service.post(path, content=body, headers=headers).json())

    expected = service.post("/predict", json=example()).json()
    assert found["probabilities"] == pytest.approx(expected["probabilities"], abs=1e-6)
