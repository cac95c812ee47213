"""Random forest with few, small trees: a tenth of the usual size, but no worse on this data."""

from pathlib import Path
from typing import Any

import numpy as np

from readmission.modelling.family import SEED, Encoded, Family, Weights, convert_by_skl2onnx
from readmission.serving.explainers import FOREST


def build(threads: int) -> Any:
    """Return the unfitted estimator; its size was chosen on validation rows."""
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(
        n_estimators=100,
        min_samples_leaf=5,
        max_samples=0.3,
        n_jobs=threads,
        random_state=SEED,
    )


def write_explainer(folder: Path, estimator: Any, validation: Encoded) -> None:  # noqa: ARG001
    """Store all trees as arrays, with nodes numbered across trees; a leaf has children -1."""
    trees = [tree.tree_ for tree in estimator.estimators_]
    roots = np.concatenate([[0], np.cumsum([tree.node_count for tree in trees])[:-1]])
    children = [
        np.where(side < 0, -1, side + root)
        for root, tree in zip(roots, trees, strict=True)
        for side in [np.stack([tree.children_left, tree.children_right], axis=1)]
    ]
    np.savez_compressed(
        folder / FOREST,
        allow_pickle=False,
        roots=roots,
        children=np.concatenate(children).astype(np.int32),
        feature=np.concatenate([tree.feature for tree in trees]).astype(np.int32),
        threshold=np.concatenate([tree.threshold for tree in trees]),
        value=np.concatenate([tree.value[:, 0, :] for tree in trees]).astype(np.float32),
    )


def importance(estimator: Any) -> Weights:
    """Return the mean decrease in impurity of each column."""
    return np.asarray(estimator.feature_importances_, dtype=float)


FAMILY = Family(
    title="Random forest",
    build=build,
    to_onnx=convert_by_skl2onnx,
    write_explainer=write_explainer,
    importance=importance,
    sparse=False,
)
