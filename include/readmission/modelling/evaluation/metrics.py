"""Metrics of a model over all patients and over eligible ones, on validation and test rows."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score, f1_score, log_loss, roc_auc_score

from readmission.domain import schema
from readmission.modelling.decision import decide
from readmission.modelling.evaluation.bootstrap import AT_RISK_SHARE
from readmission.modelling.evaluation.calibration import expected_error

SOON = schema.CLASSES.index("<30")


def evaluate(
    outcomes: npt.NDArray[np.integer],
    probabilities: npt.NDArray[np.floating],
    weights: tuple[float, float, float],
) -> dict[str, float]:
    """Return every metric of one model on one set of rows.

    Parameters
    ----------
    outcomes : ndarray of int, shape (n,)
        Class codes.
    probabilities : ndarray, shape (n, 3)
        In the order of `schema.CLASSES`.
    weights : tuple of 3 floats
        The model's decision weights.

    Returns
    -------
    dict
        ``weighted_f1`` (tuned decision) and ``weighted_f1_argmax``, ``macro_f1``,
        ``accuracy``, ``log_loss``, ``brier``, ``auroc_under_30``, ``auroc_any``,
        ``average_precision_under_30``, ``recall_top_20`` (share of the <30 patients
        among the 20 % at highest risk) and ``calibration_error_under_30``.
    """
    decided = decide(probabilities, weights)
    soon, any_return = outcomes == SOON, outcomes != 0
    risk = probabilities[:, SOON]
    one_hot = np.eye(len(schema.CLASSES))[outcomes]
    return {
        "weighted_f1": f1_score(outcomes, decided, average="weighted"),
        "weighted_f1_argmax": f1_score(outcomes, probabilities.argmax(1), average="weighted"),
        "macro_f1": f1_score(outcomes, decided, average="macro"),
        "accuracy": float(np.mean(outcomes == decided)),
        "log_loss": log_loss(outcomes, probabilities, labels=range(len(schema.CLASSES))),
        "brier": float(np.mean(((probabilities - one_hot) ** 2).sum(axis=1))),
        "auroc_under_30": roc_auc_score(soon, risk),
        "auroc_any": roc_auc_score(any_return, 1 - probabilities[:, 0]),
        "average_precision_under_30": average_precision_score(soon, risk),
        "recall_top_20": _recall_at_top(soon, risk),
        "calibration_error_under_30": expected_error(soon, risk),
    }


def evaluate_twice(
    outcomes: npt.NDArray[np.integer],
    probabilities: npt.NDArray[np.floating],
    weights: tuple[float, float, float],
    eligible: npt.NDArray[np.bool_],
) -> dict[str, float]:
    """Return the metrics over all rows and, prefixed ``eligible_``, over eligible patients.

    Patients who died cannot be readmitted. Their rows are easy to predict and improve every metric.
    """
    everyone = evaluate(outcomes, probabilities, weights)
    alive = evaluate(outcomes[eligible], probabilities[eligible], weights)
    return everyone | {f"eligible_{name}": value for name, value in alive.items()}


def prefixed(metrics: Mapping[str, float], split: str) -> dict[str, float]:
    """Return the metrics under the names that MLflow shows, e.g. ``val_weighted_f1``."""
    return {f"{split}_{name}": float(value) for name, value in metrics.items()}


def _recall_at_top(positive: npt.NDArray[np.bool_], risk: npt.NDArray[np.floating]) -> float:
    flagged = np.argsort(-risk, kind="stable")[: int(len(risk) * AT_RISK_SHARE)]
    return float(positive[flagged].sum() / max(positive.sum(), 1))
