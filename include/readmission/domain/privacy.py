"""Privacy: what of a value may be shown, and the keyed hashes that stand for people."""

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
"""Characters that are shown of a value."""

_LONG_NUMBER = re.compile(r"\d{5,}")
"""No code or count of the contract has so many digits; a key in the wrong column has."""


def shown(column: str, value: object) -> str:
    """Return a value of a column as people may see it.

    Numbers of patients and of encounters are hidden, also those that got into another
    column of the contract; what is not of the contract is ours, and shown.

    Parameters
    ----------
    column : str
        Where the value stands.
    value : object
        The value, as it is spelt.
    """
    text = str(value)
    if column in schema.BY_NAME and (is_identifier(column) or _LONG_NUMBER.search(text)):
        return HIDDEN
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def all_shown(values: "pd.Series") -> "pd.Series":
    """Return the values of a column as people may see them."""
    return values.map({value: shown(str(values.name), value) for value in values.unique()})


def is_identifier(column: str) -> bool:
    """Whether a column holds numbers of patients or of encounters."""
    return column in schema.BY_NAME and schema.BY_NAME[column].kind is Kind.KEY


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
        if number is None or number == MISSING:
            return None
        one = keyed.copy()
        one.update(str(number).encode())
        return one.hexdigest()

    return hashed
