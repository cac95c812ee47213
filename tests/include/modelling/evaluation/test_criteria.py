"""What each criterion passes, fails and only reports."""

import numpy as np
import pytest

from readmission.domain.production import CriterionStatus
from readmission.modelling.evaluation import criteria
from readmission.modelling.evaluation.criteria import (
    Criterion,
    LabelledRows,
    Predicted,
    calibration,
    compare,
    deciding,
    sentence,
)
from readmission.modelling.evaluation.metrics import SOON

ROWS, SEED = 8_000, 3
SHARES = np.array([0.54, 0.35, 0.11])


def softmax(scores: np.ndarray) -> np.ndarray:
    raised = np.exp(scores)
    return raised / raised.sum(axis=1, keepdims=True)


SCORES = np.log(SHARES) + np.random.default_rng(1).normal(0, 0.7, (ROWS, 3))
"""The true log-odds of each row."""
TRUTH = softmax(SCORES)
OUTCOMES = np.array(
    [np.random.default_rng(100 + n).choice(3, p=row) for n, row in enumerate(TRUTH)]
)
SMALL = np.arange(ROWS) < 400
LARGE = ~SMALL
ROWS_OF_PATIENTS = LabelledRows(
    OUTCOMES, np.arange(ROWS) // 2, {"gender: Female": LARGE, "race: Other": SMALL}
)


def predicted(scores: np.ndarray) -> Predicted:
    probabilities = softmax(scores)
    return Predicted(probabilities, probabilities.argmax(axis=1))


def noisy(size: float, seed: int = 2, rows: np.ndarray | None = None) -> Predicted:
    """Return the true probabilities, disturbed."""
    noise = np.random.default_rng(seed).normal(0, size, (ROWS, 3))
    return predicted(SCORES + (noise if rows is None else noise * rows[:, None]))


def by_name(found: list[Criterion]) -> dict[tuple[str, str | None], Criterion]:
    return {(one.name, one.group): one for one in found}


def failed(found: list[Criterion]) -> set[tuple[str, str | None]]:
    return {(one.name, one.group) for one in found if one.verdict is CriterionStatus.FAILED}


def test_a_better_model_passes_every_criterion() -> None:
    found = compare(ROWS_OF_PATIENTS, predicted(SCORES), noisy(0.5), None, SEED)

    assert failed(found) == set()
    gain = by_name(found)[criteria.LOG_LOSS, None]
    assert gain.interval is not None
    assert gain.figure is not None
    assert gain.interval[0] < gain.figure < gain.interval[1] < 0
    groups = {one.group for one in found}
    assert groups == {None, "gender: Female", "race: Other"}


def test_a_model_that_is_as_good_is_not_better() -> None:
    found = compare(ROWS_OF_PATIENTS, noisy(0.1, 2), noisy(0.1, 3), None, SEED)

    assert failed(found) == {(criteria.LOG_LOSS, None)}


def test_one_that_is_better_by_chance_on_these_rows_is_refused() -> None:
    # given models that differ in nothing but noise, of which half have the lower log-loss
    outcomes = [
        by_name(compare(ROWS_OF_PATIENTS, noisy(0.1, seed), noisy(0.1, seed + 50), None, SEED))[
            criteria.LOG_LOSS, None
        ]
        for seed in range(10, 26)
    ]

    lower = [one for one in outcomes if one.figure is not None and one.figure < 0]
    passed = [one for one in outcomes if one.verdict is CriterionStatus.PASSED]
    assert 3 <= len(lower) <= 13
    assert len(passed) <= 2


def test_worse_decisions_fail_by_more_than_the_margin() -> None:
    # given the same probabilities, and a challenger that never predicts >30
    champion = predicted(SCORES)
    challenger = Predicted(champion.probabilities, np.zeros(ROWS, dtype=int))

    found = compare(ROWS_OF_PATIENTS, challenger, champion, None, SEED)

    assert (criteria.WEIGHTED_F1, None) in failed(found)


def test_the_best_champion_so_far_counts_too() -> None:
    # given a champion that is worse than an earlier one
    challenger, champion, best = noisy(0.3), noisy(0.45, 4), predicted(SCORES)

    alone = compare(ROWS_OF_PATIENTS, challenger, champion, None, SEED)
    found = compare(ROWS_OF_PATIENTS, challenger, champion, best, SEED)

    assert failed(alone) == set()
    assert failed(found) == {(criteria.BEST_F1, None)}


def test_risks_that_are_too_high_or_too_extreme_fail() -> None:
    raised, stretched = SCORES.copy(), SCORES * np.array([1.0, 1.0, 1.6])
    raised[:, SOON] += 0.4

    assert (criteria.ERROR, None) in failed(calibration(ROWS_OF_PATIENTS, predicted(raised)))
    found = by_name(calibration(ROWS_OF_PATIENTS, predicted(stretched)))
    slope = found[criteria.SLOPE_NAME, None]
    assert slope.figure is not None
    assert slope.figure < criteria.SLOPE[0]
    assert slope.verdict is CriterionStatus.FAILED


def test_with_few_positives_calibration_is_only_reported() -> None:
    few = LabelledRows(OUTCOMES[:1_000], np.arange(1_000), {})
    challenger = predicted(SCORES[:1_000] + np.array([0, 0, 2.0]))
    assert few.positive.sum() < criteria.MINIMUM_POSITIVES

    found = calibration(few, challenger)

    assert {one.verdict for one in found} == {CriterionStatus.REPORTED}
    assert found[0].figure is not None
    assert found[0].figure > criteria.CALIBRATION_ERROR


@pytest.mark.parametrize(
    ("harmed", "group", "verdict"),
    [
        (LARGE, "gender: Female", CriterionStatus.FAILED),
        (SMALL, "race: Other", CriterionStatus.REPORTED),
    ],
)
def test_a_group_that_is_served_worse_decides_if_it_is_large_enough(
    harmed: np.ndarray, group: str, verdict: CriterionStatus
) -> None:
    challenger = noisy(2, rows=harmed)

    found = by_name(compare(ROWS_OF_PATIENTS, challenger, predicted(SCORES), None, SEED))

    auroc = found[criteria.AUROC, group]
    assert auroc.interval is not None
    assert auroc.interval[1] < -criteria.AUROC_FLOOR
    assert auroc.verdict is verdict


def test_a_sentence_has_figure_interval_and_limit() -> None:
    found = Criterion(
        "log_loss", -0.0126, (-0.0151, -0.0101), "upper end below 0", CriterionStatus.PASSED
    )
    group = Criterion(
        "recall_top_20", None, None, "any", CriterionStatus.REPORTED, "gender: Female"
    )

    assert sentence(found.to_dict()) == (
        "difference in log-loss -0.0126 (95 % interval -0.0151 to -0.0101),"
        " limit: upper end below 0"
    )
    assert "(gender: Female) unknown, limit: any" in sentence(group.to_dict())


def test_the_first_failure_decides_and_without_one_the_log_loss() -> None:
    gain = Criterion(
        "log_loss", -0.01, (-0.02, -0.005), "below 0", CriterionStatus.PASSED
    ).to_dict()
    error = Criterion(
        "calibration_error_under_30", 0.03, None, "0.02", CriterionStatus.FAILED
    ).to_dict()

    assert deciding([gain, error]) == error
    assert deciding([gain]) == gain


def test_a_challenger_fails_against_a_version_of_the_shadow_only_beyond_chance() -> None:
    rows, good, bad = ROWS_OF_PATIENTS, noisy(0.1), noisy(0.6)

    def against(challenger: Predicted, refused: Predicted) -> Criterion:
        return criteria.no_worse_than_shadow(rows, challenger, refused, "4", SEED)

    assert against(bad, good).verdict == "failed"
    assert {against(good, bad).verdict, against(good, good).verdict} == {"passed"}
    assert against(bad, good).group == "version 4"
