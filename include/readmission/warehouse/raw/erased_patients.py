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
        Key of the hashes; without it, only an empty list can be read.
    """

    def __init__(self, connection: psycopg.Connection, key: str | None) -> None:
        self.connection = connection
        self._names = None if key is None else Pseudonyms(key)

    def among(self, numbers: Collection[str]) -> frozenset[str]:
        """Return those patient numbers that are on the list.

        Raises
        ------
        ErasureKeyError
            If the list is not empty, and was made with another key.
        """
        with self.connection.transaction():
            listed = self.connection.execute(_SELECT).fetchall()
        if not listed:
            return frozenset()
        names = self._names
        if names is None or any(key_id != names.key_id for _, key_id, _ in listed):
            raise ErasureKeyError
        hashes = {patient_hash for patient_hash, _, _ in listed}
        return frozenset(n for n in set(numbers) if names.erased_patient(canonical(n)) in hashes)

    def pending(self, number: int) -> UUID | None:
        """Return the erasure of a patient that was begun but not completed."""
        with self.connection.transaction():
            found = self.connection.execute(_PENDING, (self._hash(number),)).fetchone()
        return found[0] if found else None

    @property
    def is_pending(self) -> bool:
        """Whether the erasure of any patient was begun but not completed."""
        with self.connection.transaction():
            return self.connection.execute(_ANY_PENDING).fetchone() == (True,)

    def begin(self, number: int, erasure_id: UUID) -> None:
        """Put a patient on the list; from now on their rows are refused."""
        with self.connection.transaction():
            self.connection.execute(_BEGIN, (self._hash(number), self._known.key_id, erasure_id))

    def complete(self, number: int) -> None:
        """Forget which erasure belongs to this patient; the hash stays on the list."""
        with self.connection.transaction():
            self.connection.execute(_COMPLETE, (self._hash(number),))

    def _hash(self, number: int) -> str | None:
        return self._known.erased_patient(number)

    @property
    def _known(self) -> Pseudonyms:
        if self._names is None:
            raise ErasureKeyError
        return self._names


def canonical(number: str) -> str:
    """Return the form of a number that is hashed: without surrounding spaces and leading zeros."""
    stripped = number.strip()
    return str(int(stripped)) if stripped.isascii() and stripped.isdecimal() else stripped


_SELECT = "SELECT patient_hash, key_id, pending FROM erased_patient"
_PENDING = "SELECT pending FROM erased_patient WHERE patient_hash = %s AND pending IS NOT NULL"
_ANY_PENDING = "SELECT EXISTS (SELECT FROM erased_patient WHERE pending IS NOT NULL)"
_BEGIN = """
INSERT INTO erased_patient (patient_hash, key_id, pending) VALUES (%s, %s, %s)
ON CONFLICT (patient_hash) DO UPDATE SET (key_id, pending) = (EXCLUDED.key_id, EXCLUDED.pending)
"""
_COMPLETE = "UPDATE erased_patient SET pending = NULL WHERE patient_hash = %s"
