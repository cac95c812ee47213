"""Medicines that are requested: their codes, and those for diabetes by their substances."""

import re
from collections.abc import Mapping

from api.contract.fhir.elements import Resource, id_in, listed, reference_in
from readmission.domain import codes

_SPELLINGS = {"glibenclamide": "glyburide"}
_MIXTURES = {name: frozenset(name.split("-")) for name in codes.MEDICINES if "-" in name}
_SUBSTANCES = {name: name for name in codes.MEDICINES if name not in _MIXTURES} | _SPELLINGS
_ANY_SUBSTANCE = re.compile("|".join(map(re.escape, _SUBSTANCES)))
"""One search instead of twenty: a bundle may have thousands of requests."""


def medicine_in(words: str) -> str | None:
    """Return the contract's name of the medicine in a text of small letters; of a mixture, its own.

    None if no medicine for diabetes is named.
    """
    found = {_SUBSTANCES[spelling] for spelling in _ANY_SUBSTANCE.findall(words)}
    mixture = next((name for name, parts in _MIXTURES.items() if parts <= found), None)
    return mixture or next(iter(sorted(found)), None)


def with_medicines(requests: list[Resource], medicines: list[Resource]) -> list[Resource]:
    """Add to requests the codes of the medicines that they refer to, inside or beside them."""
    # Looked up by id: a bundle may have thousands of both.
    by_id = {str(medicine.get("id")): medicine for medicine in reversed(medicines)}
    return [_with_medicine(request, by_id) for request in requests]


def _with_medicine(request: Resource, by_id: Mapping[str, Resource]) -> Resource:
    # R5 has one element for both.
    either = next(iter(listed(request, "medication")), {})
    if "concept" in either:
        return request | {"medicationCodeableConcept": either["concept"]}
    reference = reference_in(request, "medicationReference") or reference_in(either, "reference")
    wanted = id_in(reference)
    if not wanted or "medicationCodeableConcept" in request:
        return request
    own = (one for one in listed(request, "contained") if one.get("id") == wanted)
    medicine = next(own, by_id.get(wanted, {}))
    return request | {"medicationCodeableConcept": medicine.get("code", _text_of(request, either))}


def _text_of(request: Resource, either: Resource) -> Resource | None:
    """Return the text of a reference to a medicine, which may be all that the client sends."""
    references = [*listed(request, "medicationReference"), *listed(either, "reference")]
    return next(({"text": one["display"]} for one in references if "display" in one), None)
