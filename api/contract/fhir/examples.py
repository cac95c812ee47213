"""A small invented bundle for documentation and tests."""

from typing import Any

from api.contract.fhir.terms import LOINC, RACE_EXTENSION

SUBJECT = {"reference": "Patient/p1"}
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
PATIENT = {
    "resourceType": "Patient",
    "id": "p1",
    "gender": "female",
    "birthDate": "1950-03-14",
    "extension": [
        {
            "url": RACE_EXTENSION,
            "extension": [{"url": "ombCategory", "valueCoding": {"code": "2106-3"}}],
        }
    ],
}
ENCOUNTER = {
    "resourceType": "Encounter",
    "id": "e1",
    "status": "finished",
    "class": {"system": ACT_CODE, "code": "IMP"},
    "subject": SUBJECT,
    "priority": {"coding": [{"code": "EM"}]},
    "period": {"start": "2026-03-02T10:00:00Z", "end": "2026-03-06T09:00:00Z"},
    "hospitalization": {
        "admitSource": {"coding": [{"code": "emd"}]},
        "dischargeDisposition": {"coding": [{"code": "home"}]},
    },
    "diagnosis": [{"condition": {"reference": "Condition/c2"}, "rank": 1}],
}
EARLIER = {
    "resourceType": "Encounter",
    "id": "e0",
    "status": "finished",
    "class": {"system": ACT_CODE, "code": "EMER"},
    "subject": SUBJECT,
    "period": {"start": "2025-11-20"},
}


def _condition(name: str, code: str) -> dict[str, Any]:
    coding = {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": code}
    return {
        "resourceType": "Condition",
        "id": name,
        "subject": SUBJECT,
        "encounter": {"reference": "Encounter/e1"},
        "code": {"coding": [coding]},
    }


def _laboratory(loinc: str, value: float, unit: str) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "subject": SUBJECT,
        "encounter": {"reference": "Encounter/e1"},
        "category": [{"coding": [{"code": "laboratory"}]}],
        "code": {"coding": [{"system": LOINC, "code": loinc}]},
        "valueQuantity": {"value": value, "unit": unit},
    }


def _medication(text: str) -> dict[str, Any]:
    return {
        "resourceType": "MedicationRequest",
        "status": "active",
        "intent": "order",
        "subject": SUBJECT,
        "encounter": {"reference": "Encounter/e1"},
        "medicationCodeableConcept": {"text": text},
    }


RESOURCES: tuple[dict[str, Any], ...] = (
    PATIENT,
    EARLIER,
    ENCOUNTER,
    _condition("c1", "E11.9"),
    _condition("c2", "I50.9"),
    _laboratory("4548-4", 8.4, "%"),
    _laboratory("2345-7", 12.0, "mmol/L"),
    _medication("Metformin hydrochloride 850 MG Oral Tablet"),
    _medication("Insulin glargine 100 UNT/ML"),
    _medication("Furosemide 40 MG"),
)


def bundle(*resources: dict[str, Any]) -> dict[str, Any]:
    """Return a bundle of resources; by default, of the invented stay."""
    entries = [{"resource": resource} for resource in resources or RESOURCES]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}
