"""The declaration of a model family, and the ONNX conversion that scikit-learn's models share."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

SEED = 296
OPSET = 15
"""Version of the ONNX operators, supported by the locked ONNX Runtime."""
INPUT = "encoded"

Weights = npt.NDArray[np.floating[Any]]
Encoded = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Family:
    """One kind of model, from fitting to serving.

    The functions import their library when they are called, so that listing the families imports
    none of them.

    Parameters
    ----------
    title : str
        Display name.
    build : callable
        Returns an unfitted classifier that uses a given number of threads.
    to_onnx : callable
        Converts a fitted estimator with a given number of columns to a serialised ONNX graph. The
        graph takes a float32 matrix; its second output is the probabilities.
    write_explainer : callable
        Writes one of the files of `readmission.serving.explainers.EXPLAINERS` into a folder. It
        takes the fitted estimator and the encoded validation rows, shape (n, columns).
    importance : callable
        Returns the importance of each encoded column in a fitted estimator, shape (columns,).
    sparse : bool
        Whether it is fitted on a CSR matrix.
    absent : float
        How the estimator reads a cell that the CSR matrix does not store, both at training and
        at prediction: XGBoost as *missing* (NaN), the others as zero.
    distribution : callable, optional
        Returns the name of the package that it needs besides scikit-learn.
    """

    title: str
    build: Callable[[int], Any]
    to_onnx: Callable[[Any, int], bytes]
    write_explainer: Callable[[Path, Any, Encoded], None]
    importance: Callable[[Any], Weights]
    sparse: bool
    absent: float = 0.0
    distribution: Callable[[], str] | None = None


def convert_by_skl2onnx(
    estimator: Any, columns: int, converters: Mapping[str, Any] | None = None
) -> bytes:
    """Convert a fitted scikit-learn classifier to ONNX.

    Parameters
    ----------
    estimator : classifier
        Fitted on `columns` columns.
    columns : int
        Width of the encoded matrix.
    converters : mapping, optional
        ``custom_conversion_functions`` and ``custom_shape_calculators`` of
        `skl2onnx.convert_sklearn`.
    """
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        graph = convert_sklearn(
            estimator,
            initial_types=[(INPUT, FloatTensorType([None, columns]))],
            options={id(estimator): {"zipmap": False}},
            target_opset=OPSET,
            **(converters or {}),
        )
    return bytes(graph.SerializeToString())
