"""Metrics by group of patients, which show whether a model works for all of them."""

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import roc_auc_score

from readmission.domain import schema
from readmission.domain.columns import Kind
from readmission.modelling.evaluation.bootstrap import AT_RISK_SHARE
from readmission.modelling.evaluation.metrics import SOON

ATTRIBUTES = ("race", "gender", "age")
"""Attributes that define the groups; age in the intervals of the file."""

MINIMUM_ROWS, MINIMUM_OUTCOMES = 100, 10
"""Groups with fewer patients, or fewer of either outcome, are too small to judge a model by."""

SubgroupMetrics = dict[str, dict[str, dict[str, float]]]
"""Values by attribute, group and name of the metric."""


def evaluate_subgroups(
    rows: pd.DataFrame, probabilities: npt.NDArray[np.floating]
) -> SubgroupMetrics:
    """Return the metrics of a model for each group of patients that is large enough.

    Parameters
    ----------
    rows : DataFrame, shape (n, ...)
        CLEAN rows with the columns of `ATTRIBUTES` and the target as class codes.
    probabilities : ndarray, shape (n, 3)
        In the order of `schema.CLASSES`.

    Returns
    -------
    dict
        ``rows``; ``auroc_under_30``; ``recall_top_20``, the share of the group's <30 patients
        who are among the 20 % of all patients at highest risk; ``calibration_gap_under_30``, the
        mean predicted risk minus the share readmitted within 30 days (positive if the risk is
        overestimated).
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
            if is_enough(soon[members])
        }
        for attribute in ATTRIBUTES
    }


def groups_of(rows: pd.DataFrame) -> dict[str, npt.NDArray[np.bool_]]:
    """Return the rows of each group that is large enough, by a name such as ``gender: Female``."""
    soon = rows[schema.TARGET].to_numpy() == SOON
    return {
        f"{attribute}: {group}": members
        for attribute in ATTRIBUTES
        for group, members in _groups(rows[attribute])
        if is_enough(soon[members])
    }


def shares_of(values: pd.Series) -> dict[str, float]:
    """Return the share of the rows in each group of an attribute, however small it is."""
    return {group: float(members.mean()) for group, members in _groups(values)}


def _groups(values: pd.Series) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    intervals = _intervals(str(values.name))
    for value in sorted(values.unique()):
        yield intervals.get(value, str(value)), (values == value).to_numpy()


def _intervals(attribute: str) -> Mapping[object, str]:
    """Return the file's intervals by their midpoint, which is what CLEAN stores."""
    column = schema.BY_NAME[attribute]
    if column.kind is not Kind.INTERVAL:
        return {}
    return {code: value for value, code in column.codes.items()}


def is_enough(soon: npt.NDArray[np.bool_]) -> bool:
    """Whether there are enough rows, and enough of either outcome, to judge a model by."""
    fewer = min(soon.sum(), len(soon) - soon.sum())
    return len(soon) >= MINIMUM_ROWS and fewer >= MINIMUM_OUTCOMES
