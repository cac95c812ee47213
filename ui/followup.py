"""How many readmissions a team catches and misses, read from the model's capacity curve."""

from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

DISCHARGED = 40
"""Initial number of patients discharged per day."""
Z = 1.96
"""Of a 95 % interval."""
COARSE_STEP = 0.01
"""Distance between two points of the curve in older models."""


@dataclass(frozen=True)
class FollowUp:
    """What to expect from following up the patients at highest risk each day.

    Parameters
    ----------
    share : float
        Share of the discharged patients who are followed up, 0 to 1.
    threshold : float, optional
        Probability of readmission within 30 days from which a patient is followed up; None if
        nobody is followed up.
    is_lower_bound : bool
        Whether the true threshold may be higher, because the curve is too coarse.
    caught : float
        Share of the readmitted patients who were followed up, 0 to 1.
    caught_patients, missed_patients : float
        Readmitted patients per day who were followed up, and who were not.
    needed : tuple of three floats, optional
        The number needed to follow: how many patients are followed up for each one who is
        readmitted, with its 95 % interval. None if the curve does not say on how many patients it
        was measured, as in older models, or if none of them was readmitted.
    net_benefit, for_all : float, optional
        Net benefit for each discharged patient of following up these patients, and all of them
        (Vickers and Elkin 2006). None if nobody is followed up, or everybody.
    """

    share: float
    threshold: float | None
    is_lower_bound: bool
    caught: float
    caught_patients: float
    missed_patients: float
    needed: tuple[float, float, float] | None = None
    net_benefit: float | None = None
    for_all: float | None = None


def capacity(state: MutableMapping[Any, Any]) -> tuple[int, int]:
    """Return how many patients per day are discharged and followed up, as the page Capacity says.

    Parameters
    ----------
    state : mapping
        The session's state.
    """
    discharged = int(state.get("discharged", DISCHARGED))
    return discharged, int(state.get("followed", max(1, discharged // 5)))


def follow_up(curve: pd.DataFrame, chosen: int, discharged: int) -> FollowUp:
    """Return what to expect from following up `chosen` of `discharged` patients per day.

    Parameters
    ----------
    curve : DataFrame
        ``share``, ``threshold``, ``caught`` and ``precision`` on validation patients, ordered by
        share from 0 to 1. Values between two points are interpolated linearly.
    chosen, discharged : int
        Patients per day.
    """
    share = chosen / discharged
    caught = float(np.interp(share, curve["share"], curve["caught"]))
    # At the last point everyone is followed up, so its precision is the overall readmission rate.
    rate = float(curve["precision"].iloc[-1])
    readmitted = discharged * rate
    threshold = _threshold(curve, share) if chosen else None
    weighed = threshold is not None and 0 < threshold < 1
    return FollowUp(
        share=share,
        threshold=threshold,
        is_lower_bound=_starts_artificially(curve) and share < curve["share"].iloc[1],
        caught=caught,
        caught_patients=readmitted * caught,
        missed_patients=readmitted * (1 - caught),
        needed=_needed(curve, share, caught),
        net_benefit=_net_benefit(share, rate * caught, threshold) if weighed else None,
        for_all=_net_benefit(1, rate, threshold) if weighed else None,
    )


def _net_benefit(followed: float, readmitted: float, threshold: float | None) -> float:
    """Return the share of true positives minus the weighted share of false positives.

    A patient who is followed up for nothing weighs as much as the odds of the threshold: whoever
    chooses it accepts that many for each one who is readmitted.
    """
    odds = 0.0 if threshold is None else threshold / (1 - threshold)
    return readmitted - (followed - readmitted) * odds


def _needed(curve: pd.DataFrame, share: float, caught: float) -> tuple[float, float, float] | None:
    """Return the number needed to follow, by Wilson's interval of a share (1927)."""
    if "patients" not in curve:
        return None
    measured = float(curve["patients"].iloc[-1])
    followed, readmitted = share * measured, caught * measured * float(curve["precision"].iloc[-1])
    if followed < 1 or readmitted <= 0:
        return None
    found, squared = readmitted / followed, Z * Z / followed
    middle = (found + squared / 2) / (1 + squared)
    half = Z / (1 + squared) * ((found * (1 - found) + squared / 4) / followed) ** 0.5
    return 1 / found, 1 / (middle + half), 1 / (middle - half)


def _threshold(curve: pd.DataFrame, share: float) -> float:
    """Read the threshold from the measured points of the curve."""
    measured = curve.iloc[1:] if _starts_artificially(curve) else curve
    return float(np.interp(share, measured["share"], measured["threshold"]))


def _starts_artificially(curve: pd.DataFrame) -> bool:
    """Whether the first point of the curve was not measured, as in older models.

    Their curves have one point per per cent and start at a threshold of 1. Interpolating from
    there would give a threshold that no patient reaches.
    """
    return float(curve["threshold"].iloc[0]) == 1 and float(curve["share"].iloc[1]) >= COARSE_STEP
