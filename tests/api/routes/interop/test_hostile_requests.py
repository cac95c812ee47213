"""A hostile request of few bytes with many rows costs the service little, and is counted."""

import bz2
import json
import time
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.contract.fhir import examples
from api.contract.fhir.mapping import read
from api.contract.fhir.resources import MOST_RESOURCES, stay_in
from api.files.rows import ParsedRow, parse_row
from api.routes.interop import invocations
from api.routes.interop.scoring import MAX_ROWS, MAX_WRONG_ROWS
from readmission.domain import schema
from readmission.domain.schema import example
from tests.api.routes.interop.test_fhir import changed
from tests.api.routes.interop.test_protocols import INFER, JSON
from tests.api.routes.test_about import check_error
from tests.machine import slowness

ROW = ",".join(str(example()[name]) for name in schema.FEATURE_NAMES)
PACKED = bz2.compress("\n".join([",".join(schema.FEATURE_NAMES), *[ROW] * (MAX_ROWS + 1)]).encode())
TENSOR = {"name": "age", "shape": [MAX_ROWS + 1], "datatype": "BYTES", "data": [0] * (MAX_ROWS + 1)}


@pytest.mark.parametrize(
    ("path", "content", "headers"),
    [
        ("/invocations", b'{"instances":[%b{}]}' % (b"{}," * MAX_ROWS), JSON),
        (INFER, json.dumps({"inputs": [TENSOR]}).encode(), JSON),
        ("/invocations", PACKED, {"content-type": "application/x-bzip2"}),
    ],
    ids=["empty", "tensor", "packed"],
)
def test_too_many_rows_are_refused(
    service: TestClient, path: str, content: bytes, headers: dict[str, str]
) -> None:
    started = time.process_time()

    check_error(service.post(path, content=content, headers=headers), 413, "too_large")

    assert len(content) < MAX_ROWS * 4
    assert time.process_time() - started < 5 * slowness()


def test_rows_are_checked_until_a_few_are_wrong(
    service: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[Any] = []

    def noted(row: Any) -> ParsedRow:
        checked.append(row)
        return parse_row(row)

    monkeypatch.setattr(invocations, "parse_row", noted)

    response = service.post("/invocations", json={"instances": [{}] * 1_000})

    body = check_error(response, 422, "invalid")
    assert len(checked) == MAX_WRONG_ROWS
    assert body["problems"][0]["message"].startswith("line 1: ")


def test_the_texts_of_many_requests_for_medicines_are_searched_once() -> None:
    (request,) = [r for r in examples.RESOURCES if r["resourceType"] == "MedicationRequest"][:1]
    bundle = examples.bundle(*examples.RESOURCES, *[request] * (MOST_RESOURCES - 20))
    stay = stay_in(bundle)
    started = time.process_time()

    assert read(stay).fields["diabetesMed"] == "Yes"

    assert time.process_time() - started < 0.25 * slowness()


def test_a_bundle_of_many_medicines_is_searched_by_id() -> None:
    looks: list[object] = []

    class Medication(dict[str, Any]):
        def get(self, *name: Any) -> Any:
            looks.append(name)
            return super().get(*name)

    medicines = [Medication(resourceType="Medication", id=f"m{n}") for n in range(100)]
    requests = [
        {"resourceType": "MedicationRequest", "medicationReference": {"reference": f"#m{n}"}}
        for n in range(100)
    ]

    stay = stay_in(examples.bundle(*examples.RESOURCES, *requests, *medicines))

    assert [one.get("medicationCodeableConcept") for one in stay.medications[-100:]] == [None] * 100
    assert len(looks) < 10 * len(medicines)


def test_a_long_list_of_outputs_is_refused_at_once(service: TestClient) -> None:
    content = b'{"outputs":[%b0]}' % (b"0," * 400_000)
    started = time.process_time()

    response = service.post(INFER, content=content, headers=JSON)

    assert "at most" in check_error(response, 422, "invalid")["message"]
    assert time.process_time() - started < slowness()


@pytest.mark.parametrize("digits", [400, 4_300])
def test_a_diagnosis_of_hundreds_of_digits_is_refused(service: TestClient, digits: int) -> None:
    encounter = example() | {"diag_1": "digits"}
    content = json.dumps(encounter).replace('"digits"', "9" * digits)

    body = check_error(service.post("/predict", content=content, headers=JSON), 422, "invalid")

    assert body["problems"][0]["field"] == "diag_1"


def test_a_result_with_hundreds_of_digits_is_not_read() -> None:
    quantity = {"value": 10**400, "code": "mmol/L"}

    found = read(stay_in(changed("Observation", valueQuantity=quantity)))

    assert found.fields["max_glu_serum"] == "None"
