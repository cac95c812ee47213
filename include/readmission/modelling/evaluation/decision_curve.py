"""Net benefit of choosing whom to follow up by a model, by a LACE-like score, all or nobody.

Net benefit weighs the patients rightly followed up against those followed up in vain, at the rate
that a threshold of the risk implies (Vickers & Elkin 2006, "Decision curve analysis").
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from readmission.domain.diagnoses import category_of

THRESHOLDS = tuple(round(0.02 * step, 2) for step in range(1, 16))
"""Risks of a readmission within 30 days from which a patient is followed up, 2 to 30 %."""
LACE_HIGH = 10
"""From this score on, patients are called at high risk (van Walraven et al. 2010)."""

_EMERGENCY = "1"
_DAYS = ((14, 7), (7, 5), (4, 4), (3, 3), (2, 2), (1, 1))
_MOST_VISITS, _MOST_DISEASE, _FULL_DISEASE = 4, 4, 5
_DISEASES: dict[str, int] = {
    **dict.fromkeys(("410", "412", *map(str, range(430, 439)), "440", "441", "443"), 1),
    **dict.fromkeys(("250.0", "250.1", "250.2", "250.3"), 1),
    **dict.fromkeys(("250.4", "250.5", "250.6", "250.7", "428"), 2),
    **dict.fromkeys((*map(str, range(490, 497)), "571", "582", "585"), 2),
    **dict.fromkeys((str(code) for code in range(140, 196)), 2),
    **dict.fromkeys(("290", "710", "714"), 3),
    "042": 4, "42": 4,
    **dict.fromkeys(("196", "197", "198", "199"), 6),
}  # fmt: skip
"""Points of a comorbidity by ICD-9 category, as in LACE."""

Flags = npt.NDArray[np.bool_]


def lace_like(features: pd.DataFrame) -> npt.NDArray[np.integer]:
    """Return a LACE-like score of CLEAN features, 0 to 19.

    Length of stay, acute admission, comorbidity and emergency visits have the points of LACE. It is
    only like LACE, because a row has three diagnoses, and visits of a year instead of six months.
    """
    days = features["time_in_hospital"].to_numpy()
    stay = np.select([days >= least for least, _ in _DAYS], [points for _, points in _DAYS], 0)
    acute = np.where(features["admission_type_id"].astype(str) == _EMERGENCY, 3, 0)
    named = features[["diag_1", "diag_2", "diag_3"]]
    disease = sum(
        named[column].map(lambda found: _DISEASES.get(category_of(str(found)), 0)).to_numpy()
        for column in named
    )
    disease = np.where(disease >= _MOST_DISEASE, _FULL_DISEASE, disease)
    visits = np.minimum(features["number_emergency"].to_numpy(), _MOST_VISITS)
    return np.asarray(stay + acute + disease + visits).astype(int)


def net_benefit(positive: Flags, flagged: Flags, threshold: float) -> float:
    """Return the net benefit of following up some patients, per patient.

    Parameters
    ----------
    positive, flagged : ndarray of bool, shape (n,)
        Who was readmitted within 30 days, and who is followed up.
    threshold : float
        The risk from which a follow-up is worth it.
    """
    right, wrong = (positive & flagged).mean(), (~positive & flagged).mean()
    return float(right - wrong * threshold / (1 - threshold))


def decision_curve(
    positive: Flags, risk: npt.NDArray[np.floating], features: pd.DataFrame
) -> list[dict[str, float]]:
    """Return the net benefit at each of `THRESHOLDS`.

    Returns
    -------
    list of dict
        ``threshold``; ``model``, following up the patients whose risk reaches it; ``all``,
        following up everybody; ``lace``, following up those with a LACE-like score of `LACE_HIGH`
        or more. Following up nobody has a net benefit of 0.
    """
    everybody = np.ones(len(positive), dtype=bool)
    high = lace_like(features) >= LACE_HIGH
    return [
        {
            "threshold": threshold,
            "model": net_benefit(positive, risk >= threshold, threshold),
            "all": net_benefit(positive, everybody, threshold),
            "lace": net_benefit(positive, high, threshold),
        }
        for threshold in THRESHOLDS
    ]
