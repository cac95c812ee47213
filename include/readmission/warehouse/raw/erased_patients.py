"""The list of erased patients in RAW: keyed hashes, by which later rows are refused."""

from collections.abc import Collection
from uuid import UUID

import psycopg

from readmission.domain.privacy import Pseudonyms
from readmission.errors import ErasureKeyError


class ErasedPatients:
    """The list on one connection.

    Parameters
    ----------
    connection : psycopg.Connection
        A connection to RAW.
    key : str, optional
        Key of the hashes, and the former ones; without it, only an empty list can be read.
    """

    def __init__(self, connection: psycopg.Connection, key: str | None) -> None:
        self.connection = connection
        self._names = None if key is None else Pseudonyms(key)

    def among(self, numbers: Collection[str]) -> frozenset[str]:
        """Return those patient numbers that are on the list.

        Raises
        ------
        ErasureKeyError
            If the list is not empty, and was made with a key that is not known.
        """
        with self.connection.transaction():
            listed = self.connection.execute(_SELECT).fetchall()
        if not listed:
            return frozenset()
        known = {names.key_id: names for names in self._all}
        used = {key_id for _, key_id in listed}
        if not used <= known.keys():
            raise ErasureKeyError
        hashes = {patient_hash for patient_hash, _ in listed}
        return frozenset(
            number
            for number in set(numbers)
            if any(known[key_id].erased_patient(canonical(number)) in hashes for key_id in used)
        )

    def under_former_keys(self) -> int:
        """Return how many patients are listed under another key than the current one."""
        with self.connection.transaction():
            found = self.connection.execute(_FORMER, (self._known.key_id,)).fetchone()
        return int(found[0]) if found else 0

    def pending(self, number: int) -> UUID | None:
        """Return the erasure of a patient that was begun but not completed."""
        with self.connection.transaction():
            found = self.connection.execute(_PENDING, (self._hashes(number),)).fetchone()
        return found[0] if found else None

    @property
    def is_pending(self) -> bool:
        """Whether the erasure of any patient was begun but not completed."""
        with self.connection.transaction():
            return self.connection.execute(_ANY_PENDING).fetchone() == (True,)

    def begin(self, number: int, erasure_id: UUID) -> None:
        """Put a patient on the list, under the current key; from now on their rows are refused."""
        current = self._known
        with self.connection.transaction():
            self.connection.execute(_DELETE, (self._hashes(number),))
            hashed = current.erased_patient(number)
            self.connection.execute(_BEGIN, (hashed, current.key_id, erasure_id))

    def complete(self, number: int) -> None:
        """Forget which erasure belongs to this patient; the hash stays on the list."""
        with self.connection.transaction():
            self.connection.execute(_COMPLETE, (self._hashes(number),))

    def _hashes(self, number: int) -> list[str | None]:
        return [names.erased_patient(number) for names in self._all]

    @property
    def _all(self) -> tuple[Pseudonyms, ...]:
        return (self._known, *self._known.former)

    @property
    def _known(self) -> Pseudonyms:
        if self._names is None:
            raise ErasureKeyError
        return self._names


def canonical(number: str) -> str:
    """Return the form of a number that is hashed: without surrounding spaces and leading zeros."""
    stripped = number.strip()
    return str(int(stripped)) if stripped.isascii() and stripped.isdecimal() else stripped


_SELECT = "SELECT patient_hash, key_id FROM erased_patient"
_FORMER = "SELECT count(*) FROM erased_patient WHERE key_id <> %s"
_PENDING = "SELECT pending FROM erased_patient WHERE patient_hash = ANY(%s) AND pending IS NOT NULL"
_ANY_PENDING = "SELECT EXISTS (SELECT FROM erased_patient WHERE pending IS NOT NULL)"
_DELETE = "DELETE FROM erased_patient WHERE patient_hash = ANY(%s)"
_BEGIN = "INSERT INTO erased_patient (patient_hash, key_id, pending) VALUES (%s, %s, %s)"
_COMPLETE = "UPDATE erased_patient SET pending = NULL WHERE patient_hash = ANY(%s)"
