"""A FHIR bundle is read as the encounter that it describes, and what it lacks is said."""

import json
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from functools import reduce
from operator import getitem
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from api.contract.fhir import examples
from api.contract.fhir.mapping import MAPPING, read
from api.contract.fhir.resources import MOST_RESOURCES, stay_in
from api.contract.fhir.risk_assessment import FHIR_JSON
from api.errors import InvalidEncounter
from readmission.domain import schema
from readmission.settings import CHECKOUT
from tests.api.routes.test_about import check_error

PATH = "/fhir/RiskAssessment"
STAY = {
    "race": "Caucasian", "gender": "Female", "age": 75, "admission_type_id": "1",
    "discharge_disposition_id": "1", "admission_source_id": "7", "time_in_hospital": 4,
    "num_lab_procedures": 2, "num_medications": 3, "number_emergency": 1, "number_inpatient": 0,
    "diag_1": "I50.9", "diag_2": "E11.9", "diag_3": "?", "number_diagnoses": 2,
    "max_glu_serum": ">200", "A1Cresult": ">8", "metformin": "Steady", "insulin": "Steady",
    "glipizide": "No", "change": "No", "diabetesMed": "Yes",
}  # fmt: skip


def changed(kind: str, **elements: Any) -> dict[str, Any]:
    """Return the bundle with other elements in each resource of a type; None removes one."""
    resources = deepcopy(list(examples.RESOURCES))
    for resource in resources:
        if resource["resourceType"] == kind:
            resource.update(elements)
    return examples.bundle(*[{n: v for n, v in r.items() if v is not None} for r in resources])


def sent(service: TestClient, bundle: Any, kind: str = FHIR_JSON) -> httpx.Response:
    return service.post(PATH, content=json.dumps(bundle), headers={"content-type": kind})


def test_every_feature_has_a_mapping_and_a_line_in_the_documentation() -> None:
    page = (CHECKOUT / "docs" / "interoperability.md").read_text()

    assert set(MAPPING) == set(schema.FEATURE_NAMES)
    missing = [
        name for name in MAPPING if f"`{name}`" not in page and MAPPING[name].element not in page
    ]
    assert missing == []


def test_a_bundle_is_read_as_its_stay() -> None:
    found = read(stay_in(examples.bundle()))

    assert {name: found.fields[name] for name in STAY} == STAY
    assert "num_procedures was taken as 0: the bundle has no Procedure" in found.remarks


@pytest.mark.parametrize(
    ("kind", "elements", "expected"),
    [
        ("Patient", {"gender": "other"}, {"gender": "Unknown/Invalid"}),
        ("Patient", {"birthDate": "1950-03-03"}, {"age": 75}),
        ("Patient", {"birthDate": "1950-03-02T00:00:00Z"}, {"age": 76}),
        ("Patient", {"extension": None}, {"race": "?"}),
        ("Encounter", {"hospitalization": None}, {"discharge_disposition_id": "18"}),
        ("Condition", {"code": {"text": "heart failure"}}, {"diag_1": "?", "number_diagnoses": 2}),
        ("Condition", {"encounter": {"reference": "Encounter/other"}}, {"number_diagnoses": 1}),
        ("Observation", {"valueQuantity": {"value": 5.0}}, {"A1Cresult": "Norm"}),
        ("Observation", {"code": None}, {"A1Cresult": "None", "max_glu_serum": "None"}),
        ("MedicationRequest", {"status": "cancelled"}, {"insulin": "No", "diabetesMed": "No"}),
        (
            "MedicationRequest",
            {"medicationCodeableConcept": {"coding": [{"display": "Glibenclamide / Metformin"}]}},
            {"glyburide-metformin": "Steady", "metformin": "No"},
        ),
        ("MedicationRequest", {"priorPrescription": {"reference": "x"}}, {"change": "Ch"}),
    ],
)
def test_an_element_decides_its_field(
    kind: str, elements: dict[str, Any], expected: dict[str, Any]
) -> None:
    found = read(stay_in(changed(kind, **elements))).fields

    assert {name: found[name] for name in expected} == expected


LABORATORY = {"resourceType": "Observation", "category": [{"coding": [{"code": "laboratory"}]}]}
DISEASE = {"resourceType": "Condition", "code": {"text": "a disease"}}
PROCEDURE = {"resourceType": "Procedure", "status": "completed"}
BEFORE, DURING, AFTER = "2026-02-01", "2026-03-04T10:00:00Z", "2026-05-01"


def ordered(code: str, on: str, **elements: Any) -> dict[str, Any]:
    concept = {"coding": [{"system": "rxnorm", "code": code, "display": "Metformin 500 MG"}]}
    return {
        "resourceType": "MedicationRequest", "status": "active", "authoredOn": on,
        "medicationCodeableConcept": concept, **elements,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("resource", "field", "counted"),
    [
        (LABORATORY | {"effectiveDateTime": BEFORE}, "num_lab_procedures", 0),
        (LABORATORY | {"effectivePeriod": {"start": DURING}}, "num_lab_procedures", 1),
        (LABORATORY | {"issued": AFTER}, "num_lab_procedures", 0),
        (LABORATORY, "num_lab_procedures", 1),
        (PROCEDURE | {"performedDateTime": BEFORE}, "num_procedures", 0),
        (PROCEDURE | {"performedPeriod": {"start": DURING}}, "num_procedures", 1),
        (PROCEDURE | {"occurrenceDateTime": AFTER}, "num_procedures", 0),
        (DISEASE | {"onsetDateTime": BEFORE}, "number_diagnoses", 1),
        (DISEASE | {"onsetDateTime": AFTER}, "number_diagnoses", 0),
        (DISEASE | {"abatementDateTime": BEFORE}, "number_diagnoses", 0),
        (DISEASE | {"abatementDateTime": AFTER}, "number_diagnoses", 1),
        (DISEASE | {"clinicalStatus": {"coding": [{"code": "resolved"}]}}, "number_diagnoses", 0),
        (DISEASE | {"clinicalStatus": {"coding": [{"code": "active"}]}}, "number_diagnoses", 1),
        (ordered("new", DURING), "num_medications", 1),
        (ordered("new", BEFORE, status="completed"), "num_medications", 0),
        (ordered("new", BEFORE), "num_medications", 1),
        (ordered("new", AFTER), "num_medications", 0),
    ],
)
def test_of_a_whole_record_only_what_falls_into_the_stay_counts(
    resource: dict[str, Any], field: str, counted: int
) -> None:
    without = read(stay_in(examples.bundle())).fields[field]

    found = read(stay_in(examples.bundle(*examples.RESOURCES, resource))).fields[field]

    assert found == without + counted


def test_a_medicine_that_was_ordered_several_times_counts_once() -> None:
    without = read(stay_in(examples.bundle())).fields["num_medications"]
    orders = [ordered("one", DURING), ordered("one", BEFORE), ordered("two", DURING)]

    found = read(stay_in(examples.bundle(*examples.RESOURCES, *orders))).fields

    assert found["num_medications"] == without + 2


def test_a_renewal_before_the_stay_is_no_change() -> None:
    renewed = {"priorPrescription": {"reference": "MedicationRequest/older"}}

    def change(on: str) -> Any:
        order = ordered("one", on, **renewed)
        return read(stay_in(examples.bundle(*examples.RESOURCES, order))).fields["change"]

    assert (change(BEFORE), change(DURING)) == ("No", "Ch")


def test_more_of_a_kind_than_the_contract_allows_is_cut_and_said() -> None:
    many = [LABORATORY | {"effectiveDateTime": DURING} for _ in range(400)]

    found = read(stay_in(examples.bundle(*examples.RESOURCES, *many)))

    assert found.fields["num_lab_procedures"] == 250
    cut = "num_lab_procedures was taken as 250, the most that is allowed, not 402"
    assert cut in found.remarks


def test_the_risk_assessment_has_the_prediction_of_the_encounter(service: TestClient) -> None:
    usual = service.post("/predict", json=read(stay_in(examples.bundle())).fields).json()

    response = sent(service, examples.bundle())

    assert response.headers["content-type"] == FHIR_JSON
    found = response.json()
    assert (found["resourceType"], found["status"]) == ("RiskAssessment", "final")
    assert found["subject"]["reference"] == "Patient/p1"
    assert found["encounter"]["reference"] == "Encounter/e1"
    assert found["identifier"][0]["value"] == response.headers["x-request-id"]
    risks = [prediction["probabilityDecimal"] for prediction in found["prediction"]]
    assert risks == pytest.approx(list(usual["probabilities"].values()), abs=1e-5)
    notes = " ".join(note["text"] for note in found["note"])
    assert "I50.9 was read as ICD-9 428" in notes
    assert "the bundle has no Procedure" in notes


def test_a_patient_who_died_has_no_prediction(service: TestClient) -> None:
    died = {"dischargeDisposition": {"coding": [{"code": "exp"}]}}

    found = sent(service, changed("Encounter", hospitalization=died)).json()

    assert "prediction" not in found
    assert "death" in found["note"][0]["text"]


@pytest.mark.parametrize(
    ("bundle", "says"),
    [
        ({"resourceType": "Patient"}, "of the type Bundle"),
        (examples.bundle(examples.ENCOUNTER), "exactly one Patient, not 0"),
        (examples.bundle(examples.PATIENT), "an Encounter"),
        (changed("Patient", birthDate="?"), "'age' is missing"),
        (changed("Encounter", period={"start": "2026"}), "'time_in_hospital' is missing"),
        (examples.bundle(*[{}] * (MOST_RESOURCES + 1)), "at most 5,000 resources"),
        ({"resourceType": "Bundle", "entry": [1, None, {"resource": 3}]}, "exactly one Patient"),
    ],
)
def test_a_bundle_without_a_stay_is_refused(service: TestClient, bundle: Any, says: str) -> None:
    assert says in check_error(sent(service, bundle), 422, "invalid")["message"]


def places_in(value: Any, *path: str | int) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of each element of a JSON value."""
    listed = value if isinstance(value, list) else []
    for key, element in value.items() if isinstance(value, dict) else enumerate(listed):
        yield (*path, key)
        yield from places_in(element, *path, key)


@pytest.mark.parametrize("odd", [None, [], {}, "", 0, -1e300, [[]], "0001-01-01"], ids=repr)
def test_no_element_of_another_type_is_an_error_of_the_service(odd: Any) -> None:
    bundle = json.loads(json.dumps(examples.bundle()))
    for *path, last in places_in(bundle):
        changed = deepcopy(bundle)
        parent = reduce(getitem, path, changed)
        parent[last] = odd

        with suppress(InvalidEncounter):
            read(stay_in(changed))


def test_another_content_type_is_refused(service: TestClient) -> None:
    found = check_error(sent(service, {}, "application/fhir+xml"), 415, "media_type")

    assert FHIR_JSON in found["message"]
