"""A prediction as a RiskAssessment of FHIR R4."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from api.contract.fhir.elements import Resource
from api.contract.fhir.resources import Stay
from api.contract.predictions import MEANINGS
from api.contract.readings import ALL_DELIVERED, IGNORED, History

FHIR_JSON = "application/fhir+json"
REQUEST_SYSTEM = "urn:readmission:request"
_HISTORY: Mapping[History, str] = {
    "used": "used",
    ALL_DELIVERED: "used, all of the patient's that are in the delivered files",
    "caller": "used as they were sent",
    "blank: no patient_nbr": "blank, because the request names no patient",
    "blank: unknown patient": "blank, because the patient has none in the delivered files",
    "blank: unavailable": "blank, because they could not be looked up",
    IGNORED: "ignored, because the model takes none",
}
"""Words for a reader who knows no field of this service."""


def risk_assessment(
    stay: Stay,
    line: Mapping[str, Any],
    model: Mapping[str, str | None],
    request_id: str,
    remarks: Sequence[str],
) -> Resource:
    """Return the resource; without a prediction it says why in its note.

    Parameters
    ----------
    stay : Stay
        Patient and encounter that it refers to.
    line : mapping
        The prediction, as a line of a file of predictions.
    model : mapping
        The fields of `ModelReference`.
    request_id : str
        Its identifier, by which the prediction log is searched.
    remarks : sequence of str
        What was missing in the bundle.
    """
    probabilities = line["probabilities"] or {}
    history = f"earlier stays: {_HISTORY[line['history']]}" if line["history"] else None
    notes = [*filter(None, [line["note"], _follow_up(line["follow_up"]), history]), *remarks]
    return {
        "resourceType": "RiskAssessment",
        "identifier": [{"system": REQUEST_SYSTEM, "value": request_id}],
        "status": "final",
        "subject": _reference(stay.patient),
        "encounter": _reference(stay.encounter),
        "occurrenceDateTime": datetime.now(UTC).isoformat(timespec="seconds"),
        "method": {"text": f"{model['model_name']}, version {model['model_version']}"},
        **({"prediction": _predictions(probabilities)} if probabilities else {}),
        **({"note": [{"text": text} for text in notes]} if notes else {}),
    }


def _follow_up(decided: bool | None) -> str | None:
    if decided is None:
        return None
    reaches = "yes, the risk reaches" if decided else "no, the risk is below"
    return f"follow-up: {reaches} the stored threshold"


def _predictions(probabilities: Mapping[str, float]) -> list[Resource]:
    return [
        {"outcome": {"text": MEANINGS[name]}, "probabilityDecimal": round(probability, 6)}
        for name, probability in probabilities.items()
    ]


def _reference(resource: Resource) -> Resource:
    return {"reference": f"{resource['resourceType']}/{resource.get('id', 'unknown')}"}
