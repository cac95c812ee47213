"""Explanations: the contribution of each original field to each class.

For a linear model, it is the coefficient times the distance from the average validation patient;
for XGBoost, its SHAP values (Lundberg and Lee 2017); for other trees, the change of the prediction
at every split on the path (Saabas 2014). Base and contributions add up to the model's score, which
is a probability for a forest and log-odds for the others.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property, partial
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

LINEAR = "linear.npz"
FOREST = "forest.npz"
BOOSTED_TREES = "boosted_trees.npz"
BOOSTER = "booster.ubj"

LOG_ODDS, PROBABILITY = "log-odds", "probability"

EncodedRow = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float64]


class Explainer(Protocol):
    """Explains one encoded encounter."""

    unit: ClassVar[str]

    def contributions(self, row: EncodedRow) -> tuple[Scores, Scores]:
        """Return the base, shape (3,), and each column's contribution, shape (columns, 3)."""


class LinearExplainer:
    """Coefficients times the distance from the average patient."""

    unit: ClassVar[str] = LOG_ODDS

    def __init__(self, content: bytes) -> None:
        with np.load(BytesIO(content)) as stored:
            self._coefficients, self._intercept = stored["coefficients"], stored["intercept"]
            self._average = stored["average"]

    def contributions(self, row: EncodedRow) -> tuple[Scores, Scores]:
        """Return the base, shape (3,), and each column's contribution, shape (columns, 3)."""
        base = self._intercept + self._coefficients @ self._average
        return base, ((row - self._average) * self._coefficients).T


class BoosterExplainer:
    """SHAP values computed by XGBoost, which is imported on first use."""

    unit: ClassVar[str] = LOG_ODDS

    def __init__(self, content: bytes) -> None:
        self._content = content

    @cached_property
    def _booster(self) -> Any:
        import xgboost

        return xgboost.Booster(model_file=bytearray(self._content))

    def contributions(self, row: EncodedRow) -> tuple[Scores, Scores]:
        """Return the base, shape (3,), and each column's contribution, shape (columns, 3)."""
        import xgboost

        data = xgboost.DMatrix(row.reshape(1, -1), missing=np.nan, nthread=1)
        (by_class,) = self._booster.predict(data, pred_contribs=True)
        return by_class[:, -1].astype(np.float64), by_class[:, :-1].T.astype(np.float64)


class TreesExplainer:
    """Changes of the prediction from root to leaf, summed over all trees (Saabas 2014).

    Parameters
    ----------
    content : bytes
        NumPy archive. ``roots``, shape (trees,), are the numbers of the root nodes. For each node
        there are ``children``, shape (nodes, 2), -1 at a leaf; ``feature`` and ``threshold``; and
        ``value``, shape (nodes, 3), the mean prediction of the training rows that reach it.
    """

    def __init__(self, content: bytes) -> None:
        with np.load(BytesIO(content)) as stored:
            self._roots, self._children = stored["roots"], stored["children"]
            self._feature, self._threshold = stored["feature"], stored["threshold"]
            self._value = stored["value"]
            self._base = stored.get("base", 0.0)

    def _summed(self, row: EncodedRow) -> tuple[Scores, Scores]:
        nodes = self._roots
        base = self._value[nodes].sum(axis=0, dtype=np.float64) + self._base
        added = np.zeros((len(row), base.size))
        while True:
            nodes = nodes[self._children[nodes, 0] >= 0]
            if not nodes.size:
                return base, added
            feature = self._feature[nodes]
            goes_right = (row[feature] > self._threshold[nodes]).astype(int)
            after = self._children[nodes, goes_right]
            np.add.at(added, feature, self._value[after] - self._value[nodes])
            nodes = after


class BoostedTreesExplainer(TreesExplainer):
    """Boosted trees, whose predictions are added up."""

    unit: ClassVar[str] = LOG_ODDS

    def contributions(self, row: EncodedRow) -> tuple[Scores, Scores]:
        """Return the base, shape (3,), and each column's contribution, shape (columns, 3)."""
        return self._summed(row)


class ForestExplainer(TreesExplainer):
    """A forest, which averages the predictions of its trees."""

    unit: ClassVar[str] = PROBABILITY

    def contributions(self, row: EncodedRow) -> tuple[Scores, Scores]:
        """Return the base, shape (3,), and each column's contribution, shape (columns, 3)."""
        base, added = self._summed(row)
        return base / self._roots.size, added / self._roots.size


EXPLAINERS: Mapping[str, Callable[[bytes], Explainer]] = {
    LINEAR: LinearExplainer,
    FOREST: ForestExplainer,
    BOOSTED_TREES: BoostedTreesExplainer,
    BOOSTER: BoosterExplainer,
}
"""Each explainer, by the name of its file in the bundle."""


def read_explainer(folder: Path, files: Collection[str]) -> Callable[[], Explainer]:
    """Return a function that makes a bundle's explainer and does not need the folder any more.

    Only one of `files` is read, which the signature covers: whoever may write to the folder can add
    another one.
    """
    name = next(name for name in EXPLAINERS if name in files)
    return partial(EXPLAINERS[name], (folder / name).read_bytes())


def by_field(cells: Scores, owners: Sequence[Sequence[str]]) -> dict[str, list[float]]:
    """Add up the columns of each field; return one value per class for each field.

    The contribution of a column that belongs to several fields is divided equally among them.
    """
    summed: dict[str, Scores] = {}
    for names, added in zip(owners, cells, strict=True):
        for name in names:
            summed[name] = summed.get(name, np.zeros(cells.shape[1])) + added / len(names)
    return {name: values.tolist() for name, values in summed.items()}
