"""The criteria by which a challenger is promoted: pure functions of arrays.

A challenger is promoted if no criterion fails. It must be better in log-loss, where a comparison is
sharpest. It must not be worse in its decisions, its calibration or in finding the patients at risk,
over all patients and in each group.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from readmission.domain.production import CriterionStatus
from readmission.modelling.evaluation.bootstrap import Difference, PairedBootstrap
from readmission.modelling.evaluation.calibration import calibration_slope, expected_error
from readmission.modelling.evaluation.metrics import SOON

WEIGHTED_F1_MARGIN = 0.005
CALIBRATION_ERROR = 0.02
SLOPE = (0.8, 1.25)
AUROC_FLOOR, RECALL_FLOOR = 0.01, 0.03
MINIMUM_POSITIVES = 300
"""With fewer readmissions within 30 days among the rows, a figure never decides."""

LOG_LOSS, WEIGHTED_F1, BEST_F1 = "log_loss", "weighted_f1", "weighted_f1_best"
SHADOW = "log_loss_shadow"
ERROR, SLOPE_NAME = "calibration_error_under_30", "calibration_slope_under_30"
AUROC, RECALL = "auroc_under_30", "recall_top_20"
TITLES = {
    LOG_LOSS: "difference in log-loss",
    WEIGHTED_F1: "difference in weighted F1",
    BEST_F1: "difference in weighted F1 from the best champion so far",
    SHADOW: "difference in log-loss from a refused version that proved better in shadow",
    ERROR: "calibration error of <30",
    SLOPE_NAME: "calibration slope of <30",
    AUROC: "difference in AUROC(<30)",
    RECALL: "difference in the share of <30 among the 20 % at highest risk",
    "newest_batch_log_loss": "log-loss on the newest batch",
    "newest_batch_weighted_f1": "weighted F1 on the newest batch",
    "newest_batch_auroc_under_30": "AUROC(<30) on the newest batch",
    "newest_batch_calibration_error_any": (
        "calibration error of any readmission on the newest batch"
    ),
}
"""Each criterion in words; those of a group of patients have its name as well."""

LIMITS = {
    LOG_LOSS: "upper end below 0",
    WEIGHTED_F1: f"at least -{WEIGHTED_F1_MARGIN}",
    BEST_F1: f"at least -{WEIGHTED_F1_MARGIN}",
    SHADOW: "lower end at most 0",
    ERROR: f"at most {CALIBRATION_ERROR}",
    SLOPE_NAME: f"{SLOPE[0]} to {SLOPE[1]}",
    AUROC: f"upper end at least -{AUROC_FLOOR}",
    RECALL: f"upper end at least -{RECALL_FLOOR}",
}
"""The limit of each criterion that decides, in words."""

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Criterion:
    """One criterion and its result.

    Parameters
    ----------
    name : str
        A key of `TITLES`.
    figure : float or None
        Its value; differences are challenger minus champion. None if it cannot be computed.
    interval : (float, float) or None
        Its 95 % interval, if it has one.
    limit : str
        The limit that it must meet, in words.
    verdict : CriterionStatus
        Whether it does; `CriterionStatus.REPORTED` if it does not decide.
    group : str or None
        The group of patients, e.g. ``gender: Female``.
    """

    name: str
    figure: float | None
    interval: tuple[float, float] | None
    limit: str
    verdict: CriterionStatus
    group: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the criterion as the verdict on a challenger stores it."""
        return {
            "name": self.name,
            "group": self.group,
            "figure": self.figure,
            "interval": list(self.interval) if self.interval else None,
            "limit": self.limit,
            "verdict": self.verdict.value,
        }


@dataclass(frozen=True)
class Predicted:
    """A model's predictions for the rows.

    Parameters
    ----------
    probabilities : ndarray, shape (n, 3)
        In the order of `schema.CLASSES`.
    decided : ndarray of int, shape (n,)
        The predicted class code.
    """

    probabilities: npt.NDArray[np.float64]
    decided: npt.NDArray[np.integer]

    @property
    def risk(self) -> npt.NDArray[np.float64]:
        """The probability of a readmission within 30 days."""
        return self.probabilities[:, SOON]

    def losses(self, outcomes: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
        """Return the log-loss of each row."""
        given = self.probabilities[np.arange(len(outcomes)), outcomes]
        return -np.log(np.clip(given, np.finfo(float).eps, 1))


@dataclass(frozen=True)
class LabelledRows:
    """The test rows with their outcomes, patients and groups.

    Parameters
    ----------
    outcomes : ndarray of int, shape (n,)
        Class codes.
    patients : ndarray of int, shape (n,)
        Number of each row's patient.
    groups : mapping of str to ndarray of bool
        The rows of each group of patients.
    """

    outcomes: npt.NDArray[np.integer]
    patients: npt.NDArray[np.integer]
    groups: Mapping[str, Flags]

    @property
    def positive(self) -> Flags:
        """The rows of patients who were readmitted within 30 days."""
        return self.outcomes == SOON


def compare(
    rows: LabelledRows,
    challenger: Predicted,
    champion: Predicted,
    best: Predicted | None,
    seed: int,
) -> list[Criterion]:
    """Return every criterion of a challenger that has a champion to beat.

    Parameters
    ----------
    rows : LabelledRows
        The test rows.
    challenger, champion : Predicted
        The two models.
    best : Predicted, optional
        The best champion so far, if that is not the current champion.
    seed : int
        Seed of the bootstrap.
    """
    bootstrap = PairedBootstrap(rows.patients, seed)
    losses = challenger.losses(rows.outcomes) - champion.losses(rows.outcomes)
    gain = bootstrap.mean(losses)
    return [
        _criterion(LOG_LOSS, gain, LIMITS[LOG_LOSS], passed=gain.high < 0),
        _no_worse(WEIGHTED_F1, bootstrap, rows, challenger, champion),
        *([_no_worse(BEST_F1, bootstrap, rows, challenger, best)] if best else []),
        *calibration(rows, challenger),
        *_floors(bootstrap, rows, challenger, champion),
    ]


def calibration(
    rows: LabelledRows, challenger: Predicted, *, decides: bool = True
) -> list[Criterion]:
    """Return the criteria of calibration, which need no champion.

    Parameters
    ----------
    rows : LabelledRows
        The test rows.
    challenger : Predicted
        The model.
    decides : bool
        Whether they may refuse it; with fewer positives than `MINIMUM_POSITIVES` they never do.
    """
    decides = decides and int(rows.positive.sum()) >= MINIMUM_POSITIVES
    error = expected_error(rows.positive, challenger.risk)
    slope = calibration_slope(rows.positive, challenger.risk, rows.patients)
    low, high = SLOPE
    return [
        Criterion(
            ERROR, error, None, LIMITS[ERROR],
            CriterionStatus.of(passed=error <= CALIBRATION_ERROR, decides=decides),
        ),
        _criterion(
            SLOPE_NAME, slope, LIMITS[SLOPE_NAME],
            passed=low <= slope.figure <= high, decides=decides,
        ),
    ]  # fmt: skip


def no_worse_than_shadow(
    rows: LabelledRows, challenger: Predicted, refused: Predicted, version: str, seed: int
) -> Criterion:
    """Return the criterion against a refused version; it fails if the loss is clearly higher."""
    losses = challenger.losses(rows.outcomes) - refused.losses(rows.outcomes)
    found, group = PairedBootstrap(rows.patients, seed).mean(losses), f"version {version}"
    return _criterion(SHADOW, found, LIMITS[SHADOW], passed=found.low <= 0, group=group)


def deciding(criteria: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the stored criterion that decided: the first that failed, or else that of log-loss."""
    failed = (one for one in criteria if one["verdict"] == CriterionStatus.FAILED)
    return next(failed, None) or next(one for one in criteria if one["name"] == LOG_LOSS)


def sentence(criterion: Mapping[str, Any]) -> str:
    """Return a stored criterion with its figure, its interval and its limit, in words."""
    name, figure, interval = (criterion[key] for key in ("name", "figure", "interval"))
    title = TITLES.get(name, name) + (f" ({criterion['group']})" if criterion["group"] else "")
    sign = "+" if title.startswith("difference") else ""
    shown = "unknown" if figure is None else f"{figure:{sign}.4f}"
    if interval:
        shown += f" (95 % interval {interval[0]:{sign}.4f} to {interval[1]:{sign}.4f})"
    return f"{title} {shown}, limit: {criterion['limit']}"


def _no_worse(
    name: str,
    bootstrap: PairedBootstrap,
    rows: LabelledRows,
    challenger: Predicted,
    other: Predicted,
) -> Criterion:
    found = bootstrap.weighted_f1(rows.outcomes, challenger.decided, other.decided)
    passed = found.figure >= -WEIGHTED_F1_MARGIN
    return _criterion(name, found, LIMITS[name], passed=passed)


def _floors(
    bootstrap: PairedBootstrap, rows: LabelledRows, challenger: Predicted, champion: Predicted
) -> Iterator[Criterion]:
    """Yield AUROC and recall of all rows, and of each group; small groups are only reported."""
    everybody: dict[str | None, Flags] = {None: np.ones(len(rows.outcomes), dtype=bool)}
    groups = everybody | dict(rows.groups)
    found = bootstrap.ranking(rows.positive, challenger.risk, champion.risk, list(groups.values()))
    for (group, members), figures in zip(groups.items(), found, strict=True):
        decides = group is None or int(rows.positive[members].sum()) >= MINIMUM_POSITIVES
        for name, floor, one in zip(
            (AUROC, RECALL), (AUROC_FLOOR, RECALL_FLOOR), figures, strict=True
        ):
            limit, passed = LIMITS[name], one.high >= -floor
            yield _criterion(name, one, limit, passed=passed, decides=decides, group=group)


def _criterion(
    name: str,
    found: Difference,
    limit: str,
    *,
    passed: bool,
    decides: bool = True,
    group: str | None = None,
) -> Criterion:
    """Return a criterion; one whose figure cannot be computed does not decide."""
    known = bool(np.isfinite([found.figure, found.low, found.high]).all())
    status = CriterionStatus.of(passed=passed, decides=decides and known)
    if not known:
        return Criterion(name, None, None, limit, status, group)
    return Criterion(name, found.figure, (found.low, found.high), limit, status, group)
