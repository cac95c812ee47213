"""Records like Synthea's, and requests like those of the CDS Hooks sandbox, sent by curl."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.contract.fhir.mapping import read
from api.contract.fhir.resources import stay_in
from api.main import create_app
from readmission.modelling.fitting import Fit
from readmission.settings import Settings
from tests.api.conftest import FakeModelStore
from tests.api.in_thread import serving
from tests.api.models import loaded
from tests.real_world.bundles import (
    CHRONIC,
    INSULIN,
    PATIENT,
    RESOURCES,
    STAY,
    coded,
    condition,
    encounter,
    laboratory,
    reference,
    request,
    searchset,
    transaction,
    uuid,
)

EXPECTED = {
    "race": "AfricanAmerican", "gender": "Male", "age": 72, "time_in_hospital": 6,
    "admission_type_id": "1", "admission_source_id": "7", "discharge_disposition_id": "3",
    "number_inpatient": 1, "number_outpatient": 1, "number_emergency": 1,
    "num_lab_procedures": 3, "num_procedures": 1, "num_medications": 3,
    "diag_1": "I50.9", "diag_2": "?", "number_diagnoses": 2,
    "A1Cresult": ">7", "max_glu_serum": ">300",
    "insulin": "Steady", "metformin": "Steady", "glipizide": "Steady", "glyburide": "No",
    "diabetesMed": "Yes",
}  # fmt: skip


def test_a_record_like_synthea_s_is_read_as_its_latest_stay() -> None:
    found = read(stay_in(transaction()))

    assert {name: found.fields[name] for name in EXPECTED} == EXPECTED
    assert any(remark.startswith("diag_2 was taken as '?'") for remark in found.remarks)


def test_medicines_that_were_ordered_at_a_visit_and_are_still_taken_count() -> None:
    found = read(stay_in(transaction(*CHRONIC))).fields

    # neither the order that was stopped nor the one after the stay
    assert (found["insulin"], found["metformin"], found["diabetesMed"]) == ("Steady", "No", "Yes")
    assert found["num_medications"] == 2


@pytest.mark.parametrize(
    ("code", "means"),
    [
        ("01", "1"),
        ("06", "6"),
        ("20", "11"),
        ("42", "21"),
        ("50", "13"),
        ("65", "28"),
        ("99", "18"),
    ],
)
def test_nubc_s_codes_of_discharge_are_read(code: str, means: str) -> None:
    system = "https://www.nubc.org/CodeSystem/PatDischargeStatus"
    stay = STAY | {"hospitalization": {"dischargeDisposition": coded(system, code, "")}}

    found = read(stay_in(transaction(PATIENT, stay)))

    assert found.fields["discharge_disposition_id"] == means


R5_STAY = {
    name: value
    for name, value in STAY.items()
    if name not in ("class", "period", "hospitalization")
} | {
    "class": [{"coding": [STAY["class"]]}], "actualPeriod": STAY["period"],
    "admission": STAY["hospitalization"],
}  # fmt: skip
NEXT = STAY | {"id": "next", "period": {"start": "2999-01-01"}}
MEDICINE = {"resourceType": "Medication", "id": uuid("insulin"), "code": INSULIN}
HBA1C = laboratory("4548-4", "HbA1c", 12, "%")


def ordered(**elements: Any) -> dict[str, Any]:
    return request("order", elements)


@pytest.mark.parametrize(
    ("resources", "field", "value", "says"),
    [
        # De-identified records have the year only.
        ([PATIENT | {"birthDate": "1948"}, STAY], "age", 72, "birthday in the middle"),
        ([PATIENT | {"birthDate": "1948-07"}, STAY], "age", 72, "birthday in the middle"),
        ([PATIENT | {"birthDate": "1948-07-30T00:00:00Z"}, STAY], "age", 72, ""),
        ([PATIENT, R5_STAY], "discharge_disposition_id", "3", ""),
        ([PATIENT, R5_STAY], "time_in_hospital", 6, ""),
        ([PATIENT, STAY | {"class": "inpatient"}], "time_in_hospital", 6, ""),
        ([PATIENT, STAY, HBA1C], "A1Cresult", ">8", ""),
        ([PATIENT, STAY, HBA1C | {"status": "entered-in-error"}], "A1Cresult", "None", ""),
        (
            [PATIENT, STAY, laboratory("59261-8", "HbA1c", 55, "mmol/mol")],
            "A1Cresult", ">7", "",
        ),
        # Laboratories write the unit of UCUM, mmol/L, in small letters, or none.
        (
            [PATIENT, STAY, laboratory("14749-6", "Glucose", 17.3, "mmol/l")],
            "max_glu_serum", ">300", "",
        ),
        ([PATIENT, STAY, laboratory("2345-7", "Glucose", 2.5, "g/L")], "max_glu_serum", ">200", ""),
        (
            [PATIENT, STAY, laboratory("2345-7", "Glucose", 17.3, "?")],
            "max_glu_serum", "None", "known unit",
        ),
        ([PATIENT, STAY, HBA1C | {"valueQuantity": {"value": 8.1}}], "A1Cresult", ">8", ""),
        (
            [PATIENT, STAY, HBA1C | {"valueQuantity": {"value": 53}}],
            "A1Cresult", "None", "known unit",
        ),
        (
            [PATIENT, STAY, HBA1C | {"valueQuantity": {"value": "7,4", "unit": "%"}}],
            "A1Cresult", ">7", "",
        ),
        (
            [PATIENT, STAY, HBA1C | {"valueQuantity": {"value": True, "unit": "%"}}],
            "A1Cresult", "None", "",
        ),
        ([PATIENT, STAY, ordered(medicationCodeableConcept=INSULIN)], "insulin", "Steady", ""),
        ([PATIENT, STAY, ordered(medication={"concept": INSULIN})], "insulin", "Steady", ""),
        (
            [PATIENT, STAY, MEDICINE, ordered(medication={"reference": reference("insulin")})],
            "insulin", "Steady", "",
        ),
        (
            [PATIENT, STAY, ordered(medicationCodeableConcept=INSULIN, doNotPerform=True)],
            "insulin", "No", "",
        ),
        # A stay of next year is not the one to predict.
        ([PATIENT, STAY, NEXT | {"status": "planned"}], "time_in_hospital", 6, ""),
        (
            [
                PATIENT, STAY,
                condition("c", "http://hl7.org/fhir/sid/icd-10-cm", "I50.9", "Failure")
                | {"verificationStatus": {"coding": [{"code": "refuted"}]}},
            ],
            "diag_1", "?", "",
        ),
    ],
)  # fmt: skip
def test_records_of_other_systems(
    resources: list[dict[str, Any]], field: str, value: str | int, says: str
) -> None:
    found = read(stay_in(transaction(*resources)))

    assert found.fields[field] == value
    assert says in " ".join(found.remarks)


def test_a_stay_without_an_end_is_counted_up_to_today() -> None:
    # given a stay at the hook of the discharge; another day may begin before it is read
    began = datetime.now(UTC).date() - timedelta(3)
    stay = STAY | {"period": {"start": str(began)}}

    found = read(stay_in(transaction(PATIENT, stay)))

    assert found.fields["time_in_hospital"] in {3, (datetime.now(UTC).date() - began).days}
    assert "was counted up to today" in " ".join(found.remarks)


def test_a_record_like_synthea_s_has_a_risk_assessment(service: TestClient) -> None:
    response = service.post("/fhir/RiskAssessment", json=transaction())

    assert response.status_code == 200
    assert len(response.json()["prediction"]) == 3
    assert "Ada" not in response.text


def sandbox_body(**changes: Any) -> dict[str, Any]:
    """Return a body as the CDS Hooks sandbox sends it, rebuilt by hand."""
    by_type: dict[str, list[dict[str, Any]]] = {}
    for resource in RESOURCES:
        by_type.setdefault(resource["resourceType"], []).append(resource)
    return {
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "hook": "patient-view",
        "fhirServer": "https://launch.smarthealthit.org/v/r4/fhir",
        "fhirAuthorization": {
            "access_token": "opaque", "token_type": "Bearer", "expires_in": 300,
            "scope": "user/Patient.read user/Observation.read", "subject": "cds-service",
        },
        "context": {
            "userId": "Practitioner/COREPRACTITIONER1", "patientId": PATIENT["id"],
            "encounterId": STAY["id"],
        },
        "prefetch": {
            "patient": PATIENT,
            "encounters": searchset(*by_type["Encounter"]),
            "conditions": searchset(*by_type["Condition"]),
            "laboratory": searchset(*by_type["Observation"]),
            "medications": searchset(*by_type["MedicationRequest"], *by_type["Medication"]),
            "procedures": {
                "resourceType": "OperationOutcome",
                "issue": [{"severity": "error", "code": "forbidden"}],
            },
        },
    } | changes  # fmt: skip


@pytest.fixture(scope="module")
def address(fits: tuple[Fit, Fit]) -> Iterator[str]:
    """The address of the service, for clients that are not ours."""
    store = FakeModelStore()
    store.content = loaded("1", fits[0])
    with serving(create_app(Settings(api_anonymous_role="predict"), store)) as url:
        yield url


def curl(url: str, body: Any, folder: Path, kind: str) -> Any:
    file = folder / "body.json"
    file.write_text(json.dumps(body))
    done = subprocess.run(
        ["curl", "--silent", "--show-error", "--fail-with-body", "--noproxy", "*",
         "--header", f"Content-Type: {kind}",
         "--data-binary", f"@{file}", url],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_request_of_the_sandbox_gets_a_card(address: str, tmp_path: Path) -> None:
    found = curl(
        f"{address}/cds-services/readmission-in-chart", sandbox_body(), tmp_path, "application/json"
    )

    (card,) = found["cards"]
    assert "risk of readmission within 30 days" in card["summary"]
    assert "Ada" not in json.dumps(card)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_a_record_sent_by_curl_is_assessed(address: str, tmp_path: Path) -> None:
    url = f"{address}/fhir/RiskAssessment"

    found = curl(url, transaction(), tmp_path, "application/fhir+json; charset=utf-8")

    assert found["resourceType"] == "RiskAssessment"


FAILURE = condition("c", "http://hl7.org/fhir/sid/icd-10-cm", "I50.9", "Failure")
INTENSIVE = encounter(
    "icu", "IMP", "2021-05-02T00:00:00-04:00", "2021-05-03T00:00:00-04:00",
    partOf=reference("stay"),
)  # fmt: skip


def without_ids(bundle: dict[str, Any]) -> dict[str, Any]:
    for entry in bundle["entry"]:
        entry["resource"] = {n: v for n, v in entry["resource"].items() if n != "id"}
    return bundle


@pytest.mark.parametrize(
    "bundle",
    [
        # A client may find a resource by two searches, and a server may know it by its URL only.
        transaction(*RESOURCES, *RESOURCES),
        without_ids(transaction()),
        # Days in intensive care are an encounter of their own, which is no stay.
        transaction(*RESOURCES, INTENSIVE),
        transaction(
            *(
                one | {"encounter": reference("icu")}
                if one["resourceType"] == "Observation"
                else one
                for one in RESOURCES
            ),
            INTENSIVE,
        ),
    ],
    ids=["twice", "without ids", "parts", "results of a part"],
)
def test_bundles_of_another_shape_are_read_alike(bundle: dict[str, Any]) -> None:
    found = read(stay_in(bundle))

    assert {name: found.fields[name] for name in EXPECTED} == EXPECTED


def test_a_code_that_is_listed_twice_is_one_diagnosis() -> None:
    again = FAILURE | {"id": "again"}

    found = read(stay_in(transaction(PATIENT, STAY, FAILURE, again)))

    assert (found.fields["diag_1"], found.fields["diag_2"]) == ("I50.9", "?")


@pytest.mark.parametrize(
    "medicine",
    [
        {"medicationReference": {"reference": "Medication/x", "display": "Metformin 500 MG"}},
        {"medication": {"reference": {"reference": "Medication/x", "display": "Metformin"}}},
    ],
    ids=["R4", "R5"],
)
def test_a_medicine_that_only_the_reference_names_is_read(medicine: dict[str, Any]) -> None:
    found = read(stay_in(transaction(PATIENT, STAY, request("order", medicine))))

    assert (found.fields["metformin"], found.fields["diabetesMed"]) == ("Steady", "Yes")


@pytest.mark.parametrize(
    "refers",
    [
        {"encounter": {"reference": f"Encounter/{STAY['id']}/_history/2"}},
        {"context": reference("stay")},
    ],
    ids=["version", "STU3"],
)
def test_other_references_to_the_stay_are_followed(refers: dict[str, Any]) -> None:
    scan = next(one for one in RESOURCES if one["resourceType"] == "Procedure")
    scan = {n: v for n, v in scan.items() if n != "encounter"} | {"performedDateTime": "2001-01-31"}

    found = read(stay_in(transaction(PATIENT, STAY, scan | refers)))

    assert found.fields["num_procedures"] == 1
