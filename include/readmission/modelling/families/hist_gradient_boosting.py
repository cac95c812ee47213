"""Scikit-learn's histogram gradient boosting: boosted trees without another library."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from readmission.modelling.family import (
    SEED,
    TREES,
    Encoded,
    Family,
    Weights,
    boosted_trees,
    onnx_classifier,
    tree_nodes,
)
from readmission.serving.explainers import BOOSTED_TREES


def build(threads: int) -> Any:  # noqa: ARG001 - OpenMP decides; the task sets its limit
    """Return the unfitted estimator; its parameters were chosen on validation rows."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        max_iter=200,
        learning_rate=0.06,
        max_leaf_nodes=31,
        min_samples_leaf=40,
        max_bins=63,
        early_stopping=False,
        random_state=SEED,
    )


def to_onnx(estimator: Any, columns: int) -> bytes:
    """Convert a fitted estimator to ONNX."""
    trees, labels = _trees(estimator)
    sizes, stored = [len(tree) for tree in trees], np.concatenate(trees)
    leaf = stored["is_leaf"] == 1
    nodes = tree_nodes(
        sizes,
        np.where(leaf, -1, stored["left"].astype(np.int64)),
        np.where(leaf, -1, stored["right"].astype(np.int64)),
        stored["feature_idx"],
        stored["num_threshold"],
        "BRANCH_LEQ",
    )
    attributes = boosted_trees(
        nodes,
        np.repeat(labels, sizes),
        stored["value"],
        stored["missing_go_to_left"].astype(np.int64),
        estimator._baseline_prediction.ravel(),
    )
    return onnx_classifier(TREES, attributes, columns, len(estimator.classes_))


def _trees(estimator: Any) -> tuple[list[npt.NDArray[Any]], list[int]]:
    """Return the nodes of each tree, and the class that each tree scores."""
    trees = [(tree.nodes, label) for by_class in estimator._predictors
             for label, tree in enumerate(by_class)]  # fmt: skip
    return [nodes for nodes, _ in trees], [label for _, label in trees]


def write_explainer(folder: Path, estimator: Any, validation: Encoded) -> None:  # noqa: ARG001
    """Store all trees as arrays, with nodes numbered across trees; a leaf has children -1."""
    classes = len(estimator.classes_)
    trees, labels = _trees(estimator)
    roots = np.concatenate([[0], np.cumsum([len(nodes) for nodes in trees])[:-1]])
    children, value = [], []
    for root, nodes, label in zip(roots, trees, labels, strict=True):
        sides = np.stack([nodes["left"], nodes["right"]], axis=1).astype(np.int64)
        children.append(np.where(nodes["is_leaf"][:, None] == 1, -1, sides + root))
        added = np.zeros((len(nodes), classes), dtype=np.float32)
        added[:, label] = expected_values(nodes)
        value.append(added)
    np.savez_compressed(
        folder / BOOSTED_TREES,
        allow_pickle=False,
        roots=roots,
        children=np.concatenate(children).astype(np.int32),
        feature=np.concatenate([nodes["feature_idx"] for nodes in trees]).astype(np.int32),
        threshold=np.concatenate([nodes["num_threshold"] for nodes in trees]),
        value=np.concatenate(value),
        base=estimator._baseline_prediction.ravel(),
    )


def expected_values(nodes: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return the mean prediction of the training rows that reach each node of a tree.

    The tree stores these means for its leaves only: its values of inner nodes are not multiplied
    by the learning rate.
    """
    values = np.array(nodes["value"], dtype=np.float64)
    # Children have higher numbers than their parent.
    for place in np.flatnonzero(nodes["is_leaf"] == 0)[::-1]:
        sides = [nodes["left"][place], nodes["right"][place]]
        values[place] = np.average(values[sides], weights=nodes["count"][sides])
    return values


def importance(estimator: Any) -> Weights:
    """Return the gain of each column, summed over all splits."""
    gains = np.zeros(estimator.n_features_in_)
    for trees in estimator._predictors:
        for tree in trees:
            inner = tree.nodes[tree.nodes["is_leaf"] == 0]
            np.add.at(gains, inner["feature_idx"], inner["gain"])
    return gains


FAMILY = Family(
    title="Histogram gradient boosting",
    build=build,
    to_onnx=to_onnx,
    write_explainer=write_explainer,
    importance=importance,
    sparse=False,
)
