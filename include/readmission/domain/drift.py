"""The drift of a batch from the training rows of the production model.

The population stability index (PSI) measures how large a change is, not how significant: with
15,000 rows every p-value would raise an alarm. Source: Siddiqi 2006, "Credit Risk Scorecards",
ch. 6, with its limits of 0.10 and 0.25.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd

from readmission.domain import schema
from readmission.domain.columns import Kind
from readmission.domain.diagnoses import group_of

MODERATE = 0.10
STRONG = 0.25
MINIMUM_ROWS = 500
"""The drift of a smaller batch is not measured, because its shares are too uncertain."""
CHANGED = 1.5
"""Factor by which known drift must grow to raise another alarm."""

_BINS = 10
_FLOOR = 1e-4
"""Share assumed for a value that one side does not contain, so that the index stays finite."""
_OTHER = "(other)"

MEASURED = (*schema.FEATURE_NAMES, schema.TARGET)
"""The columns whose drift is measured: every feature and the target."""


class Level(StrEnum):
    """How strong the drift of a column is."""

    NONE = "none"
    MODERATE = "moderate"
    STRONG = "strong"

    @classmethod
    def of(cls, psi: float) -> "Level":
        """Return the level of a population stability index."""
        return cls.STRONG if psi >= STRONG else cls.MODERATE if psi >= MODERATE else cls.NONE


@dataclass(frozen=True)
class Drift:
    """The drift of one column of a batch from the reference.

    Parameters
    ----------
    column : str
        A feature, or the target.
    psi : float
        Population stability index, from 0.
    level : Level
        The level of that index.
    """

    column: str
    psi: float
    level: Level


def reference_of(rows: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Summarise the training rows of a model, small enough to be stored with it.

    Parameters
    ----------
    rows : DataFrame
        CLEAN rows with the columns of `MEASURED`.

    Returns
    -------
    dict
        For each number column ``edges`` (inner edges of bins of about equal size) and ``shares``
        per bin; for each category ``shares`` per value. It can be stored as JSON.
    """
    return {name: _summary(rows[name]) for name in MEASURED}


def measure(rows: pd.DataFrame, reference: Mapping[str, Mapping[str, Any]]) -> list[Drift]:
    """Compare a batch with a reference, column by column.

    Parameters
    ----------
    rows : DataFrame
        CLEAN rows of the batch.
    reference : mapping
        The result of `reference_of` when the model was trained.

    Returns
    -------
    list of Drift
        Largest first; empty if the batch has fewer than `MINIMUM_ROWS` rows.
    """
    if len(rows) < MINIMUM_ROWS:
        return []
    indices = {name: _index(rows[name], summary) for name, summary in reference.items()}
    ordered = sorted(indices.items(), key=lambda item: -item[1])
    return [Drift(name, psi, Level.of(psi)) for name, psi in ordered]


def alarms(drifts: Sequence[Drift], known: Mapping[str, float]) -> list[Drift]:
    """Return the strong drifts that are new: nobody reads an alarm that comes with every batch.

    Parameters
    ----------
    drifts : sequence of Drift
        The result of `measure`.
    known : mapping of str to float
        Columns whose drift has been strong since an alarm, each with the index of that alarm.
    """
    return [
        d for d in drifts if d.level is Level.STRONG and d.psi >= CHANGED * known.get(d.column, 0.0)
    ]


def advice(column: str) -> str:
    """Return what to check when a column has drifted strongly, as one clause."""
    if column == schema.TARGET:
        return "the outcomes have changed: check the calibration of the next models"
    declared = schema.BY_NAME[column]
    if declared.kind is Kind.DIAGNOSIS:
        return "check whether the source has changed how it codes diagnoses"
    if declared.kind is Kind.COUNT:
        return "check whether the source counts as before, and ask whether the patients changed"
    if declared.nullable:
        return "check whether the source fills it more or less often than before"
    return "check whether the source uses the codes as before, and ask whether the patients changed"


def psi(before: np.ndarray, after: np.ndarray) -> float:
    """Return the population stability index of two distributions over the same bins.

    Parameters
    ----------
    before, after : ndarray, shape (k,)
        Shares; a share of 0 counts as 1e-4.
    """
    before, after = np.maximum(before, _FLOOR), np.maximum(after, _FLOOR)
    return float(np.sum((after - before) * np.log(after / before)))


def _summary(values: pd.Series) -> dict[str, Any]:
    if values.name in schema.CATEGORICAL_FEATURES or values.name == schema.TARGET:
        shares = _named(values).value_counts(normalize=True)
        return {"shares": {str(value): float(share) for value, share in shares.items()}}
    edges = np.unique(np.quantile(values, np.linspace(0, 1, _BINS + 1)[1:-1])).tolist()
    return {"edges": edges, "shares": _binned(values, edges)}


def _index(values: pd.Series, summary: Mapping[str, Any]) -> float:
    if "edges" in summary:
        return psi(np.array(summary["shares"]), np.array(_binned(values, summary["edges"])))
    before = dict(summary["shares"])
    named = _named(values)
    shares = named.where(named.isin(list(before)), _OTHER).value_counts(normalize=True)
    bins = [*before, _OTHER]
    return psi(
        np.array([before.get(name, 0.0) for name in bins]),
        np.array([float(shares.get(name, 0.0)) for name in bins]),
    )


def _named(values: pd.Series) -> pd.Series:
    """Return the categories of a column; those of a diagnosis are its clinical groups."""
    named = values.astype(str)
    if values.name == schema.TARGET or schema.BY_NAME[str(values.name)].kind is not Kind.DIAGNOSIS:
        return named
    return named.map({value: group_of(value) for value in named.unique()})


def _binned(values: pd.Series, edges: Sequence[float]) -> list[float]:
    positions = np.searchsorted(np.asarray(edges), values.to_numpy(), side="left")
    counts = np.bincount(positions, minlength=len(edges) + 1)
    return (counts / len(values)).tolist()
