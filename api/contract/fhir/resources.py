"""The resources of one stay, found in a bundle."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any

from api.contract.fhir.elements import Resource, codings, id_in, listed, reference_in, words_of
from api.contract.fhir.substances import medicine_in, with_medicines
from api.errors import InvalidEncounter, Problem

BUNDLE = "Bundle"
MOST_RESOURCES = 5_000


@dataclass(frozen=True)
class Stay:
    """One stay, as a bundle describes it.

    Parameters
    ----------
    patient, encounter : dict
        The patient and the stay itself.
    encounters : list of dict
        Other encounters of the patient.
    conditions, observations, medications, procedures : list of dict
        Those of the stay: they refer to it, or to no encounter and fall into its period. Requests
        for medicines that were ordered earlier count as well while they are active.
    """

    patient: Resource
    encounter: Resource
    encounters: list[Resource] = field(default_factory=list)
    conditions: list[Resource] = field(default_factory=list)
    observations: list[Resource] = field(default_factory=list)
    medications: list[Resource] = field(default_factory=list)
    procedures: list[Resource] = field(default_factory=list)

    @cached_property
    def medicines(self) -> list[tuple[str, Resource]]:
        """The requests for medicines for diabetes, each with the contract's name of the medicine.

        Cached, because each of twenty fields reads it, and the texts may have a megabyte.
        """
        found = (
            (medicine_in(words_of(request.get("medicationCodeableConcept"))), request)
            for request in self.medications
        )
        return [(name, request) for name, request in found if name is not None]


def stay_in(bundle: Any) -> Stay:
    """Return the stay in a bundle: its latest inpatient encounter, or its latest encounter.

    Raises
    ------
    InvalidEncounter
        If it is not a bundle, or has no patient or no encounter.
    """
    if not isinstance(bundle, dict) or bundle.get("resourceType") != BUNDLE:
        raise _wrong("a FHIR resource of the type Bundle")
    return stay_of(unpacked(bundle))


def stay_of(resources: Iterable[Resource], encounter_id: str | None = None) -> Stay:
    """Return the stay among resources; `encounter_id` selects one of several encounters.

    Raises
    ------
    InvalidEncounter
        If there is no patient, or no such encounter.
    """
    by_type: dict[str, list[Resource]] = {}
    for resource in filter(_is_true, _once(resources)):
        by_type.setdefault(str(resource.get("resourceType")), []).append(resource)
    patients, encounters = by_type.get("Patient", []), by_type.get("Encounter", [])
    if len(patients) != 1:
        raise _wrong(f"exactly one Patient, not {len(patients)}")
    whole = _without_parts(encounters)
    named = id_in(encounter_id) if encounter_id is not None else None
    wanted = whole if named is None else [e for e in encounters if e.get("id") == named]
    if not wanted:
        raise _wrong("an Encounter: the stay to predict")
    inpatient = [e for e in wanted if class_of(e) in INPATIENT]
    stay = max(inpatient or wanted, key=lambda e: str(_period(e).get("start", "")))
    own = _ids_of(stay, encounters)
    requests = _taken(stay, own, by_type.get("MedicationRequest", []))
    return Stay(
        patient=patients[0],
        encounter=stay,
        encounters=[e for e in whole if e is not stay],
        conditions=_during(stay, own, by_type.get("Condition", [])),
        observations=_during(stay, own, by_type.get("Observation", [])),
        medications=with_medicines(requests, by_type.get("Medication", [])),
        procedures=_during(stay, own, by_type.get("Procedure", [])),
    )


def unpacked(resource: Any) -> Iterator[Resource]:
    """Yield a resource, or the resources of a bundle.

    Raises
    ------
    InvalidEncounter
        If there are more than `MOST_RESOURCES`.
    """
    if not isinstance(resource, dict):
        return
    if resource.get("resourceType") != BUNDLE:
        yield resource
        return
    entries = listed(resource, "entry")
    if len(entries) > MOST_RESOURCES:
        raise _wrong(f"at most {MOST_RESOURCES:,} resources")
    for entry in entries:
        if isinstance(found := entry.get("resource"), dict):
            # Without an id, others refer to it by its URL.
            yield found if "id" in found else found | {"id": id_in(str(entry.get("fullUrl", "")))}


def _once(resources: Iterable[Resource]) -> Iterator[Resource]:
    """Yield each resource once: a client may find one by several searches."""
    seen = set()
    for resource in resources:
        key = (str(resource.get("resourceType")), str(resource.get("id", "")))
        if not key[1] or key not in seen:
            yield resource
        seen.add(key)


def _without_parts(encounters: list[Resource]) -> list[Resource]:
    """Return the encounters that are not part of another one, as days in intensive care are."""
    ids = {str(encounter.get("id", "")) for encounter in encounters} - {""}
    return [one for one in encounters if id_in(reference_in(one, "partOf")) not in ids]


def _ids_of(stay: Resource, encounters: list[Resource]) -> frozenset[str]:
    """Return the ids of a stay and of its parts."""
    own = str(stay.get("id", ""))
    parts = (e for e in encounters if own and id_in(reference_in(e, "partOf")) == own)
    return frozenset({own, *(str(part.get("id", "")) for part in parts)})


INPATIENT = frozenset({"IMP", "ACUTE", "NONAC"})
"""Classes of HL7's ActCode for a stay."""
_OLD_CLASSES = {"inpatient": "IMP", "outpatient": "AMB", "ambulatory": "AMB", "emergency": "EMER"}
"""Those of DSTU2, as text."""


def class_of(encounter: Resource) -> str:
    """Return the class of an encounter in HL7's ActCode, such as IMP, EMER or AMB.

    It is a Coding in R4, a list of CodeableConcepts in R5, and a text in DSTU2.
    """
    found = encounter.get("class")
    if isinstance(found, str):
        return _OLD_CLASSES.get(found.lower(), found)
    concepts = listed(encounter, "class")
    coded = (coding for concept in concepts for coding in (concept, *codings(concept)))
    return next((str(coding["code"]) for coding in coded if "code" in coding), "")


def day_of(text: Any) -> date | None:
    """Return the day of a date or time; None if it is absent, shorter than a day, or wrong."""
    try:
        return datetime.fromisoformat(str(text)[:10]).date()
    except ValueError:
        return None


_MIDDLE = {4: "-07-01", 7: "-15"}
"""Of a year, and of a month."""


def birthday(text: Any) -> date | None:
    """Return a day of birth; of a year or a month, which de-identified records have, its middle."""
    return day_of(f"{text}{_MIDDLE.get(len(str(text)), '')}")


def days_of(encounter: Resource) -> tuple[date | None, date | None]:
    """Return the first and the last day of an encounter."""
    period = _period(encounter)
    return day_of(period.get("start")), day_of(period.get("end"))


def _period(encounter: Resource) -> Resource:
    # R5 has another name.
    period = encounter.get("period", encounter.get("actualPeriod"))
    return period if isinstance(period, dict) else {}


_NOT_TRUE = frozenset({"entered-in-error", "cancelled", "not-done", "refuted", "planned"})


def _is_true(resource: Resource) -> bool:
    """Whether a resource describes what happened, and was neither withdrawn nor forbidden."""
    if resource.get("doNotPerform") is True:
        return False
    found = {str(resource.get("status"))}
    found |= {str(coding.get("code")) for coding in codings(resource.get("verificationStatus"))}
    return found.isdisjoint(_NOT_TRUE)


def _during(stay: Resource, own: Collection[str], resources: list[Resource]) -> list[Resource]:
    """Return the resources that refer to a stay, and those that refer to none but fall into it."""
    return [
        resource
        for resource in resources
        if (
            id_in(refers) in own
            if (refers := _encounter_of(resource))
            else _falls_into(stay, resource)
        )
    ]


def _encounter_of(resource: Resource) -> str:
    """Return the reference to the encounter of a resource; STU3 has another name for it."""
    return reference_in(resource, "encounter") or reference_in(resource, "context")


_HAPPENED = (
    *("effectiveDateTime", "effectivePeriod", "effectiveInstant", "issued"),
    *("performedDateTime", "performedPeriod", "occurrenceDateTime", "occurrencePeriod"),
    "authoredOn",
)
"""When something was observed, done or ordered, in R4 and R5."""
_ONSET = ("onsetDateTime", "onsetPeriod")
_ABATEMENT = ("abatementDateTime", "abatementPeriod")
_OVER = frozenset({"inactive", "resolved", "remission"})
"""Clinical states of a condition that is over."""


def _falls_into(stay: Resource, resource: Resource) -> bool:
    """Whether a resource that refers to no encounter belongs to a stay, as far as dates tell.

    Without a date it does, because a request may contain nothing but the stay.
    """
    start, end = days_of(stay)
    if resource.get("resourceType") == "Condition":
        return _is_present(resource, start or date.min, end or date.max)
    day = _first_day(resource, _HAPPENED)
    return day is None or (start or date.min) <= day <= (end or date.max)


def _is_present(condition: Resource, start: date, end: date) -> bool:
    """Whether a condition began by the end of a stay, and was not over when that began."""
    if (_first_day(condition, _ONSET) or date.min) > end:
        return False
    abated = _first_day(condition, _ABATEMENT)
    if abated is not None:
        return abated >= start
    states = {str(coding.get("code")) for coding in codings(condition.get("clinicalStatus"))}
    return states.isdisjoint(_OVER)


def _first_day(resource: Resource, elements: Iterable[str]) -> date | None:
    """Return the day of the first of some elements that a resource has; of a period, its start."""
    found = (resource[name] for name in elements if name in resource)
    first = next(found, None)
    return day_of(first.get("start") if isinstance(first, dict) else first)


def _taken(stay: Resource, own: Collection[str], requests: list[Resource]) -> list[Resource]:
    """Return the requests of a stay, and earlier ones that are still active.

    A record orders the medicines of a chronic disease at visits, not again at each stay.
    """
    during, (start, end) = _during(stay, own, requests), days_of(stay)
    of_stay = {id(request) for request in during}
    last = end or start or date.max
    earlier = (one for one in requests if id(one) not in of_stay and one.get("status") == "active")
    return [
        *during,
        *(one for one in earlier if (day_of(one.get("authoredOn")) or date.max) <= last),
    ]


def _wrong(expected: str) -> InvalidEncounter:
    return InvalidEncounter([Problem.wrong_body(f"expected {expected}")])
