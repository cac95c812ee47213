"""The compiled estimator in ONNX Runtime, which turns an encoded matrix into probabilities."""

from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import onnxruntime

FILE = "estimator.onnx"
_PROBABILITIES = 1
"""Position of the probabilities among the outputs; the first is the label."""
_TREES = "TreeEnsembleClassifier"
"""Name of a graph of trees, which has the name of its only operator."""


class Estimator(Protocol):
    """Predicts encoded rows, in this process or in another one."""

    rows_are_independent: bool

    def predict_one(self, encoded: npt.NDArray[np.float32]) -> list[float]:
        """Return the probabilities of one row."""

    def predict_proba(self, encoded: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """Return the probability of each class, shape (n, 3), summing to 1 in each row."""


class CompiledEstimator:
    """A tree ensemble or a linear model in ONNX Runtime, on one thread.

    Parameters
    ----------
    model : Path or bytes
        The ONNX file or its content.

    Attributes
    ----------
    rows_are_independent : bool
        Whether a row gets the same digits in a matrix of any height. A linear model adds in an
        order that depends on the other rows.
    """

    def __init__(self, model: Path | bytes) -> None:
        options = onnxruntime.SessionOptions()
        # Handing one row to another thread takes longer than predicting it.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        content = model if isinstance(model, bytes) else str(model)
        self._session = onnxruntime.InferenceSession(
            content, options, providers=["CPUExecutionProvider"]
        )
        self.rows_are_independent = self._session.get_modelmeta().graph_name == _TREES
        self._input = self._session.get_inputs()[0].name
        self._output = [self._session.get_outputs()[_PROBABILITIES].name]

    def predict_one(self, encoded: npt.NDArray[np.float32]) -> list[float]:
        """Return the probabilities of one row, added up without NumPy, which would take longer."""
        (rows,) = self._session.run(self._output, {self._input: encoded})
        first: list[float] = rows[0].tolist()
        total = sum(first)
        return [probability / total for probability in first]

    def predict_proba(self, encoded: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """Return the probability of each class, shape (n, 3), summing to 1 in each row."""
        (rows,) = self._session.run(self._output, {self._input: encoded})
        probabilities = rows.astype(np.float64)
        return probabilities / probabilities.sum(axis=1, keepdims=True)
