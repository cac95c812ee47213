"""The calibration slope against risks whose slope is known, and against scikit-learn."""

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from readmission.modelling.evaluation.calibration import calibration_slope, expected_error

ROWS = 20_000


@pytest.fixture
def risk() -> np.ndarray:
    return expit(np.random.default_rng(1).normal(-2, 0.8, ROWS))


@pytest.fixture
def positive(risk: np.ndarray) -> np.ndarray:
    """Outcomes of which the risks are the true probabilities."""
    return np.random.default_rng(2).random(ROWS) < risk


@pytest.mark.parametrize(("stretched", "slope"), [(1, 1), (2, 0.5), (0.5, 2)])
def test_the_slope_says_whether_risks_are_too_extreme_or_too_moderate(
    risk: np.ndarray, positive: np.ndarray, stretched: float, slope: float
) -> None:
    found = calibration_slope(positive, expit(stretched * logit(risk)), np.arange(ROWS))

    assert found.low < slope < found.high
    assert found.figure == pytest.approx(slope, rel=0.1)


def test_the_slope_is_that_of_a_logistic_regression(risk: np.ndarray, positive: np.ndarray) -> None:
    fitted = LogisticRegression(C=1e12, tol=1e-10).fit(logit(risk)[:, None], positive)

    found = calibration_slope(positive, risk, np.arange(ROWS))

    assert found.figure == pytest.approx(fitted.coef_[0, 0], abs=1e-4)


def test_repeated_rows_of_a_patient_make_the_interval_no_narrower(
    risk: np.ndarray, positive: np.ndarray
) -> None:
    once = calibration_slope(positive, risk, np.arange(ROWS))
    patients = np.tile(np.arange(ROWS), 4)

    repeated = calibration_slope(np.tile(positive, 4), np.tile(risk, 4), patients)

    assert (repeated.low, repeated.high) == pytest.approx((once.low, once.high), abs=1e-4)


def test_outcomes_that_a_risk_separates_have_no_slope() -> None:
    positive = np.arange(100) >= 50

    found = calibration_slope(positive, np.linspace(0.01, 0.99, 100), np.arange(100))

    assert np.isnan(found.figure)


def test_the_error_of_calibrated_risks_is_small(risk: np.ndarray, positive: np.ndarray) -> None:
    assert expected_error(positive, risk) < 0.01
    assert expected_error(positive, np.clip(risk + 0.05, 0, 1)) == pytest.approx(0.05, abs=0.01)
