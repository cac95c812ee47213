"""Medicines for diabetes, found by the names of their substances."""

import re

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
