"""How well predicted risks agree with the outcomes."""

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from readmission.modelling.evaluation.bootstrap import Difference, PairedBootstrap

BINS = 10
_STEPS, _CONVERGED = 50, 1e-9
_EXTREME = 1e-6
"""Risks are moved this far away from 0 and 1, whose logits are infinite."""
_NORMAL_975 = 1.959964
"""Quantile of the normal distribution for a 95 % interval."""


def expected_error(positive: npt.NDArray[np.bool_], risk: npt.NDArray[np.floating]) -> float:
    """Return the expected calibration error over bins of equal size."""
    gaps = [abs(positive[b].mean() - risk[b].mean()) * len(b) for b in _bins(risk) if len(b)]
    return float(sum(gaps) / len(risk))


def error_interval(
    bootstrap: PairedBootstrap,
    positive: npt.NDArray[np.bool_],
    risk: npt.NDArray[np.floating],
) -> Difference:
    """Return the expected calibration error with its interval; a draw keeps the bins of all rows.

    Chance alone gives an error above 0, and a draw adds more of it: with few rows the interval lies
    above the value.
    """
    gaps = np.zeros((len(risk), BINS))
    for place, rows in enumerate(_bins(risk)):
        gaps[rows, place] = positive[rows] - risk[rows]
    return bootstrap.absolute_mean(gaps)


def _bins(risk: npt.NDArray[np.floating]) -> list[npt.NDArray[np.intp]]:
    """Return the rows of each bin, from the lowest risk to the highest."""
    return np.array_split(np.argsort(risk, kind="stable"), BINS)


def calibration_slope(
    positive: npt.NDArray[np.bool_],
    risk: npt.NDArray[np.floating],
    patients: npt.NDArray[np.integer],
) -> Difference:
    """Return the slope of a logistic regression of the outcome on the logit of the risk.

    It is 1 for calibrated risks, less if they are too extreme, more if they are too moderate. The
    95 % interval allows for several rows of a patient (sandwich estimator, clustered by patient).

    Parameters
    ----------
    positive : ndarray of bool, shape (n,)
        Whether it happened.
    risk : ndarray, shape (n,)
        Its predicted probability.
    patients : ndarray of int, shape (n,)
        Number of each row's patient.

    Returns
    -------
    Difference
        The slope and its interval; NaN if the regression has no solution.
    """
    unknown = Difference(np.nan, np.nan, np.nan)
    if positive.all() or not positive.any():
        return unknown
    columns = np.stack([np.ones(len(risk)), logit(np.clip(risk, _EXTREME, 1 - _EXTREME))], axis=1)
    coefficients = np.array([logit(positive.mean()), 0.0])
    for _ in range(_STEPS):
        fitted = expit(columns @ coefficients)
        errors = columns * (positive - fitted)[:, None]
        information = (columns * (fitted * (1 - fitted))[:, None]).T @ columns
        try:
            step = np.linalg.solve(information, errors.sum(axis=0))
        except np.linalg.LinAlgError:
            return unknown
        coefficients = coefficients + step
        if np.abs(step).max() < _CONVERGED:
            break
    else:
        return unknown
    _, patient = np.unique(patients, return_inverse=True)
    clustered = np.stack([np.bincount(patient, weights=column) for column in errors.T], axis=1)
    inverse = np.linalg.inv(information)
    variance = (inverse @ (clustered.T @ clustered) @ inverse)[1, 1]
    slope, margin = float(coefficients[1]), float(_NORMAL_975 * np.sqrt(variance))
    return Difference(slope, slope - margin, slope + margin)
