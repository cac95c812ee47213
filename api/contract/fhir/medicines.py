"""The contract's fields of medicines for diabetes, from MedicationRequest."""

from collections.abc import Callable

from api.contract.fhir.resources import Stay

STOPPED = frozenset({"cancelled", "entered-in-error", "draft", "stopped"})


def dose_of(name: str) -> Callable[[Stay], str]:
    """Return a reader: `Steady` if a medicine was requested. A bundle does not say Up or Down."""
    return lambda stay: "Steady" if name in _given(stay) else "No"


def prescribed(stay: Stay) -> str:
    """Return whether any medicine for diabetes was requested."""
    return "Yes" if _given(stay) else "No"


def changed(stay: Stay) -> str:
    """Return whether a request for such a medicine replaces an earlier one."""
    is_changed = any(request.get("priorPrescription") for _, request in stay.medicines)
    return "Ch" if is_changed else "No"


def _given(stay: Stay) -> set[str]:
    return {name for name, request in stay.medicines if str(request.get("status")) not in STOPPED}
