"""The decision weights are those of a grid whose decisions score best."""

import numpy as np
import pytest

from readmission.modelling.decision import decide, tune_weights
from readmission.modelling.evaluation.bootstrap import weighted_f1_of


@pytest.mark.parametrize("seed", range(3))
def test_the_weights_are_the_first_of_the_grid_with_the_highest_weighted_f1(seed: int) -> None:
    # given
    random = np.random.default_rng(seed)
    probabilities = random.dirichlet([5, 3, 1.2], size=200)
    outcomes = random.choice(3, 200, p=[0.54, 0.35, 0.11])

    # when
    found = tune_weights(outcomes, probabilities)

    # then no weights of the grid do better, and no earlier ones as well
    grid = [
        (1.0, later, soon)
        for later in np.arange(0.8, 1.81, 0.05)
        for soon in np.arange(1.0, 3.61, 0.1)
    ]
    cells = [3 * outcomes + decide(probabilities, one) for one in grid]
    counts = np.stack([np.bincount(one, minlength=9) for one in cells]).astype(float)
    scores = weighted_f1_of(counts)
    best = next(one for one, score in zip(grid, scores, strict=True) if score > scores.max() - 1e-9)
    assert found == pytest.approx(best)
