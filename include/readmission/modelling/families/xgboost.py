"""XGBoost: boosted trees on a sparse matrix whose absent cells mean *missing*."""

import importlib.metadata
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from readmission.domain import schema
from readmission.modelling.family import (
    SEED,
    TREES,
    Encoded,
    EncodedParts,
    Family,
    Weights,
    boosted_trees,
    onnx_classifier,
    tree_nodes,
)
from readmission.serving.explainers import BOOSTER

DISTRIBUTIONS = ("xgboost-cpu", "xgboost")
"""Packages that contain XGBoost; one of them is installed."""
CLASSES = len(schema.CLASSES)
LOST_AFTER_SECONDS = 60
"""On a cluster, how long workers wait for one that does not respond."""


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


def fit_on_cluster(estimator: Any, client: Any, encoded: Any, outcomes: Any) -> None:
    """Fit on all workers of a Dask cluster; the estimator becomes what `fit` would make of it.

    The workers add up their histograms, outside of Dask's connections.
    """
    from xgboost import dask
    from xgboost.collective import Config

    # Each worker uses the threads that it has.
    parameters = {k: v for k, v in estimator.get_xgb_params().items() if k != "n_jobs"}
    rows = dask.DaskQuantileDMatrix(client, encoded, outcomes, max_bin=estimator.max_bin)
    trained = dask.train(
        client,
        {**parameters, "num_class": CLASSES},
        rows,
        num_boost_round=estimator.n_estimators,
        coll_cfg=Config(timeout=LOST_AFTER_SECONDS, tracker_timeout=LOST_AFTER_SECONDS),
    )
    _take(estimator, trained["booster"])


def fit_in_parts(estimator: Any, encoded: EncodedParts) -> None:
    """Fit on rows that are encoded one part at a time; only their bins are all in memory.

    The estimator becomes what `fit` would make of it. XGBoost reads the parts several times: for
    the limits of the bins, and for the bins of each cell, a byte or two for each value.
    """
    import xgboost

    class Parts(xgboost.DataIter):  # type: ignore[misc] # XGBoost has no types.
        def next(self, input_data: Any) -> bool:
            for matrix, outcomes in self.remaining:
                input_data(data=matrix, label=outcomes)
                return True
            return False

        def reset(self) -> None:
            self.remaining = encoded()

    rows = xgboost.QuantileDMatrix(Parts(), max_bin=estimator.max_bin, nthread=estimator.n_jobs)
    parameters = {**estimator.get_xgb_params(), "num_class": CLASSES}
    _take(estimator, xgboost.train(parameters, rows, num_boost_round=estimator.n_estimators))


def _take(estimator: Any, booster: Any) -> None:
    """Make a fitted booster that of an estimator."""
    chosen = estimator.get_params()
    estimator.load_model(booster.save_raw("ubj"))
    # Loading a booster replaces parameters by what it estimated.
    estimator.set_params(**chosen)


def to_onnx(estimator: Any, columns: int) -> bytes:
    """Convert a fitted booster to ONNX, from its JSON form."""
    learner = json.loads(estimator.get_booster().save_raw("json"))["learner"]
    model = learner["gradient_booster"]["model"]
    trees, base = model["trees"], json.loads(learner["learner_model_param"]["base_score"])

    def stored(name: str, dtype: type) -> Any:
        return np.concatenate([np.asarray(tree[name], dtype) for tree in trees])

    sizes = [len(tree["left_children"]) for tree in trees]
    values = stored("split_conditions", np.float32)
    nodes = tree_nodes(
        sizes,
        stored("left_children", np.int64),
        stored("right_children", np.int64),
        stored("split_indices", np.int64),
        values,
        "BRANCH_LT",
    )
    attributes = boosted_trees(
        nodes,
        np.repeat(model["tree_info"], sizes),
        values,
        stored("default_left", np.int64),
        np.asarray(base),
    )
    return onnx_classifier(TREES, attributes, columns, len(base))


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
    fit_on_cluster=fit_on_cluster,
    fit_in_parts=fit_in_parts,
)
