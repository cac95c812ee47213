"""What following up a number of patients catches and misses, read off a model's curve."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

WHOLE = 0.01
"""Share between two points of an early model's curve."""


@dataclass(frozen=True)
class FollowUp:
    """What is expected of following up the riskiest patients of a day.

    Parameters
    ----------
    share : float
        Of the patients, 0 to 1.
    threshold : float, optional
        Probability of coming back within 30 days from which a patient is followed up; none if
        nobody is.
    is_floor : bool
        Whether the curve only says that the threshold is no lower.
    caught : float
        Share of those who come back that is followed up.
    caught_patients, missed_patients : float
        The same as patients a day, and the others who come back.
    """

    share: float
    threshold: float | None
    is_floor: bool
    caught: float
    caught_patients: float
    missed_patients: float


def follow_up(curve: pd.DataFrame, chosen: int, discharged: int) -> FollowUp:
    """Return what following up `chosen` of `discharged` patients a day brings.

    Parameters
    ----------
    curve : DataFrame
        ``share``, ``threshold``, ``caught`` and ``precision`` on validation patients, ordered
        by share from 0 to 1; between two points a straight line is taken.
    chosen, discharged : int
        Patients a day.
    """
    share = chosen / discharged
    caught = float(np.interp(share, curve["share"], curve["caught"]))
    # Following up everybody finds those who come back as often as they are among all patients.
    returning = discharged * float(curve["precision"].iloc[-1])
    return FollowUp(
        share=share,
        threshold=_threshold(curve, share) if chosen else None,
        is_floor=_begins_invented(curve) and share < curve["share"].iloc[1],
        caught=caught,
        caught_patients=returning * caught,
        missed_patients=returning * (1 - caught),
    )


def _threshold(curve: pd.DataFrame, share: float) -> float:
    """Read the threshold off, without a first point that was made up."""
    measured = curve.iloc[1:] if _begins_invented(curve) else curve
    return float(np.interp(share, measured["share"], measured["threshold"]))


def _begins_invented(curve: pd.DataFrame) -> bool:
    """Whether this is an early model's curve: in whole per cent, from a risk of 1 that nobody has.

    A line from there would put the threshold for one of 200 patients where it finds nobody.
    """
    return float(curve["threshold"].iloc[0]) == 1 and float(curve["share"].iloc[1]) >= WHOLE
