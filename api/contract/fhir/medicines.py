"""Medicines for diabetes in MedicationRequest, found by the names of their substances."""

from collections.abc import Callable

from api.contract.fhir.resources import Resource, Stay, words_of
from readmission.domain import codes

STOPPED = frozenset({"cancelled", "entered-in-error", "draft", "stopped"})
_SPELLINGS = {"glyburide": ("glyburide", "glibenclamide")}
_MIXTURES = {name: frozenset(name.split("-")) for name in codes.MEDICINES if "-" in name}
_SUBSTANCES = [name for name in codes.MEDICINES if name not in _MIXTURES]


def dose_of(name: str) -> Callable[[Stay], str]:
    """Return a reader: `Steady` if a medicine was requested. A bundle does not say Up or Down."""
    return lambda stay: "Steady" if name in _given(stay) else "No"


def prescribed(stay: Stay) -> str:
    """Return whether any medicine for diabetes was requested."""
    return "Yes" if _given(stay) else "No"


def changed(stay: Stay) -> str:
    """Return whether a request for such a medicine replaces an earlier one."""
    is_changed = any(
        _medicine_in(request) and request.get("priorPrescription") for request in stay.medications
    )
    return "Ch" if is_changed else "No"


def _given(stay: Stay) -> set[str]:
    found = (
        _medicine_in(request)
        for request in stay.medications
        if request.get("status") not in STOPPED
    )
    return {name for name in found if name is not None}


def _medicine_in(request: Resource) -> str | None:
    """Return the contract's name of a requested medicine; of a mixture, its own."""
    words = words_of(request.get("medicationCodeableConcept"))
    found = {
        name
        for name in _SUBSTANCES
        if any(spelling in words for spelling in _SPELLINGS.get(name, (name,)))
    }
    mixture = next((name for name, parts in _MIXTURES.items() if parts <= found), None)
    return mixture or next(iter(sorted(found)), None)
