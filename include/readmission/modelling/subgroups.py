"""Whether a model serves all kinds of patients: the same figures for each group of them."""

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import roc_auc_score

from readmission.domain import schema
from readmission.domain.columns import Kind
from readmission.modelling.evaluation import AT_RISK_SHARE, SOON

ATTRIBUTES = ("race", "gender", "age")
"""Whom a model must not serve worse; age in the intervals of the file."""

MINIMUM_ROWS, MINIMUM_OUTCOMES = 100, 10
"""A group with fewer patients, or fewer of either outcome, says nothing of the model."""

Figures = dict[str, dict[str, dict[str, float]]]
"""By attribute, group and metric."""


def evaluate_subgroups(rows: pd.DataFrame, probabilities: npt.NDArray[np.floating]) -> Figures:
    """Return what a model scored on each group of patients that is large enough.

    Parameters
    ----------
    rows : DataFrame, shape (n, ...)
        Of CLEAN, with the columns of `ATTRIBUTES` and the target as class codes.
    probabilities : ndarray, shape (n, 3)
        In the order of `schema.CLASSES`.

    Returns
    -------
    dict
        ``rows``; ``auroc_under_30``; ``recall_top_20``, the share of the group's <30 patients
        among the 20 % of all patients at highest risk; ``calibration_gap_under_30``, the mean
        predicted risk less the share that came back (positive: risk is overstated).
    """
    soon = rows[schema.TARGET].to_numpy() == SOON
    risk = probabilities[:, SOON]
    flagged = risk >= np.quantile(risk, 1 - AT_RISK_SHARE)
    return {
        attribute: {
            group: {
                "rows": float(members.sum()),
                "auroc_under_30": float(roc_auc_score(soon[members], risk[members])),
                "recall_top_20": float(flagged[members & soon].mean()),
                "calibration_gap_under_30": float(risk[members].mean() - soon[members].mean()),
            }
            for group, members in _groups(rows[attribute])
            if _is_enough(soon[members])
        }
        for attribute in ATTRIBUTES
    }


def _groups(values: pd.Series) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    spelt = _spelling(str(values.name))
    for value in sorted(values.unique()):
        yield spelt.get(value, str(value)), (values == value).to_numpy()


def _spelling(attribute: str) -> Mapping[object, str]:
    """Return how the file spells an interval that CLEAN holds as its midpoint."""
    column = schema.BY_NAME[attribute]
    if column.kind is not Kind.INTERVAL:
        return {}
    return {code: value for value, code in column.codes.items()}


def _is_enough(soon: npt.NDArray[np.bool_]) -> bool:
    fewer = min(soon.sum(), len(soon) - soon.sum())
    return len(soon) >= MINIMUM_ROWS and fewer >= MINIMUM_OUTCOMES
