"""Random forest with few, small trees: a tenth of the usual size, but no worse on this data."""

from pathlib import Path
from typing import Any

import numpy as np

from readmission.modelling.family import INPUT, OPSET, SEED, Encoded, Family, Weights
from readmission.serving.explainers import FOREST

_ML_OPSET = 3
_IR_VERSION = 8
"""Version of the file format that belongs to `OPSET`."""


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


def to_onnx(estimator: Any, columns: int) -> bytes:
    """Convert a fitted forest to ONNX.

    skl2onnx visits each of 350,000 nodes in Python, which takes longer than the fit; the arrays of
    scikit-learn's trees are already what ONNX needs.
    """
    from onnx import TensorProto, helper

    node = helper.make_node(
        "TreeEnsembleClassifier", [INPUT], ["label", "probabilities"], domain="ai.onnx.ml"
    )
    for name, values in _ensemble(estimator).items():
        _add(node, name, values)
    classes = len(estimator.classes_)
    graph = helper.make_graph(
        [node],
        "random_forest",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [None, columns])],
        [
            helper.make_tensor_value_info("label", TensorProto.INT64, [None]),
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, classes]),
        ],
    )
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", _ML_OPSET)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION)
    return bytes(model.SerializeToString())


def _ensemble(estimator: Any) -> dict[str, Any]:
    """Return the attributes of ONNX's tree ensemble: nodes, then class weights of the leaves."""
    trees = [tree.tree_ for tree in estimator.estimators_]
    sizes = [tree.node_count for tree in trees]
    tree_ids = np.repeat(np.arange(len(trees)), sizes)
    node_ids = np.concatenate([np.arange(size) for size in sizes])
    left = np.concatenate([tree.children_left for tree in trees])
    right = np.concatenate([tree.children_right for tree in trees])
    leaf = left < 0
    shares = np.concatenate([tree.value[:, 0, :] for tree in trees])[leaf]
    shares /= shares.sum(axis=1, keepdims=True) * len(trees)
    classes = shares.shape[1]
    return {
        "nodes_treeids": tree_ids,
        "nodes_nodeids": node_ids,
        "nodes_modes": np.where(leaf, "LEAF", "BRANCH_LEQ"),
        "nodes_featureids": np.where(leaf, 0, np.concatenate([tree.feature for tree in trees])),
        "nodes_values": _rounded_down(np.concatenate([tree.threshold for tree in trees])),
        "nodes_truenodeids": np.where(leaf, 0, left),
        "nodes_falsenodeids": np.where(leaf, 0, right),
        "class_treeids": np.repeat(tree_ids[leaf], classes),
        "class_nodeids": np.repeat(node_ids[leaf], classes),
        "class_ids": np.tile(np.arange(classes), len(shares)),
        "class_weights": shares.astype(np.float32).ravel(),
        "classlabels_int64s": estimator.classes_.astype(np.int64),
        "post_transform": "NONE",
    }


def _rounded_down(thresholds: Weights) -> Encoded:
    """Round to float32 so that each float32 value stays on its side of each threshold."""
    rounded = thresholds.astype(np.float32)
    return np.where(rounded > thresholds, np.nextafter(rounded, np.float32(-np.inf)), rounded)


def _add(node: Any, name: str, values: Any) -> None:
    """Add an attribute; `onnx.helper.make_attribute` looks at each value to guess their type."""
    from onnx import AttributeProto

    attribute = node.attribute.add(name=name)
    if isinstance(values, str):
        attribute.type, attribute.s = AttributeProto.STRING, values.encode()
    elif values.dtype.kind == "f":
        attribute.type = AttributeProto.FLOATS
        attribute.floats.extend(values.tolist())
    elif values.dtype.kind == "U":
        attribute.type = AttributeProto.STRINGS
        attribute.strings.extend(values.astype(bytes).tolist())
    else:
        attribute.type = AttributeProto.INTS
        attribute.ints.extend(values.tolist())


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
    to_onnx=to_onnx,
    write_explainer=write_explainer,
    importance=importance,
    sparse=False,
)
