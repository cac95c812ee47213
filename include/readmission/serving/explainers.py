"""What drove an answer: the contribution of each original field to each class.

Linear model: coefficient times distance from the average validation patient. Boosted trees:
the library's own SHAP values (Lundberg and Lee 2017). Forest: the change of probability
at every split of every path (Saabas 2014). In all three base and contributions add up to
the model's own score; the first two are log-odds, the last probabilities.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

FORESTS = "forest.npz"
LINEAR = "linear.npz"
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


class ForestExplainer:
    """Changes of probability along the paths of all trees, walked at once."""

    unit: ClassVar[str] = PROBABILITY

    def __init__(self, content: bytes) -> None:
        with np.load(BytesIO(content)) as stored:
            self._roots, self._children = stored["roots"], stored["children"]
            self._feature, self._threshold = stored["feature"], stored["threshold"]
            self._value = stored["value"]

    def contributions(self, row: Row) -> tuple[Cells, Cells]:
        """Return the base of each class, shape (3,), and what each column adds, (columns, 3)."""
        nodes = self._roots
        base = self._value[nodes].mean(axis=0)
        added = np.zeros((len(row), base.size))
        while True:
            nodes = nodes[self._children[nodes, 0] >= 0]
            if not nodes.size:
                return base.astype(np.float64), added / self._roots.size
            asked = self._feature[nodes]
            goes_right = (row[asked] > self._threshold[nodes]).astype(int)
            after = self._children[nodes, goes_right]
            np.add.at(added, asked, self._value[after] - self._value[nodes])
            nodes = after


EXPLAINERS: Mapping[str, Callable[[bytes], Explainer]] = {
    LINEAR: LinearExplainer,
    FORESTS: ForestExplainer,
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
