"""The paired bootstrap against a plain one that copies rows."""

import numpy as np
import pytest
from sklearn.metrics import f1_score, roc_auc_score

from readmission.modelling.evaluation.bootstrap import AT_RISK_SHARE, PairedBootstrap
from readmission.modelling.evaluation.metrics import SOON, evaluate

DRAWS, SEED, ROWS = 7, 11, 400


@pytest.fixture
def patients() -> np.ndarray:
    """Numbers of patients, many of whom have several rows."""
    return np.random.default_rng(1).integers(1_000, 1_000 + ROWS // 2, ROWS)


@pytest.fixture
def outcomes() -> np.ndarray:
    return np.random.default_rng(2).choice(3, ROWS, p=[0.54, 0.35, 0.11])


def probabilities(outcomes: np.ndarray, seed: int) -> np.ndarray:
    """Return probabilities that know something about the outcomes; some risks are tied."""
    random = np.random.default_rng(seed)
    scores = random.gamma(2, size=(len(outcomes), 3)) + np.eye(3)[outcomes]
    found = np.round(scores / scores.sum(axis=1, keepdims=True), 2)
    return found / found.sum(axis=1, keepdims=True)


def drawn_rows(patients: np.ndarray) -> list[np.ndarray]:
    """Return the places of the rows of each draw, repeated as often as their patient was drawn."""
    numbers = np.unique(patients)
    draws = np.random.default_rng(SEED).integers(0, len(numbers), (DRAWS, len(numbers)))
    rows_of = [np.flatnonzero(patients == number) for number in numbers]
    return [np.concatenate([rows_of[patient] for patient in draw]) for draw in draws]


def interval(values: list[float]) -> tuple[float, float]:
    low, high = np.percentile(values, [2.5, 97.5])
    return low, high


def test_a_mean_is_that_of_the_copied_rows(patients: np.ndarray) -> None:
    values = np.random.default_rng(3).normal(size=ROWS)

    found = PairedBootstrap(patients, SEED, DRAWS).mean(values)

    expected = interval([values[rows].mean() for rows in drawn_rows(patients)])
    assert found.figure == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx(expected)


def test_weighted_f1_is_that_of_the_copied_rows(patients: np.ndarray, outcomes: np.ndarray) -> None:
    first, second = (probabilities(outcomes, seed).argmax(axis=1) for seed in (4, 5))

    found = PairedBootstrap(patients, SEED, DRAWS).weighted_f1(outcomes, first, second)

    def difference(rows: np.ndarray) -> float:
        return f1_score(outcomes[rows], first[rows], average="weighted") - f1_score(
            outcomes[rows], second[rows], average="weighted"
        )

    assert found.figure == pytest.approx(difference(np.arange(ROWS)))
    expected = interval([difference(rows) for rows in drawn_rows(patients)])
    assert (found.low, found.high) == pytest.approx(expected)


def test_auroc_is_that_of_the_copied_rows_in_every_group(
    patients: np.ndarray, outcomes: np.ndarray
) -> None:
    positive = outcomes == SOON
    first, second = (probabilities(outcomes, seed)[:, SOON] for seed in (4, 5))
    assert len(np.unique(first)) < ROWS  # There are ties.
    groups = [np.ones(ROWS, dtype=bool), np.random.default_rng(6).random(ROWS) < 0.6]

    found = PairedBootstrap(patients, SEED, DRAWS).ranking(positive, first, second, groups)

    for members, (auroc, _) in zip(groups, found, strict=True):

        def difference(rows: np.ndarray, members: np.ndarray = members) -> float:
            mine = rows[members[rows]]
            sides = [roc_auc_score(positive[mine], risk[mine]) for risk in (first, second)]
            return sides[0] - sides[1]

        assert auroc.figure == pytest.approx(difference(np.arange(ROWS)))
        expected = interval([difference(rows) for rows in drawn_rows(patients)])
        assert (auroc.low, auroc.high) == pytest.approx(expected)


def test_the_auroc_of_one_model_is_that_of_the_copied_rows_in_every_group(
    patients: np.ndarray, outcomes: np.ndarray
) -> None:
    positive, risk = outcomes == SOON, probabilities(outcomes, 4)[:, SOON]
    groups = [np.ones(ROWS, dtype=bool), np.random.default_rng(6).random(ROWS) < 0.6]

    found = PairedBootstrap(patients, SEED, DRAWS).aurocs(positive, risk, groups)

    for members, auroc in zip(groups, found, strict=True):
        drawn = [rows[members[rows]] for rows in drawn_rows(patients)]
        assert auroc.figure == pytest.approx(roc_auc_score(positive[members], risk[members]))
        expected = interval([roc_auc_score(positive[rows], risk[rows]) for rows in drawn])
        assert (auroc.low, auroc.high) == pytest.approx(expected)
    assert PairedBootstrap(patients, SEED, DRAWS).aurocs(positive, risk, []) == []


def test_recall_takes_the_top_of_all_rows_in_every_group(
    patients: np.ndarray, outcomes: np.ndarray
) -> None:
    positive = outcomes == SOON
    first, second = (probabilities(outcomes, seed)[:, SOON] for seed in (4, 5))
    groups = [np.ones(ROWS, dtype=bool), np.random.default_rng(6).random(ROWS) < 0.6]

    found = PairedBootstrap(patients, SEED, DRAWS).ranking(positive, first, second, groups)

    def recall(risk: np.ndarray, rows: np.ndarray, members: np.ndarray) -> float:
        counts, flagged, through = np.bincount(rows, minlength=ROWS), 0, 0
        for row in np.argsort(-risk, kind="stable"):
            through += counts[row]
            if through <= AT_RISK_SHARE * len(rows) and positive[row] and members[row]:
                flagged += counts[row]
        return flagged / counts[positive & members].sum()

    for members, (_, found_recall) in zip(groups, found, strict=True):
        values = [
            recall(first, rows, members) - recall(second, rows, members)
            for rows in drawn_rows(patients)
        ]
        assert (found_recall.low, found_recall.high) == pytest.approx(interval(values))


def test_the_figures_on_all_rows_are_those_of_the_metrics(
    patients: np.ndarray, outcomes: np.ndarray
) -> None:
    first, second = (probabilities(outcomes, seed) for seed in (4, 5))
    sides = [evaluate(outcomes, found, (1.0, 1.0, 1.0)) for found in (first, second)]
    everybody = [np.ones(ROWS, dtype=bool)]
    bootstrap = PairedBootstrap(patients, SEED, DRAWS)

    ((auroc, recall),) = bootstrap.ranking(
        outcomes == SOON, first[:, SOON], second[:, SOON], everybody
    )

    for name, found in (("auroc_under_30", auroc), ("recall_top_20", recall)):
        assert found.figure == pytest.approx(sides[0][name] - sides[1][name]), name


def test_the_same_seed_gives_the_same_interval_and_a_model_does_not_differ_from_itself(
    patients: np.ndarray, outcomes: np.ndarray
) -> None:
    values = np.random.default_rng(3).normal(size=ROWS)
    again = [PairedBootstrap(patients, SEED).mean(values) for _ in range(2)]
    decided = probabilities(outcomes, 4).argmax(axis=1)
    itself = PairedBootstrap(patients, SEED).weighted_f1(outcomes, decided, decided)

    assert again[0] == again[1] != PairedBootstrap(patients, SEED + 1).mean(values)
    assert (itself.figure, itself.low, itself.high) == (0, 0, 0)


def test_a_group_with_one_class_has_no_figure(patients: np.ndarray, outcomes: np.ndarray) -> None:
    positive = outcomes == SOON
    risk = probabilities(outcomes, 4)[:, SOON]

    ((auroc, recall),) = PairedBootstrap(patients, SEED, DRAWS).ranking(
        positive, risk, risk, [~positive]
    )

    assert not np.isfinite([auroc.figure, auroc.low, recall.figure, recall.high]).any()
