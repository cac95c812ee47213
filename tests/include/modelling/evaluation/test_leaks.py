"""A column that carries a score which is too good is named."""

import numpy as np
import pandas as pd

from readmission.modelling.evaluation.leaks import NAMED, Score, find_suspects

ROWS = 2_000
EVEN = (1.0, 1.0, 1.0)


def scores_from(*columns: str) -> tuple[Score, pd.DataFrame, np.ndarray]:
    """Return a model whose probabilities follow from the mean of some columns, and rows."""
    random = np.random.default_rng(0)
    outcomes = random.integers(0, 3, ROWS)
    noise = {name: random.normal(size=ROWS) for name in "abcde"}
    rows = pd.DataFrame({name: outcomes + 0.3 * values for name, values in noise.items()})
    rows["unused"] = random.normal(size=ROWS)

    def score(given: pd.DataFrame) -> np.ndarray:
        value = given[list(columns)].mean(axis=1).to_numpy()
        near = np.exp(-((value[:, None] - np.arange(3)) ** 2) * 4)
        return near / near.sum(axis=1, keepdims=True)

    return score, rows, outcomes


def test_the_column_that_explains_the_score_is_the_only_suspect() -> None:
    score, rows, outcomes = scores_from("a")
    excess = {"weighted_f1": 0.3, "auroc_under_30": 0.2}

    (found,) = find_suspects(score, rows, outcomes, EVEN, rows.columns, excess, 1)

    assert found.column == "a"
    assert found.drop > excess[found.metric]
    assert str(found) == f"a ({found.metric} -{found.drop:.3f} if permuted)"


def test_if_no_column_explains_it_alone_those_with_the_largest_drops_are_named() -> None:
    score, rows, outcomes = scores_from("a", "b", "c", "d", "e")

    found = find_suspects(score, rows, outcomes, EVEN, rows.columns, {"auroc_under_30": 0.4}, 1)

    assert len(found) == NAMED
    assert [one.drop for one in found] == sorted((one.drop for one in found), reverse=True)
    assert "unused" not in {one.column for one in found}
