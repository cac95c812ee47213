"""The mapping of each field of an encounter, in one table."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from api.contract.fhir import terms
from api.contract.fhir.elements import Resource, codings, id_in, listed, reference_in
from api.contract.fhir.medicines import changed, dose_of, number_of_medicines, prescribed
from api.contract.fhir.resources import (
    INPATIENT,
    Stay,
    birthday,
    class_of,
    day_of,
    days_of,
)
from readmission.domain import codes, schema
from readmission.domain.columns import MISSING
from readmission.domain.columns.spelling import decimal
from readmission.domain.columns.wording import A1C_RESULT, GLUCOSE_RESULT, Measurement

Value = str | int | None


@dataclass(frozen=True)
class Source:
    """Where a field comes from, and its value if the bundle lacks it.

    Parameters
    ----------
    element : str
        The element of FHIR.
    read : callable
        Returns the value for a stay, or None if the bundle does not have it.
    absent : str or int, optional
        The contract's value for it; without one, the encounter is refused.
    counts : bool
        Whether it is a number of resources, which a record may have more of than the contract
        allows. The largest allowed number is then taken.
    """

    element: str
    read: Callable[[Stay], Value]
    absent: Value = None
    counts: bool = False


YEAR = 365
"""Days."""


@dataclass(frozen=True)
class ReadStay:
    """The fields of an encounter, and how they differ from what the bundle has.

    Parameters
    ----------
    fields : dict
        By name, to be checked like any other encounter.
    missing : mapping of str to str
        Sentences about fields that the bundle does not have, by name.
    approximations : list of str
        Sentences about values that the bundle does not have exactly, or that were limited.
    """

    fields: dict[str, Any]
    missing: Mapping[str, str]
    approximations: list[str]

    @property
    def remarks(self) -> list[str]:
        """All sentences."""
        return [*self.approximations, *self.missing.values()]


def read(stay: Stay) -> ReadStay:
    """Return the encounter of a stay, to be checked like any other."""
    fields: dict[str, Any] = {}
    missing: dict[str, str] = {}
    approximations = list(_approximations(stay))
    for name, source in MAPPING.items():
        value = source.read(stay)
        if value is None:
            value = source.absent
            taken = f"was taken as {value!r}" if value is not None else "is missing"
            missing[name] = f"{name} {taken}: the bundle has no {source.element}"
        most = schema.BY_NAME[name].maximum
        if source.counts and isinstance(value, int) and value > most:
            approximations.append(
                f"{name} was taken as {most}, the most that is allowed, not {value}"
            )
            value = most
        if value is not None:
            fields[name] = value
    return ReadStay(fields, missing, approximations)


def _approximations(stay: Stay) -> Iterator[str]:
    """Yield sentences about values that the bundle does not have exactly."""
    start, end = days_of(stay.encounter)
    if start is not None and end is None:
        yield "time_in_hospital was counted up to today: Encounter.period has no end"
    born = stay.patient.get("birthDate")
    if day_of(born) is None and birthday(born) is not None:
        yield "age was taken from a birthday in the middle: Patient.birthDate has no day"


def _age(stay: Stay) -> Value:
    born, (start, end) = birthday(stay.patient.get("birthDate")), days_of(stay.encounter)
    day = start or end
    if born is None or day is None:
        return None
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def _gender(stay: Stay) -> Value:
    return terms.GENDERS.get(str(stay.patient.get("gender")))


def _race(stay: Stay) -> Value:
    for extension in listed(stay.patient, "extension"):
        if extension.get("url") == terms.RACE_EXTENSION:
            parts = [part.get("valueCoding") for part in listed(extension, "extension")]
            found = [terms.RACES.get(str(p.get("code"))) for p in parts if isinstance(p, dict)]
            return next((race for race in found if race), None)
    return None


def _coded(concept: Any, known: Mapping[str, str]) -> Value:
    found = (known.get(str(coding.get("code"))) for coding in codings(concept))
    return next((value for value in found if value), None)


def _hospitalization(stay: Stay) -> Resource:
    # R5 has another name.
    found = stay.encounter.get("hospitalization", stay.encounter.get("admission"))
    return found if isinstance(found, dict) else {}


def _days(stay: Stay) -> Value:
    start, end = days_of(stay.encounter)
    if start is None:
        return None
    return max(1, ((end or datetime.now(UTC).date()) - start).days)


def _diagnosis(place: int) -> Callable[[Stay], Value]:
    return lambda stay: next(islice(dict.fromkeys(_ranked(stay)), place, None), None)


def _ranked(stay: Stay) -> Iterator[str]:
    """Yield the ICD codes of the stay: by the rank of Encounter.diagnosis, then as listed."""
    ranks = {
        id_in(reference_in(entry, "condition")): entry.get("rank", 999)
        for entry in listed(stay.encounter, "diagnosis")
        if isinstance(entry.get("rank", 999), int)
    }
    for condition in sorted(stay.conditions, key=lambda c: ranks.get(str(c.get("id")), 1_000)):
        found = codings(condition.get("code"))
        code = next((c.get("code") for c in found if str(c.get("system")) in terms.ICD), None)
        if isinstance(code, str):
            yield code


def _earlier(classes: Collection[str]) -> Callable[[Stay], Value]:
    """Return a reader that counts the encounters of these classes in the year before a stay."""

    def count(stay: Stay) -> Value:
        start, _ = days_of(stay.encounter)
        if start is None or not stay.encounters:
            return None
        days = (days_of(e)[0] for e in stay.encounters if class_of(e) in classes)
        return sum(day is not None and 0 < (start - day).days <= YEAR for day in days)

    return count


def _laboratory(stay: Stay) -> Value:
    found = sum(
        any(c.get("code") == "laboratory" for k in listed(o, "category") for c in codings(k))
        for o in stay.observations
    )
    return found or None


def _result(loinc: Collection[str], test: Measurement) -> Callable[[Stay], Value]:
    """Return a reader of the highest result of a test, as a value of the contract."""

    def highest(stay: Stay) -> Value:
        values = []
        for observation in stay.observations:
            is_test = any(
                coding.get("system") == terms.LOINC and str(coding.get("code")) in loinc
                for coding in codings(observation.get("code"))
            )
            quantity = observation.get("valueQuantity")
            if is_test and isinstance(quantity, dict):
                values.append(_in_the_unit_of(test, quantity))
        known = [value for value in values if value is not None]
        return test.value_of(max(known)) if known else None

    return highest


def _in_the_unit_of(test: Measurement, quantity: Resource) -> float | None:
    """Return a result in the unit of the contract, or None if its unit cannot be told."""
    number = decimal(quantity.get("value"))
    if number is None:
        return None
    units = (str(quantity.get(name)).lower() for name in ("code", "unit"))
    known = next((terms.UNITS[unit] for unit in units if unit in terms.UNITS), None)
    if known is None:
        return number if test.lowest <= number < test.below else None
    factor, summand = known
    return number * factor + summand


MAPPING: Mapping[str, Source] = {
    "race": Source("Patient.extension us-core-race", _race, MISSING),
    "gender": Source("Patient.gender", _gender, "Unknown/Invalid"),
    "age": Source("Patient.birthDate at Encounter.period.start", _age),
    "admission_type_id": Source(
        "Encounter.priority",
        lambda s: _coded(s.encounter.get("priority"), terms.ADMISSION_TYPES),
        "6",
    ),
    "discharge_disposition_id": Source(
        "Encounter.hospitalization.dischargeDisposition",
        lambda s: _coded(_hospitalization(s).get("dischargeDisposition"), terms.DISCHARGES),
        "18",
    ),
    "admission_source_id": Source(
        "Encounter.hospitalization.admitSource",
        lambda s: _coded(_hospitalization(s).get("admitSource"), terms.ADMISSION_SOURCES),
        "17",
    ),
    "time_in_hospital": Source("Encounter.period", _days),
    "payer_code": Source("payer with a code of the contract", lambda _: None, MISSING),
    "medical_specialty": Source("specialty of the contract", lambda _: None, MISSING),
    "num_lab_procedures": Source(
        "Observation of the category laboratory", _laboratory, 0, counts=True
    ),
    "num_procedures": Source("Procedure", lambda s: len(s.procedures) or None, 0, counts=True),
    "num_medications": Source("MedicationRequest", number_of_medicines, 0, counts=True),
    "number_outpatient": Source(
        "Encounter of the class AMB in the year before", _earlier(terms.OUTPATIENT), 0, counts=True
    ),
    "number_emergency": Source(
        "Encounter of the class EMER in the year before", _earlier(terms.EMERGENCY), 0, counts=True
    ),
    "number_inpatient": Source(
        "Encounter of the class IMP in the year before", _earlier(INPATIENT), 0, counts=True
    ),
    "diag_1": Source("first Condition.code in ICD", _diagnosis(0), MISSING),
    "diag_2": Source("second Condition.code in ICD", _diagnosis(1), MISSING),
    "diag_3": Source("third Condition.code in ICD", _diagnosis(2), MISSING),
    "number_diagnoses": Source(
        "Condition", lambda stay: len(stay.conditions) or None, 1, counts=True
    ),
    "max_glu_serum": Source(
        "Observation of glucose (LOINC) in a known unit",
        _result(terms.GLUCOSE, GLUCOSE_RESULT),
        "None",
    ),
    "A1Cresult": Source(
        "Observation of HbA1c (LOINC) in a known unit", _result(terms.A1C, A1C_RESULT), "None"
    ),
    **{name: Source("MedicationRequest", dose_of(name)) for name in codes.MEDICINES},
    "change": Source("MedicationRequest.priorPrescription", changed),
    "diabetesMed": Source("MedicationRequest", prescribed),
}
"""By field, for all features of the contract."""
