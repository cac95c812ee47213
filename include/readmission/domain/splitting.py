"""Train, validation and test parts: by patient, for ever, 70/15/15 in every batch."""

from collections.abc import Mapping
from enum import StrEnum
from hashlib import blake2b
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pandas as pd


class Part(StrEnum):
    """What a patient's encounters are used for."""

    TRAIN = "train"
    VALIDATION = "val"
    TEST = "test"


SHARES: Mapping[Part, float] = MappingProxyType(
    {Part.TRAIN: 0.70, Part.VALIDATION: 0.15, Part.TEST: 0.15}
)
DRAWN_BELOW = 100
"""Rows below which a batch is too small to be cut: its patients are drawn, one by one."""

_PARTS = tuple(SHARES)


def assign_parts(
    patients: pd.Series, labels: pd.Series, known: Mapping[int, str], key: str
) -> dict[int, str]:
    """Give each patient of a batch that has no part yet one of the three.

    Patients with a part keep it; their rows count first. What then remains to reach
    70/15/15 in each class is filled with the new patients: those with several stays
    first, each into the part that lacks rows of its classes most, then those with one
    stay, which fit exactly. Ties and order come from a keyed hash of the patient
    number, so the result depends on nothing else.

    A batch of fewer than `DRAWN_BELOW` rows, such as a replayed row, has no 15 % to fill:
    rounding would send every single patient into training. There the same hash draws a part
    for each new patient, so many small batches come out 70/15/15 together.

    Parameters
    ----------
    patients : Series of int, shape (n,)
        Patient of each encounter of the batch.
    labels : Series of int, shape (n,)
        Class code of each encounter.
    known : mapping of int to str
        Parts of patients that were seen before; others are ignored.
    key : str
        Key of the hash.

    Returns
    -------
    dict of int to str
        Part of every *new* patient.
    """
    if len(patients) < DRAWN_BELOW:
        return {int(p): _drawn(int(p), key) for p in patients.unique() if int(p) not in known}
    stays = pd.crosstab(patients, labels)
    seen = stays.index.isin(list(known))
    lacking = _quotas(stays.to_numpy().sum(axis=0))
    for patient, counts in zip(stays.index[seen], stays.to_numpy()[seen], strict=True):
        lacking[_PARTS.index(Part(known[int(patient)]))] -= counts

    new = stays[~seen]
    rows = new.to_numpy()
    assigned: dict[int, str] = {}
    for position in _filling_order(new.index, rows, key):
        choice = _neediest(lacking, rows[position])
        lacking[choice] -= rows[position]
        assigned[int(new.index[position])] = str(_PARTS[choice])
    return assigned


def _drawn(patient: int, key: str) -> str:
    """Part of a patient, each as likely as its share is large."""
    position = int.from_bytes(_digest(patient, key)) / 2**64
    place = int(np.searchsorted(np.cumsum(list(SHARES.values()))[:-1], position, side="right"))
    return str(_PARTS[place])


def _quotas(class_sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Rows of each class that each part should get; the remainders go to training."""
    quotas = np.array([np.rint(class_sizes * share) for share in SHARES.values()], dtype=np.int64)
    quotas[0] = class_sizes - quotas[1:].sum(axis=0)
    return quotas


def _filling_order(index: pd.Index, rows: npt.NDArray[np.int64], key: str) -> list[int]:
    """Positions of the new patients, most stays first, then by keyed hash."""
    stays = rows.sum(axis=1)
    digests = [_digest(int(patient), key) for patient in index]
    return sorted(range(len(index)), key=lambda position: (-stays[position], digests[position]))


def _digest(patient: int, key: str) -> bytes:
    return blake2b(str(patient).encode(), key=key.encode()[:64], digest_size=8).digest()


def _neediest(lacking: npt.NDArray[np.int64], row: npt.NDArray[np.int64]) -> int:
    """Part whose shortage, relative to its share, in the classes of `row` is largest."""
    shortage = lacking @ row / np.array(list(SHARES.values()))
    return int(np.argmax(shortage))
