"""The contract's fields of medicines for diabetes, from MedicationRequest."""

from collections.abc import Callable

from api.contract.fhir.elements import Resource, codings, words_of
from api.contract.fhir.resources import Stay, day_of, days_of

STOPPED = frozenset({"cancelled", "entered-in-error", "draft", "stopped"})


def dose_of(name: str) -> Callable[[Stay], str]:
    """Return a reader: `Steady` if a medicine was requested. A bundle does not say Up or Down."""
    return lambda stay: "Steady" if name in _given(stay) else "No"


def prescribed(stay: Stay) -> str:
    """Return whether any medicine for diabetes was requested."""
    return "Yes" if _given(stay) else "No"


def changed(stay: Stay) -> str:
    """Return whether a request of this stay for such a medicine replaces an earlier one."""
    start, _ = days_of(stay.encounter)
    is_changed = any(
        request.get("priorPrescription")
        for _, request in stay.medicines
        if start is None or (day_of(request.get("authoredOn")) or start) >= start
    )
    return "Ch" if is_changed else "No"


def number_of_medicines(stay: Stay) -> int | None:
    """Return how many different medicines were requested; None if there is no request."""
    return len({_medicine(request) for request in stay.medications}) or None


def _medicine(request: Resource) -> str:
    """Return what identifies a medicine: a code, else its texts; a request without both is one."""
    concept = request.get("medicationCodeableConcept")
    coded = (f"{c.get('system')} {c['code']}" for c in codings(concept) if c.get("code"))
    return next(coded, words_of(concept) or f"request {id(request)}")


def _given(stay: Stay) -> set[str]:
    return {name for name, request in stay.medicines if str(request.get("status")) not in STOPPED}
