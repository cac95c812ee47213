"""The figures of a model card, computed from the validation rows: nothing in it is typed."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from readmission.domain import drift, schema
from readmission.domain.batch_ids import batch_number
from readmission.domain.columns import earlier_stays
from readmission.errors import CardIncomplete
from readmission.modelling.decision import decide
from readmission.modelling.evaluation import criteria
from readmission.modelling.evaluation.bootstrap import PairedBootstrap
from readmission.modelling.evaluation.calibration import BINS
from readmission.modelling.evaluation.decision_curve import decision_curve
from readmission.modelling.evaluation.metrics import SOON
from readmission.modelling.evaluation.subgroups import (
    ATTRIBUTES,
    SubgroupMetrics,
    evaluate_subgroups,
    groups_of,
    shares_of,
)

DRAWS, SEED = 200, 30
"""Fewer draws than a verdict has: the intervals of a card decide nothing."""

DRIFTED = 10
"""Columns of which the drift is shown."""

Flags = npt.NDArray[np.bool_]


def evaluation_report(
    rows: pd.DataFrame, probabilities: npt.NDArray[np.float64], weights: tuple[float, float, float]
) -> dict[str, Any]:
    """Return the figures of a model's card.

    Parameters
    ----------
    rows : DataFrame, shape (n, ...)
        CLEAN validation rows with outcome, eligibility and, if known, the patient; with the fields
        of earlier stays if the model takes them.
    probabilities : ndarray, shape (n, 3)
        In the order of `schema.CLASSES`.
    weights : tuple of 3 floats
        The model's decision weights.

    Returns
    -------
    dict
        ``intervals`` of metrics, over ``all`` rows and ``eligible`` ones; ``subgroups``;
        ``calibration`` by tenths of the risk; ``decision_curve``; ``demographics``; ``drift`` of
        the newest batch from the earlier ones, which is empty if it cannot be measured;
        ``features`` and ``criteria`` by which the model was or will be judged.

    Raises
    ------
    CardIncomplete
        If a figure cannot be computed.
    """
    positive = rows[schema.TARGET].to_numpy() == SOON
    risk = probabilities[:, SOON]
    eligible = rows["eligible"].to_numpy()
    everybody = np.ones(len(rows), dtype=bool)
    report = {
        "rows": {"all": len(rows), "eligible": int(eligible.sum())},
        "intervals": {
            name: _intervals(rows[members], probabilities[members], weights)
            for name, members in (("all", everybody), ("eligible", eligible))
        },
        "subgroups": _subgroups(rows, probabilities, positive),
        "calibration": _calibration(positive, risk),
        "decision_curve": decision_curve(positive, risk, rows),
        "demographics": {name: shares_of(rows[name]) for name in ATTRIBUTES},
        "drift": _drift(rows),
        "features": [*schema.FEATURE_NAMES, *(n for n in earlier_stays.NAMES if n in rows)],
        "criteria": [
            {"name": name, "title": title, "limit": criteria.LIMITS[name]}
            for name, title in criteria.TITLES.items()
            if name in criteria.LIMITS
        ],
    }
    require_complete(report)
    return report


def require_complete(report: Mapping[str, Any]) -> None:
    """Check that a report has every figure.

    Raises
    ------
    CardIncomplete
        With the path of the first one that is missing or not finite.
    """
    for path, value in _values(report):
        if value is None or (isinstance(value, float) and not math.isfinite(value)):
            raise CardIncomplete(path, value)


def _intervals(
    rows: pd.DataFrame, probabilities: npt.NDArray[np.float64], weights: tuple[float, float, float]
) -> dict[str, list[float]]:
    """Return each metric with its 95 % interval: figure, lower and upper end."""
    bootstrap = _bootstrap(rows)
    predicted = criteria.Predicted(probabilities, decide(probabilities, weights))
    outcomes = rows[schema.TARGET].to_numpy()
    found = bootstrap.of_one(
        outcomes, predicted.decided, outcomes == SOON, predicted.risk, predicted.losses(outcomes)
    )
    return {name: [one.figure, one.low, one.high] for name, one in found.items()}


def _bootstrap(rows: pd.DataFrame) -> PairedBootstrap:
    patients = rows.get(schema.PATIENT, pd.Series(np.arange(len(rows)), rows.index)).to_numpy()
    return PairedBootstrap(patients, SEED, DRAWS)


def _subgroups(
    rows: pd.DataFrame, probabilities: npt.NDArray[np.float64], positive: Flags
) -> SubgroupMetrics:
    """Return the metrics of each group, with the ends of the 95 % interval of AUROC."""
    found, groups = evaluate_subgroups(rows, probabilities), groups_of(rows)
    aurocs = _bootstrap(rows).aurocs(positive, probabilities[:, SOON], list(groups.values()))
    for name, auroc in zip(groups, aurocs, strict=True):
        attribute, group = name.split(": ", 1)
        found[attribute][group] |= {
            "auroc_under_30_low": auroc.low,
            "auroc_under_30_high": auroc.high,
        }
    return found


def _calibration(positive: Flags, risk: npt.NDArray[np.floating]) -> list[dict[str, float]]:
    bins = np.array_split(np.argsort(risk, kind="stable"), BINS)
    return [
        {
            "risk": float(risk[places].mean()),
            "observed": float(positive[places].mean()),
            "rows": float(len(places)),
        }
        for places in bins
        if len(places)
    ]


def _drift(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the columns in which the newest batch differs most from the earlier ones."""
    if "batch_id" not in rows:
        return []
    is_newest = (rows["batch_id"] == max(rows["batch_id"].unique(), key=batch_number)).to_numpy()
    if is_newest.all():
        return []
    found = drift.measure(rows[is_newest], drift.reference_of(rows[~is_newest]))
    return [{"column": one.column, "psi": one.psi} for one in found[:DRIFTED]]


def _values(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _values(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _values(inner, f"{path}.{place}")
    else:
        yield path, value
