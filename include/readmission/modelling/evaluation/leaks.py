"""Which columns make a model too good to be true: permute each, and see what is lost.

A column that knows the outcome carries the score: with its values shuffled among the patients, the
score falls to where it should be (permutation importance, Breiman 2001, "Random Forests").
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import f1_score, roc_auc_score

from readmission.modelling.decision import decide
from readmission.modelling.evaluation.metrics import SOON

NAMED = 3
"""Most columns that are named if no single one explains the score."""

Score = Callable[[pd.DataFrame], npt.NDArray[np.float64]]


@dataclass(frozen=True)
class Suspect:
    """A column, and what a metric loses without its values.

    Parameters
    ----------
    column, metric : str
        The column, and ``weighted_f1`` or ``auroc_under_30``.
    drop : float
        How much lower the metric is if the column is permuted.
    """

    column: str
    metric: str
    drop: float

    def __str__(self) -> str:
        return f"{self.column} ({self.metric} -{self.drop:.3f} if permuted)"


def find_suspects(
    score: Score,
    rows: pd.DataFrame,
    outcomes: npt.NDArray[np.integer],
    weights: tuple[float, float, float],
    columns: Iterable[str],
    excess: Mapping[str, float],
    seed: int,
) -> list[Suspect]:
    """Return the columns that explain why metrics exceed their limits, largest drop first.

    Parameters
    ----------
    score : callable
        Returns the probability of each class for rows, shape (n, 3).
    rows : DataFrame
        Rows that the model did not learn from, such as the validation rows.
    outcomes : ndarray of int, shape (n,)
        Their class codes.
    weights : tuple of 3 floats
        The model's decision weights.
    columns : iterable of str
        The columns to permute.
    excess : mapping of str to float
        By how much each metric exceeds its limit; ``weighted_f1`` and ``auroc_under_30`` are known.
    seed : int
        Seed of the permutations.

    Returns
    -------
    list of Suspect
        Those that alone bring a metric back to its limit; if there is none, those with the largest
        drops, at most `NAMED`.
    """
    random = np.random.default_rng(seed)
    before = _metrics(outcomes, score(rows), weights)
    found = []
    for column in columns:
        permuted = rows.assign(**{column: random.permutation(rows[column].to_numpy())})
        after = _metrics(outcomes, score(permuted), weights)
        drops = {metric: before[metric] - after[metric] for metric in excess}
        metric = max(drops, key=drops.__getitem__)
        found.append(Suspect(column, metric, drops[metric]))
    ranked = sorted((one for one in found if one.drop > 0), key=lambda one: -one.drop)
    alone = [one for one in ranked if one.drop >= excess[one.metric]]
    return alone or ranked[:NAMED]


def _metrics(
    outcomes: npt.NDArray[np.integer],
    probabilities: npt.NDArray[np.float64],
    weights: tuple[float, float, float],
) -> dict[str, float]:
    decided = decide(probabilities, weights)
    return {
        "weighted_f1": float(f1_score(outcomes, decided, average="weighted")),
        "auroc_under_30": float(roc_auc_score(outcomes == SOON, probabilities[:, SOON])),
    }
