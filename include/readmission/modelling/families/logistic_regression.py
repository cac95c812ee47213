"""Multinomial logistic regression."""

from pathlib import Path
from typing import Any

import numpy as np

from readmission.modelling.family import (
    LINEAR_MODEL,
    SEED,
    Encoded,
    Family,
    Weights,
    onnx_classifier,
)
from readmission.serving.explainers import LINEAR


def build(threads: int) -> Any:  # noqa: ARG001 - its solver uses one thread
    """Return the unfitted estimator; its regularisation was chosen on validation rows."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=0.3, max_iter=400, tol=1e-3, random_state=SEED)


def to_onnx(estimator: Any, columns: int) -> bytes:
    """Convert a fitted estimator to ONNX."""
    attributes = {
        "coefficients": estimator.coef_.astype(np.float32).ravel(),
        "intercepts": estimator.intercept_.astype(np.float32),
        "classlabels_ints": estimator.classes_.astype(np.int64),
        "post_transform": "SOFTMAX",
    }
    return onnx_classifier(LINEAR_MODEL, attributes, columns, len(estimator.classes_))


def write_explainer(folder: Path, estimator: Any, validation: Encoded) -> None:
    """Store the coefficients and the average patient, the baseline of contributions."""
    np.savez_compressed(
        folder / LINEAR,
        coefficients=estimator.coef_,
        intercept=estimator.intercept_,
        average=validation.mean(axis=0, dtype=np.float64),
    )


def importance(estimator: Any) -> Weights:
    """Return the size of the coefficients, summed over the classes."""
    return np.abs(np.asarray(estimator.coef_)).sum(axis=0)


FAMILY = Family(
    title="Logistic regression",
    build=build,
    to_onnx=to_onnx,
    write_explainer=write_explainer,
    importance=importance,
    sparse=True,
)
