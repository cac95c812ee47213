"""XGBoost: boosted trees on a sparse matrix whose absent cells mean *missing*."""

import importlib.metadata
import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from readmission.modelling.family import INPUT, OPSET, SEED, Encoded, Family, Weights
from readmission.serving.explainers import BOOSTER

DISTRIBUTIONS = ("xgboost-cpu", "xgboost")
"""Packages that contain XGBoost; one of them is installed."""


def build(threads: int) -> Any:
    """Return the unfitted estimator; its parameters were chosen on validation rows."""
    from xgboost import XGBClassifier

    return XGBClassifier(
        n_estimators=350,
        max_depth=6,
        learning_rate=0.06,
        max_bin=64,
        colsample_bytree=0.4,
        tree_method="hist",
        objective="multi:softprob",
        n_jobs=threads,
        random_state=SEED,
    )


def to_onnx(estimator: Any, columns: int) -> bytes:
    """Convert a fitted booster to ONNX."""
    from onnxmltools import convert_xgboost
    from onnxmltools.convert.common.data_types import FloatTensorType

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        inputs = [(INPUT, FloatTensorType([None, columns]))]
        graph = convert_xgboost(estimator, initial_types=inputs, target_opset=OPSET)
    return bytes(graph.SerializeToString())


def write_explainer(folder: Path, estimator: Any, validation: Encoded) -> None:  # noqa: ARG001
    """Store the booster, which computes its own SHAP values."""
    estimator.get_booster().save_model(folder / BOOSTER)


def importance(estimator: Any) -> Weights:
    """Return the average gain of each column."""
    return np.asarray(estimator.feature_importances_, dtype=float)


def distribution() -> str:
    """Return the name of the installed package that contains XGBoost."""
    return next(name for name in DISTRIBUTIONS if any(importlib.metadata.distributions(name=name)))


FAMILY = Family(
    title="XGBoost",
    build=build,
    to_onnx=to_onnx,
    write_explainer=write_explainer,
    importance=importance,
    sparse=True,
    absent=math.nan,
    distribution=distribution,
)
