"""What drove an answer: the contribution of each original field to each class.

Linear model: coefficient times distance from the average validation patient. XGBoost: its own
SHAP values (Lundberg and Lee 2017). Other trees: the change of the prediction at every split of
every path (Saabas 2014). Base and contributions always add up to the model's own score, which is
a probability for a forest and log-odds for the others.
"""

from collections.abc import Callable, Mapping, Sequence
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

Row = npt.NDArray[np.float32]
Cells = npt.NDArray[np.float64]


class Explainer(Protocol):
    """Explains one encoded encounter."""

    unit: ClassVar[str]

    def contributions(self, row: Row) -> tuple[Cells, Cells]:
        """Return the base of each class, shape (3,), and what each column adds, (columns, 3)."""


class LinearExplainer:
    """Coefficients times distance from the average."""

    unit: ClassVar[str] = LOG_ODDS

    def __init__(self, content: bytes) -> None:
        with np.load(BytesIO(content)) as stored:
            self._coefficients, self._intercept = stored["coefficients"], stored["intercept"]
            self._average = stored["average"]

    def contributions(self, row: Row) -> tuple[Cells, Cells]:
        """Return the base of each class, shape (3,), and what each column adds, (columns, 3)."""
        base = self._intercept + self._coefficients @ self._average
        return base, ((row - self._average) * self._coefficients).T


class BoosterExplainer:
    """SHAP values by XGBoost itself, which is imported when somebody asks."""

    unit: ClassVar[str] = LOG_ODDS

    def __init__(self, content: bytes) -> None:
        self._content = content

    @cached_property
    def _booster(self) -> Any:
        import xgboost

        return xgboost.Booster(model_file=bytearray(self._content))

    def contributions(self, row: Row) -> tuple[Cells, Cells]:
        """Return the base of each class, shape (3,), and what each column adds, (columns, 3)."""
        import xgboost

        data = xgboost.DMatrix(row.reshape(1, -1), missing=np.nan, nthread=1)
        (by_class,) = self._booster.predict(data, pred_contribs=True)
        return by_class[:, -1].astype(np.float64), by_class[:, :-1].T.astype(np.float64)


class TreesExplainer:
    """What each split adds on the way from a root to a leaf, summed over all trees (Saabas 2014).

    Parameters
    ----------
    content : bytes
        NumPy archive with ``roots``, shape (trees,), and for each node ``children``, shape
        (nodes, 2), -1 at a leaf; ``feature`` and ``threshold``; ``value``, shape (nodes, 3),
        the mean prediction of the training rows that reach it.
    """

    def __init__(self, content: bytes) -> None:
        with np.load(BytesIO(content)) as stored:
            self._roots, self._children = stored["roots"], stored["children"]
            self._feature, self._threshold = stored["feature"], stored["threshold"]
            self._value = stored["value"]
            self._base = stored.get("base", 0.0)

    def _summed(self, row: Row) -> tuple[Cells, Cells]:
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
    """Boosted trees add up."""

    unit: ClassVar[str] = LOG_ODDS

    def contributions(self, row: Row) -> tuple[Cells, Cells]:
        """Return the base of each class, shape (3,), and what each column adds, (columns, 3)."""
        return self._summed(row)


class ForestExplainer(TreesExplainer):
    """A forest averages its trees."""

    unit: ClassVar[str] = PROBABILITY

    def contributions(self, row: Row) -> tuple[Cells, Cells]:
        """Return the base of each class, shape (3,), and what each column adds, (columns, 3)."""
        base, added = self._summed(row)
        return base / self._roots.size, added / self._roots.size


EXPLAINERS: Mapping[str, Callable[[bytes], Explainer]] = {
    LINEAR: LinearExplainer,
    FOREST: ForestExplainer,
    BOOSTED_TREES: BoostedTreesExplainer,
    BOOSTER: BoosterExplainer,
}
"""By the file of a bundle that they are made from."""


def read_explainer(folder: Path) -> Callable[[], Explainer]:
    """Return how to make the explainer of a bundle, whose folder is not needed any more."""
    name = next(name for name in EXPLAINERS if (folder / name).exists())
    return partial(EXPLAINERS[name], (folder / name).read_bytes())


def by_field(cells: Cells, columns: Sequence[str]) -> dict[str, list[float]]:
    """Sum columns that come from the same field; each field to one figure a class."""
    summed: dict[str, Cells] = {}
    for name, added in zip(columns, cells, strict=True):
        summed[name] = summed.get(name, np.zeros(cells.shape[1])) + added
    return {name: figures.tolist() for name, figures in summed.items()}
