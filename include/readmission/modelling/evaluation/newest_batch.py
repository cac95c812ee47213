"""The newest batch's own figures, beside those of all batches, and an alarm about its calibration.

Drift shows in the newest batch first, while the pooled figures still look well. The limit of the
alarm is simulated: how large is the calibration error, by chance, in a sample of an earlier batch
that has as many patients as the newest one?
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from readmission.domain.production import CriterionStatus
from readmission.modelling.evaluation.bootstrap import LEVEL, weighted_f1_of
from readmission.modelling.evaluation.calibration import expected_error
from readmission.modelling.evaluation.criteria import Criterion, LabelledRows, Predicted

DRAWS = 1_000
ERROR = "calibration_error_any"
MINIMUM_ROWS, MINIMUM_OUTCOMES = 100, 10
"""With fewer rows, or fewer of either outcome, a batch is too small for figures of its own."""

Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]


@dataclass(frozen=True)
class NewestBatch:
    """A challenger's figures on the newest batch's own test rows.

    Parameters
    ----------
    batch_id : str
        The batch.
    rows : int
        Its test rows.
    metrics, pooled : dict of str to float
        ``log_loss``, ``weighted_f1``, ``auroc_under_30`` and ``calibration_error_any`` (of a
        readmission at any time), on these rows and on those of all batches.
    limit : float
        The calibration error that 95 % of the samples of earlier batches do not exceed.
    """

    batch_id: str
    rows: int
    metrics: Mapping[str, float]
    pooled: Mapping[str, float]
    limit: float

    @property
    def alarm(self) -> bool:
        """Whether the batch is calibrated worse than chance explains."""
        return self.metrics[ERROR] > self.limit

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as the verdict on the challenger stores them."""
        return asdict(self) | {"alarm": self.alarm}

    def criteria(self) -> list[Criterion]:
        """Return the figures as criteria, which do not decide."""
        return [
            Criterion(
                f"newest_batch_{name}", value, None, self._limit_of(name), CriterionStatus.REPORTED
            )
            for name, value in self.metrics.items()
        ]

    def _limit_of(self, name: str) -> str:
        if name == ERROR:
            return f"at most {self.limit:.4f}"
        return f"none; on all batches {self.pooled[name]:.4f}"


def alarm_note(newest: Mapping[str, Any]) -> str:
    """Return the alarm of stored figures in words, for the reason of the verdict."""
    return (
        f"alarm: calibration error of any readmission on {newest['batch_id']}"
        f" {newest['metrics'][ERROR]:.4f}, limit: at most {newest['limit']:.4f}"
    )


def evaluate_newest(
    rows: LabelledRows,
    challenger: Predicted,
    batches: npt.NDArray[np.object_],
    newest: str,
    seed: int,
) -> NewestBatch | None:
    """Return the figures of the newest batch, or None if it is too small or has none before it.

    Parameters
    ----------
    rows : LabelledRows
        The test rows of all batches.
    challenger : Predicted
        The model.
    batches : ndarray of str, shape (n,)
        The batch of each row.
    newest : str
        The newest batch.
    seed : int
        Seed of the simulation.
    """
    mine = batches == newest
    earlier = [np.flatnonzero(batches == one) for one in sorted(set(batches[~mine]))]
    earlier = [places for places in earlier if len(places) >= MINIMUM_ROWS]
    if not earlier or not _is_enough(rows, mine):
        return None
    patients = len(np.unique(rows.patients[mine]))
    return NewestBatch(
        batch_id=newest,
        rows=int(mine.sum()),
        metrics=_metrics(rows, challenger, mine),
        pooled=_metrics(rows, challenger, np.ones(len(batches), dtype=bool)),
        limit=_limit(rows, challenger, earlier, patients, seed),
    )


def _is_enough(rows: LabelledRows, mine: Flags) -> bool:
    fewer = [
        min(flags[mine].sum(), (~flags)[mine].sum())
        for flags in (rows.positive, rows.outcomes != 0)
    ]
    return bool(mine.sum() >= MINIMUM_ROWS and min(fewer) >= MINIMUM_OUTCOMES)


def _metrics(rows: LabelledRows, model: Predicted, mine: Flags) -> dict[str, float]:
    outcomes, decided = rows.outcomes[mine], model.decided[mine]
    cells = np.bincount(outcomes * 3 + decided, minlength=9).astype(float)
    return {
        "log_loss": float(model.losses(rows.outcomes)[mine].mean()),
        "weighted_f1": float(weighted_f1_of(cells[None])[0]),
        "auroc_under_30": float(roc_auc_score(rows.positive[mine], model.risk[mine])),
        ERROR: expected_error(outcomes != 0, 1 - model.probabilities[mine, 0]),
    }


def _limit(
    rows: LabelledRows, model: Predicted, earlier: Sequence[Places], patients: int, seed: int
) -> float:
    """Return the 95 % quantile of the calibration error in samples of the earlier batches.

    Each sample comes from one batch, the batches in turn. Patients are drawn with replacement, each
    with all rows in the batch.
    """
    random = np.random.default_rng(seed)
    returned, risk = rows.outcomes != 0, 1 - model.probabilities[:, 0]
    by_patient = [_RowsByPatient(rows.patients[places], places) for places in earlier]
    errors = []
    for draw in range(DRAWS):
        groups = by_patient[draw % len(by_patient)]
        taken = groups.rows_of(random.integers(0, len(groups), patients))
        errors.append(expected_error(returned[taken], risk[taken]))
    return float(np.quantile(errors, LEVEL))


class _RowsByPatient:
    """The rows of each patient of a batch, in one array, so that many are looked up at once."""

    def __init__(self, patients: npt.NDArray[np.integer], places: Places) -> None:
        order = np.argsort(patients, kind="stable")
        _, self._starts, self._sizes = np.unique(
            patients[order], return_index=True, return_counts=True
        )
        self._places = places[order]

    def __len__(self) -> int:
        return len(self._starts)

    def rows_of(self, drawn: Places) -> Places:
        """Return the rows of the drawn patients, one patient after the other."""
        sizes = self._sizes[drawn]
        ends = np.cumsum(sizes)
        shifts = np.repeat(self._starts[drawn] - ends + sizes, sizes)
        return np.asarray(self._places[shifts + np.arange(len(shifts))])
