"""Medicines for diabetes in MedicationRequest, found by the names of their substances."""

import re
from collections.abc import Callable

from api.contract.fhir.resources import Resource, Stay, words_of
from readmission.domain import codes

STOPPED = frozenset({"cancelled", "entered-in-error", "draft", "stopped"})
_SPELLINGS = {"glibenclamide": "glyburide"}
_MIXTURES = {name: frozenset(name.split("-")) for name in codes.MEDICINES if "-" in name}
_SUBSTANCES = {name: name for name in codes.MEDICINES if name not in _MIXTURES} | _SPELLINGS
_ANY_SUBSTANCE = re.compile("|".join(map(re.escape, _SUBSTANCES)))
"""One search instead of twenty: a bundle may have thousands of requests."""


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
        if str(request.get("status")) not in STOPPED
    )
    return {name for name in found if name is not None}


def _medicine_in(request: Resource) -> str | None:
    """Return the contract's name of a requested medicine; of a mixture, its own."""
    words = words_of(request.get("medicationCodeableConcept"))
    found = {_SUBSTANCES[spelling] for spelling in _ANY_SUBSTANCE.findall(words)}
    mixture = next((name for name, parts in _MIXTURES.items() if parts <= found), None)
    return mixture or next(iter(sorted(found)), None)
