"""A small patient record as Synthea exports it: its shape, with invented content.

Unlike the example of the documentation, it is a transaction whose references are `urn:uuid:`. It
has a whole life of encounters, diagnoses in SNOMED CT with some in ICD-10, NUBC's discharge codes,
and medicines that requests refer to.
"""

from typing import Any
from uuid import NAMESPACE_URL, uuid5

Resource = dict[str, Any]
TERMS = "http://terminology.hl7.org/CodeSystem"


def uuid(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, name))


def reference(name: str) -> Resource:
    return {"reference": f"urn:uuid:{uuid(name)}"}


def coded(system: str, code: str, display: str) -> Resource:
    return {"coding": [{"system": system, "code": code, "display": display}], "text": display}


PATIENT: Resource = {
    "resourceType": "Patient",
    "id": uuid("patient"),
    "meta": {"profile": ["http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient"]},
    "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml"></div>'},
    "extension": [
        {
            "url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race",
            "extension": [
                {
                    "url": "ombCategory",
                    "valueCoding": {
                        "system": "urn:oid:2.16.840.1.113883.6.238",
                        "code": "2054-5",
                        "display": "Black or African American",
                    },
                },
                {"url": "text", "valueString": "Black or African American"},
            ],
        },
        {"url": "http://synthetichealth.github.io/synthea/quality", "valueDecimal": 7.5},
    ],
    "name": [{"use": "official", "family": "Invented", "given": ["Ada"]}],
    "gender": "male",
    "birthDate": "1948-07-30",
}


def encounter(name: str, kind: str, start: str, end: str, **others: Any) -> Resource:
    return {
        "resourceType": "Encounter",
        "id": uuid(name),
        "status": "finished",
        "class": {"system": f"{TERMS}/v3-ActCode", "code": kind},
        "type": [coded("http://snomed.info/sct", "185347001", "Encounter for problem")],
        "subject": reference("patient"),
        "period": {"start": start, "end": end},
        **others,
    }


def condition(name: str, system: str, code: str, display: str, during: str = "stay") -> Resource:
    return {
        "resourceType": "Condition",
        "id": uuid(name),
        "clinicalStatus": {"coding": [{"system": f"{TERMS}/condition-clinical", "code": "active"}]},
        "code": coded(system, code, display),
        "subject": reference("patient"),
        "encounter": reference(during),
        "onsetDateTime": "2021-05-01T09:00:00-04:00",
    }


def laboratory(loinc: str, display: str, value: float, unit: str) -> Resource:
    return {
        "resourceType": "Observation",
        "id": uuid(display),
        "status": "final",
        "category": [
            {"coding": [{"system": f"{TERMS}/observation-category", "code": "laboratory"}]}
        ],
        "code": coded("http://loinc.org", loinc, display),
        "subject": reference("patient"),
        "encounter": reference("stay"),
        "valueQuantity": {
            "value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit,
        },
    }  # fmt: skip


def request(name: str, medicine: Resource) -> Resource:
    return {
        "resourceType": "MedicationRequest",
        "id": uuid(name),
        "status": "active",
        "intent": "order",
        "subject": reference("patient"),
        "encounter": reference("stay"),
        **medicine,
    }


def ordered(name: str, during: str, on: str, **elements: Any) -> Resource:
    """Return a request of another encounter, with the day of the order, as Synthea writes it."""
    return request(name, {"encounter": reference(during), "authoredOn": on, **elements})


RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
INSULIN = coded(
    RXNORM, "106892", "insulin isophane 70 UNT/ML / insulin regular 30 UNT/ML [Humulin]"
)
METFORMIN = coded(RXNORM, "860975", "24 HR metformin hydrochloride 500 MG Extended Release Tablet")
STAY = encounter(
    "stay", "IMP", "2021-05-01T08:11:42-04:00", "2021-05-07T10:11:42-04:00",
    priority=coded(f"{TERMS}/v3-ActPriority", "EM", "emergency"),
    hospitalization={
        "admitSource": coded(f"{TERMS}/admit-source", "emd", "From accident/emergency department"),
        "dischargeDisposition": coded(
            "https://www.nubc.org/CodeSystem/PatDischargeStatus", "03", "Skilled nursing facility"
        ),
    },
)  # fmt: skip
RESOURCES: tuple[Resource, ...] = (
    PATIENT,
    {"resourceType": "Organization", "id": uuid("hospital"), "name": "INVENTED HOSPITAL"},
    encounter("childhood", "AMB", "1958-08-01T08:00:00-04:00", "1958-08-01T08:15:00-04:00"),
    encounter("first", "IMP", "2020-11-02T08:00:00-05:00", "2020-11-05T08:00:00-05:00"),
    encounter("check", "AMB", "2021-01-12T08:00:00-05:00", "2021-01-12T08:15:00-05:00"),
    encounter("fall", "EMER", "2021-02-20T23:50:00-05:00", "2021-02-21T01:00:00-05:00"),
    STAY,
    condition("diabetes", "http://snomed.info/sct", "44054006", "Diabetes", during="childhood"),
    condition("failure", "http://hl7.org/fhir/sid/icd-10-cm", "I50.9", "Heart failure"),
    condition("stress", "http://snomed.info/sct", "73595000", "Stress (finding)"),
    laboratory("4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood", 7.4, "%"),
    laboratory("2339-0", "Glucose [Mass/volume] in Blood", 312.5, "mg/dL"),
    laboratory("2160-0", "Creatinine [Mass/volume] in Serum or Plasma", 1.9, "mg/dL"),
    {"resourceType": "Medication", "id": uuid("insulin"), "status": "active", "code": INSULIN},
    request("order 1", {"medicationReference": reference("insulin")}),
    request("order 2", {"medicationCodeableConcept": METFORMIN}),
    request(
        "order 3",
        {
            "contained": [{"resourceType": "Medication", "id": "g", "code": {"text": "Glipizide"}}],
            "medicationReference": {"reference": "#g"},
        },
    ),
    {
        "resourceType": "Procedure",
        "id": uuid("scan"),
        "status": "completed",
        "code": coded("http://snomed.info/sct", "40701008", "Echocardiography"),
        "subject": reference("patient"),
        "encounter": reference("stay"),
    },
    {"resourceType": "Claim", "id": uuid("claim"), "patient": reference("patient")},
)


WEEKLY = coded(RXNORM, "897122", "3 ML liraglutide 6 MG/ML Pen Injector")
CHRONIC: tuple[Resource, ...] = (
    PATIENT,
    encounter("visit", "AMB", "2021-01-12T08:00:00-05:00", "2021-01-12T08:15:00-05:00"),
    encounter("later", "AMB", "2021-09-12T08:00:00-04:00", "2021-09-12T08:15:00-04:00"),
    STAY,
    # Diabetes is diagnosed and treated at visits; the order of a year before was renewed.
    condition("diabetes", "http://snomed.info/sct", "44054006", "Diabetes", during="visit"),
    ordered("insulin", "visit", "2021-01-12T08:00:00-05:00", medicationCodeableConcept=INSULIN),
    ordered(
        "metformin of 2020", "visit", "2020-01-12T08:00:00-05:00",
        status="stopped", medicationCodeableConcept=METFORMIN,
    ),
    ordered("after", "later", "2021-09-12T08:00:00-04:00", medicationCodeableConcept=METFORMIN),
    request("at the stay", {"medicationCodeableConcept": WEEKLY}),
)  # fmt: skip
"""A second record: in Synthea's, medicines of a chronic disease are ordered at visits."""


def transaction(*resources: Resource) -> Resource:
    """Return the record, as Synthea writes it into a file."""
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {
                "fullUrl": f"urn:uuid:{resource['id']}",
                "resource": resource,
                "request": {"method": "POST", "url": resource["resourceType"]},
            }
            for resource in resources or RESOURCES
        ],
    }


def searchset(*resources: Resource) -> Resource:
    """Return resources as a FHIR server answers a search, which is what clients prefetch."""
    server = "https://launch.smarthealthit.org/v/r4/fhir"
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(resources),
        "link": [{"relation": "self", "url": f"{server}/search"}],
        "entry": [
            {
                "fullUrl": f"{server}/{resource['resourceType']}/{resource['id']}",
                "resource": resource,
                "search": {"mode": "match"},
            }
            for resource in resources
        ],
    }
