"""The newest batch has figures of its own, and an alarm if it is calibrated unlike the others."""

import numpy as np
import pytest

from readmission.domain.production import CriterionStatus
from readmission.modelling.evaluation.calibration import expected_error
from readmission.modelling.evaluation.criteria import LabelledRows, Predicted
from readmission.modelling.evaluation.newest_batch import DRAWS, alarm_note, evaluate_newest

EACH, SEED = 1_500, 3
NEWEST = "batch-0004"


def batches(shift: float, rows: int = EACH) -> tuple[LabelledRows, Predicted, np.ndarray]:
    """Return calibrated predictions for four batches; the newest has more readmissions by a shift.

    Every second patient has two rows.
    """
    random = np.random.default_rng(1)
    names = np.repeat([f"batch-{number:04d}" for number in range(1, 5)], rows).astype(object)
    any_risk = random.uniform(0.2, 0.7, len(names))
    given = np.stack([1 - any_risk, any_risk * 0.7, any_risk * 0.3], axis=1)
    happens = any_risk + np.where(names == NEWEST, shift, 0)
    soon = random.uniform(size=len(names)) < 0.3
    outcomes = np.where(random.uniform(size=len(names)) < happens, 1 + soon, 0)
    rows_ = LabelledRows(outcomes, np.arange(len(names)) * 2 // 3, {})
    return rows_, Predicted(given, given.argmax(axis=1)), names


def test_a_batch_like_the_others_raises_no_alarm() -> None:
    found = evaluate_newest(*batches(0), NEWEST, SEED)

    assert found is not None
    assert (found.rows, found.alarm) == (EACH, False)
    assert 0 < found.metrics["calibration_error_any"] < found.limit < 0.08
    assert found.metrics["log_loss"] == pytest.approx(found.pooled["log_loss"], abs=0.03)


def test_a_batch_with_more_readmissions_than_predicted_raises_the_alarm() -> None:
    found = evaluate_newest(*batches(0.15), NEWEST, SEED)

    assert found is not None
    assert found.alarm
    assert found.metrics["calibration_error_any"] == pytest.approx(0.15, abs=0.03)
    assert alarm_note(found.to_dict()).startswith(
        f"alarm: calibration error of any readmission on {NEWEST} 0.1"
    )
    # and it is shown beside the criteria without deciding
    criteria = found.criteria()
    assert {one.verdict for one in criteria} == {CriterionStatus.REPORTED}
    assert criteria[-1].limit == f"at most {found.limit:.4f}"


def test_the_limit_allows_for_a_small_batch() -> None:
    small = evaluate_newest(*batches(0, rows=150), NEWEST, SEED)
    large = evaluate_newest(*batches(0), NEWEST, SEED)

    assert small is not None
    assert large is not None
    assert small.limit > 1.5 * large.limit


@pytest.mark.parametrize(("rows", "newest"), [(50, NEWEST), (EACH, "batch-0009")])
def test_a_batch_that_is_too_small_has_no_figures(rows: int, newest: str) -> None:
    assert evaluate_newest(*batches(0, rows=rows), newest, SEED) is None


def test_the_first_batch_has_no_earlier_ones_to_compare_with() -> None:
    rows, predicted, names = batches(0)
    names[:] = NEWEST

    assert evaluate_newest(rows, predicted, names, NEWEST, SEED) is None


def test_a_draw_has_all_rows_of_each_drawn_patient() -> None:
    # given earlier batches in which every second patient has two rows
    rows, model, names = batches(0, rows=150)
    found = evaluate_newest(rows, model, names, NEWEST, SEED)

    # when patients are drawn one by one, and their rows copied
    random, errors = np.random.default_rng(SEED), []
    drawn = len(np.unique(rows.patients[names == NEWEST]))
    for draw in range(DRAWS):
        mine = names == f"batch-{draw % 3 + 1:04d}"
        known = np.unique(rows.patients[mine])
        numbers = known[random.integers(0, len(known), drawn)]
        taken = np.concatenate([np.flatnonzero(mine & (rows.patients == n)) for n in numbers])
        risk = 1 - model.probabilities[taken, 0]
        errors.append(expected_error(rows.outcomes[taken] != 0, risk))

    # then the limit is that of the copies, to the digit
    assert found is not None
    assert found.limit == np.quantile(errors, 0.95)
