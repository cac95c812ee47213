"""Train, validation and test splits: permanent for each patient, 70/15/15 in every batch."""

from collections.abc import Mapping
from enum import StrEnum
from hashlib import blake2b
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pandas as pd


class Split(StrEnum):
    """What a patient's encounters are used for."""

    TRAIN = "train"
    VALIDATION = "val"
    TEST = "test"


SHARES: Mapping[Split, float] = MappingProxyType(
    {Split.TRAIN: 0.70, Split.VALIDATION: 0.15, Split.TEST: 0.15}
)
DRAWN_BELOW = 100
"""A batch with fewer rows is too small for quotas: a hash draws the split of each patient."""

_SPLITS = tuple(SHARES)


def assign_splits(
    patients: pd.Series, labels: pd.Series, known: Mapping[int, str], key: str
) -> dict[int, str]:
    """Assign each new patient of a batch to a split.

    Known patients keep their split, and their rows count towards its quota. New patients then fill
    what is left of the quotas, class by class. Patients with several stays are assigned first, each
    to the split that lacks most rows of the patient's classes. Patients with one stay follow, and
    fill the quotas exactly. A keyed hash of the patient number breaks ties, so the result
    depends on nothing but the arguments.

    A batch of fewer than `DRAWN_BELOW` rows, such as a replay of one row, is too small for quotas:
    rounding would put every patient into training. In such a batch, the same hash draws a split for
    each new patient, so that many small batches add up to 70/15/15.

    Parameters
    ----------
    patients : Series of int, shape (n,)
        Patient of each encounter of the batch.
    labels : Series of int, shape (n,)
        Class code of each encounter.
    known : mapping of int to str
        Splits of patients who were seen before; patients who are not in the batch are ignored.
    key : str
        Key of the hash.

    Returns
    -------
    dict of int to str
        Split of every *new* patient.
    """
    if len(patients) < DRAWN_BELOW:
        return {int(p): _drawn(int(p), key) for p in patients.unique() if int(p) not in known}
    stays = pd.crosstab(patients, labels)
    seen = stays.index.isin(list(known))
    lacking = _quotas(stays.to_numpy().sum(axis=0))
    for patient, counts in zip(stays.index[seen], stays.to_numpy()[seen], strict=True):
        lacking[_SPLITS.index(Split(known[int(patient)]))] -= counts

    new = stays[~seen]
    rows = new.to_numpy()
    assigned: dict[int, str] = {}
    for position in _filling_order(new.index, rows, key):
        choice = _neediest(lacking, rows[position])
        lacking[choice] -= rows[position]
        assigned[int(new.index[position])] = str(_SPLITS[choice])
    return assigned


def _drawn(patient: int, key: str) -> str:
    """Return the split that the hash draws for a patient, with the probabilities in `SHARES`."""
    position = int.from_bytes(_digest(patient, key)) / 2**64
    index = int(np.searchsorted(np.cumsum(list(SHARES.values()))[:-1], position, side="right"))
    return str(_SPLITS[index])


def _quotas(class_sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return each split's number of rows of each class; training gets the rounding remainder."""
    quotas = np.array([np.rint(class_sizes * share) for share in SHARES.values()], dtype=np.int64)
    quotas[0] = class_sizes - quotas[1:].sum(axis=0)
    return quotas


def _filling_order(index: pd.Index, rows: npt.NDArray[np.int64], key: str) -> list[int]:
    """Return the positions of the new patients: most stays first, then by keyed hash."""
    stays = rows.sum(axis=1)
    digests = [_digest(int(patient), key) for patient in index]
    return sorted(range(len(index)), key=lambda position: (-stays[position], digests[position]))


def _digest(patient: int, key: str) -> bytes:
    return blake2b(str(patient).encode(), key=key.encode()[:64], digest_size=8).digest()


def _neediest(lacking: npt.NDArray[np.int64], row: npt.NDArray[np.int64]) -> int:
    """Return the split that lacks most rows of the classes in `row`, relative to its share."""
    shortage = lacking @ row / np.array(list(SHARES.values()))
    return int(np.argmax(shortage))
