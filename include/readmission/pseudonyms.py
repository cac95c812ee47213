"""Keyed hashes that stand for encounters and patients wherever predictions are kept."""

from collections.abc import Callable
from hashlib import blake2b

from readmission import schema

HASH_BYTES = 16

Hasher = Callable[[str | int | None], str | None]


class Pseudonyms:
    """Names for encounters and patients that nobody can take back without the key.

    The numbers are replaced by keyed hashes (BLAKE2b, RFC 7693), each kind with a
    personalisation of its own: the same patient is recognised, yet neither number can be
    guessed. A number that is missing has no name.

    Parameters
    ----------
    key : str
        Secret of at least 32 characters; another key makes all known patients new ones.
    """

    def __init__(self, key: str) -> None:
        secret = blake2b(key.encode()).digest()
        self.encounter = _hasher(secret, b"encounter")
        self.patient = _hasher(secret, b"patient")


def _hasher(key: bytes, person: bytes) -> Hasher:
    keyed = blake2b(digest_size=HASH_BYTES, key=key, person=person)

    def hashed(number: str | int | None) -> str | None:
        if number is None or number == schema.MISSING:
            return None
        one = keyed.copy()
        one.update(str(number).encode())
        return one.hexdigest()

    return hashed
