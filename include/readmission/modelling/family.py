"""The declaration of a model family, and what the families share when they write ONNX."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

SEED = 296
TREES, LINEAR_MODEL = "TreeEnsembleClassifier", "LinearClassifier"
"""Operators of ONNX for machine learning."""
_INPUT = "encoded"
_DOMAIN = "ai.onnx.ml"
_OPSETS = {"": 15, _DOMAIN: 3}
"""Versions of the ONNX operators, supported by the locked ONNX Runtime."""
_IR_VERSION = 8
"""Version of the file format that belongs to them."""

Weights = npt.NDArray[np.floating[Any]]
Encoded = npt.NDArray[np.float32]
Integers = npt.NDArray[np.integer[Any]]
EncodedParts = Callable[[], Iterator[tuple[Any, npt.NDArray[np.int64]]]]


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
    fit_on_cluster : callable, optional
        Fits an estimator on the rows of a cluster. It takes the unfitted estimator, Dask's client,
        the encoded rows as a Dask array of CSR chunks, shape (n, columns), and their class codes.
        Without it, a training on a cluster fits the family on a sample, in one process.
    fit_in_parts : callable, optional
        Fits an estimator on more rows than one process can hold. It takes the unfitted estimator
        and a callable that iterates over the parts, as often as it is called: each the encoded rows
        as a CSR matrix, shape (n, columns), and their class codes. Without it, the family is fitted
        on a sample.
    """

    title: str
    build: Callable[[int], Any]
    to_onnx: Callable[[Any, int], bytes]
    write_explainer: Callable[[Path, Any, Encoded], None]
    importance: Callable[[Any], Weights]
    sparse: bool
    absent: float = 0.0
    distribution: Callable[[], str] | None = None
    fit_on_cluster: Callable[[Any, Any, Any, Any], None] | None = None
    fit_in_parts: Callable[[Any, EncodedParts], None] | None = None


def tree_nodes(
    sizes: Sequence[int],
    left: Integers,
    right: Integers,
    features: Integers,
    thresholds: Weights,
    mode: str,
) -> dict[str, Any]:
    """Return the nodes of all trees as attributes of `TREES`.

    Parameters
    ----------
    sizes : sequence of int, length trees
        Number of nodes of each tree.
    left, right : ndarray of int, shape (nodes,)
        Children of each node, counted within its tree; negative for a leaf.
    features : ndarray of int, shape (nodes,)
        Column that a node compares.
    thresholds : ndarray of float, shape (nodes,)
        What it compares with; float64 only if `mode` is ``BRANCH_LEQ``.
    mode : str
        Comparison that leads to the left child: ``BRANCH_LEQ`` or ``BRANCH_LT``.
    """
    leaf = left < 0
    return {
        "nodes_treeids": np.repeat(np.arange(len(sizes)), sizes),
        "nodes_nodeids": np.concatenate([np.arange(size) for size in sizes]),
        "nodes_modes": np.where(leaf, "LEAF", mode),
        "nodes_featureids": np.where(leaf, 0, features),
        "nodes_values": np.where(leaf, np.float32(0), _rounded_down(thresholds)),
        "nodes_truenodeids": np.where(leaf, 0, left),
        "nodes_falsenodeids": np.where(leaf, 0, right),
    }


def boosted_trees(
    nodes: Mapping[str, Any],
    labels: Integers,
    values: Weights,
    missing_is_left: Integers,
    base: Weights,
) -> dict[str, Any]:
    """Return all attributes of `TREES` for trees that each add to the score of one class.

    Parameters
    ----------
    nodes : mapping
        Made by `tree_nodes`.
    labels : ndarray of int, shape (nodes,)
        Class whose score the tree of a node adds to.
    values : ndarray of float, shape (nodes,)
        What a leaf adds; those of other nodes are ignored.
    missing_is_left : ndarray of int, shape (nodes,)
        1 where a missing value leads to the left child.
    base : ndarray of float, shape (classes,)
        Scores before any tree.
    """
    leaf = nodes["nodes_modes"] == "LEAF"
    return {
        **nodes,
        "nodes_missing_value_tracks_true": np.where(leaf, 0, missing_is_left),
        "class_treeids": nodes["nodes_treeids"][leaf],
        "class_nodeids": nodes["nodes_nodeids"][leaf],
        "class_ids": labels[leaf],
        "class_weights": values[leaf],
        "base_values": base,
        "classlabels_int64s": np.arange(len(base)),
        "post_transform": "SOFTMAX",
    }


def _rounded_down(thresholds: Weights) -> Encoded:
    """Round to float32 so that each float32 value stays on its side of each threshold."""
    rounded = thresholds.astype(np.float32)
    return np.where(rounded > thresholds, np.nextafter(rounded, np.float32(-np.inf)), rounded)


def onnx_classifier(
    operator: str, attributes: Mapping[str, Any], columns: int, classes: int
) -> bytes:
    """Return an ONNX graph of one operator, serialised.

    It is built from the estimator's arrays: skl2onnx and onnxmltools visit each node of a tree in
    Python, which takes longer than some fits.

    Parameters
    ----------
    operator : str
        `TREES` or `LINEAR_MODEL`.
    attributes : mapping of str to ndarray or str
        Attributes of the operator.
    columns, classes : int
        Width of the encoded matrix and of the probabilities.
    """
    from onnx import TensorProto, helper

    outputs = ["label", "probabilities"]
    node = helper.make_node(operator, [_INPUT], outputs, domain=_DOMAIN)
    for name, values in attributes.items():
        _add(node, name, values)
    graph = helper.make_graph(
        [node],
        operator,
        [helper.make_tensor_value_info(_INPUT, TensorProto.FLOAT, [None, columns])],
        [
            helper.make_tensor_value_info(outputs[0], TensorProto.INT64, [None]),
            helper.make_tensor_value_info(outputs[1], TensorProto.FLOAT, [None, classes]),
        ],
    )
    opsets = [helper.make_opsetid(domain, version) for domain, version in _OPSETS.items()]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION)
    return bytes(model.SerializeToString())


def _add(node: Any, name: str, values: Any) -> None:
    """Add an attribute; `onnx.helper.make_attribute` inspects every value, which is slow."""
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
