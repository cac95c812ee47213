"""What following up a number of patients catches and misses, read off a model's curve."""

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class FollowUp:
    """What is expected of following up the riskiest patients of a day.

    Parameters
    ----------
    share : float
        Of the patients, 0 to 1.
    threshold : float
        Probability of coming back within 30 days from which a patient is followed up.
    caught : float
        Share of those who come back that is followed up.
    caught_patients, missed_patients : float
        The same as patients a day, and the others who come back.
    """

    share: float
    threshold: float
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
    threshold, caught = (
        float(np.interp(share, curve["share"], curve[name])) for name in ("threshold", "caught")
    )
    # Following up everybody finds those who come back as often as they are among all patients.
    returning = discharged * float(curve["precision"].iloc[-1])
    return FollowUp(share, threshold, caught, returning * caught, returning * (1 - caught))
