"""Privacy: which values may be shown, and the keyed hashes that replace identifiers."""

import re
from collections.abc import Callable
from hashlib import blake2b
from typing import TYPE_CHECKING

from readmission.domain import schema
from readmission.domain.columns import MISSING, Kind

if TYPE_CHECKING:
    import pandas as pd

HIDDEN = "(number not shown)"
LONGEST = 60
"""Longer values are cut to this many characters."""

_LONG_NUMBER = re.compile(r"\d{5,}")
"""Codes and counts of the contract are shorter, so such a number is a key in the wrong column."""


def shown(column: str, value: object) -> str:
    """Return a value as it may be displayed.

    Patient and encounter numbers are hidden, even in the wrong column of the contract. A column
    outside the contract was computed by the pipeline, so its values are shown.

    Parameters
    ----------
    column : str
        The column of the value.
    value : object
        The stored value.
    """
    text = str(value)
    if column in schema.BY_NAME and (is_identifier(column) or _LONG_NUMBER.search(text)):
        return HIDDEN
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def all_shown(values: "pd.Series") -> "pd.Series":
    """Return the values of a column as they may be displayed."""
    return values.map({value: shown(str(values.name), value) for value in values.unique()})


def is_identifier(column: str) -> bool:
    """Whether a column holds patient or encounter numbers."""
    return column in schema.BY_NAME and schema.BY_NAME[column].kind is Kind.KEY


HASH_BYTES, KEY_ID_BYTES = 16, 4
SHORTEST_KEY = 32

Hasher = Callable[[str | int | None], str | None]


class Pseudonyms:
    """Keyed hashes in place of encounter and patient numbers.

    The hash is BLAKE2b (RFC 7693), personalised for each of the two kinds of number. The same
    patient always gets the same hash, and without the key nobody can find the number by trying
    all of them. A missing number has no hash.

    The list of erased patients has a hash of its own, so that it cannot be joined with the
    prediction log.

    Parameters
    ----------
    key : str
        Secret of at least 32 characters; with another key, every number gets another hash. After
        a rotation the former keys follow it, each after a comma: what they hashed can be found.

    Attributes
    ----------
    key_id : str
        Names the key without giving it away.
    former : tuple of Pseudonyms
        Those of the former keys.
    """

    def __init__(self, key: str) -> None:
        current, *former = _split(key)
        self.former = tuple(map(Pseudonyms, former))
        secret = blake2b(current.encode()).digest()
        self.encounter = _hasher(secret, b"encounter")
        self.patient = _hasher(secret, b"patient")
        self.erased_patient = _hasher(secret, b"erased patient")
        self.key_id = blake2b(
            b"", digest_size=KEY_ID_BYTES, key=secret, person=b"key id"
        ).hexdigest()


def _split(key: str) -> list[str]:
    """Return the keys of a list, without blanks after commas; a single key may have commas, too."""
    keys = re.split(", *", key)
    return keys if all(len(one) >= SHORTEST_KEY for one in keys) else [key]


def _hasher(key: bytes, person: bytes) -> Hasher:
    keyed = blake2b(digest_size=HASH_BYTES, key=key, person=person)

    def hashed(number: str | int | None) -> str | None:
        if number is None or number == MISSING:
            return None
        one = keyed.copy()
        one.update(str(number).encode())
        return one.hexdigest()

    return hashed
