"""Find the rows of one patient in every table that holds any."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from readmission.errors import InvalidPatientNumber
from readmission.operations.patients.access import Databases
from readmission.warehouse import stores
from readmission.warehouse.clean.erasures import CleanErasures
from readmission.warehouse.raw.erasures import RawErasures, RowKey

_LARGEST = 2**63 - 1
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Subject:
    """What identifies a patient's rows; its fields are the parameters of the stores' conditions.

    Parameters
    ----------
    patient : int
        Number of the patient.
    batches, source_rows : list of str, list of int
        The rows in RAW, as two columns.
    patient_hashes : list of str
        Keyed hashes of the number: with the current key, and with those in use before.
    encounter_hashes : list of str
        The same of the numbers of all encounters of the patient.
    encounters : list of int
        These numbers, without those that arrived as anything else than a number.
    """

    patient: int
    batches: list[str]
    source_rows: list[int]
    patient_hashes: list[str]
    encounter_hashes: list[str]
    encounters: list[int]

    @property
    def rows(self) -> Sequence[RowKey]:
        """The rows in RAW."""
        return list(zip(self.batches, self.source_rows, strict=True))


def parse_number(text: str) -> int:
    """Return the number of a patient.

    Raises
    ------
    InvalidPatientNumber
        If it is not a whole number from 1.
    """
    number = text.strip()
    if not (number.isascii() and number.isdecimal() and int(number)):
        raise InvalidPatientNumber
    return int(number)


def identify(databases: Databases, patient: int) -> Subject:
    """Return what identifies a patient's rows in the three databases."""
    raw = RawErasures(databases.raw.connection)
    rows = raw.rows_of(patient)
    encounters = raw.encounters(rows) | CleanErasures(databases.clean).encounters(patient)
    keys = (databases.pseudonyms, *databases.pseudonyms.former)
    hashes = (names.encounter(number) for names in keys for number in sorted(encounters))
    return Subject(
        patient=patient,
        batches=[batch_id for batch_id, _ in rows],
        source_rows=[row for _, row in rows],
        patient_hashes=[hashed for names in keys if (hashed := names.patient(patient))],
        encounter_hashes=[hashed for hashed in hashes if hashed is not None],
        encounters=[int(number) for number in sorted(encounters) if _is_stored(number)],
    )


def _is_stored(number: str) -> bool:
    """Whether CLEAN can hold an encounter with this number."""
    return number.isascii() and number.isdecimal() and int(number) <= _LARGEST


def find(databases: Databases, subject: Subject) -> Mapping[str, Mapping[str, Rows]]:
    """Return the rows of a patient by database and table; a table without rows is empty."""
    return {
        database: stores.find(connection, database, vars(subject))
        for database, connection in databases.connections.items()
    }
