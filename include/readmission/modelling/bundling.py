"""What is stored with a model to serve it by: compiled form, golden rows, card, explanations."""

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from readmission.domain import schema
from readmission.errors import BundleRefused
from readmission.modelling.compilation import (
    compile_estimator,
    compile_tables,
    dense,
    make_golden_rows,
)
from readmission.modelling.estimators import FAMILIES
from readmission.modelling.evaluation import SOON
from readmission.modelling.fitting import Fit
from readmission.modelling.model import ReadmissionModel
from readmission.modelling.plots import importance
from readmission.serving import bundle, card, explainers, golden_rows, onnx_estimator
from readmission.serving.card import ModelCard
from readmission.serving.scorers import TABLES_FILE

log = logging.getLogger(__name__)

_PERCENTILES = np.linspace(0, 100, 101)
_SHARES = (*(i / 1_000 for i in range(10)), *(i / 100 for i in range(1, 101)))
"""Of the patients; finer where a hospital that can follow up one or two of 200 reads."""


def write_bundle(folder: Path, fit: Fit, lineage: Mapping[str, Any]) -> Path:
    """Write everything that serves a fitted model into a new folder.

    Parameters
    ----------
    folder : Path
        Does not exist yet.
    fit : Fit
        The model and its validation rows.
    lineage : mapping
        What it was trained on, for its card.

    Returns
    -------
    Path
        `folder`, sealed. A model that cannot be compiled is stored without a compiled form,
        and why; it is then served by its pipeline.
    """
    folder.mkdir()
    model = fit.model
    reason = _write_compiled(folder, fit)
    make_golden_rows(model).write(folder / golden_rows.FILE)
    _write_explanation(folder, fit)
    (folder / card.FILE).write_text(json.dumps(asdict(_card(fit, lineage)), indent=1))
    bundle.seal(
        folder,
        family=model.family,
        weights=list(model.weights),
        risk_quantiles=np.percentile(fit.probabilities[:, SOON], _PERCENTILES).tolist(),
        not_compiled=reason,
    )
    return folder


def _write_compiled(folder: Path, fit: Fit) -> str | None:
    """Write tables and estimator; return why not, if they do not answer like the model."""
    compile_tables(fit.model).write(folder / TABLES_FILE)
    try:
        compiled = compile_estimator(fit.model, fit.features)
    except BundleRefused as refused:
        log.warning("%s; the pipeline will serve", refused)
        return str(refused)
    (folder / onnx_estimator.FILE).write_bytes(compiled)
    return None


def _write_explanation(folder: Path, fit: Fit) -> None:
    model = fit.model
    match model.family:
        case "xgboost":
            model.estimator.get_booster().save_model(folder / explainers.BOOSTER)
        case "random_forest":
            np.savez_compressed(folder / explainers.FORESTS, allow_pickle=False, **_flat(model))
        case _:
            np.savez_compressed(
                folder / explainers.LINEAR,
                coefficients=model.estimator.coef_,
                intercept=model.estimator.intercept_,
                average=dense(model, fit.features).mean(axis=0, dtype=np.float64),
            )


def _flat(model: ReadmissionModel) -> dict[str, npt.NDArray[Any]]:
    """Return all trees of a forest as arrays over one numbering of nodes; leaves lead to -1."""
    trees = [tree.tree_ for tree in model.estimator.estimators_]
    roots = np.concatenate([[0], np.cumsum([tree.node_count for tree in trees])[:-1]])
    children = [
        np.where(side < 0, -1, side + root)
        for root, tree in zip(roots, trees, strict=True)
        for side in [np.stack([tree.children_left, tree.children_right], axis=1)]
    ]
    return {
        "roots": roots,
        "children": np.concatenate(children).astype(np.int32),
        "feature": np.concatenate([tree.feature for tree in trees]).astype(np.int32),
        "threshold": np.concatenate([tree.threshold for tree in trees]),
        "value": np.concatenate([tree.value[:, 0, :] for tree in trees]).astype(np.float32),
    }


def _card(fit: Fit, lineage: Mapping[str, Any]) -> ModelCard:
    model = fit.model
    return ModelCard(
        family=model.family,
        title=FAMILIES[model.family].title,
        trained_at=datetime.now(UTC).isoformat(timespec="seconds"),
        data=dict(lineage),
        metrics={name: float(value) for name, value in fit.metrics.items()},
        decision_weights=dict(zip(schema.CLASSES, model.weights, strict=True)),
        importance={str(name): float(share) for name, share in importance(model).items()},
        capacity=capacity(fit.outcomes == SOON, fit.probabilities[:, SOON]),
    )


def capacity(soon: npt.NDArray[np.bool_], risk: npt.NDArray[np.floating]) -> list[dict[str, float]]:
    """Return what following up the riskiest patients would catch, for 0 to 100 % of them.

    Following up nobody has the highest risk that was given as its threshold: a line from there
    to the next point stays among risks that patients have.

    Parameters
    ----------
    soon : ndarray of bool, shape (n,)
        Who came back within 30 days, among validation patients.
    risk : ndarray, shape (n,)
        The probability the model gave it.

    Returns
    -------
    list of dict
        ``share`` of patients followed up, ``threshold`` on the probability from which they are,
        ``caught``: share of those who came back among them, ``precision``: share of
        followed-up patients who came back.
    """
    order = np.argsort(-risk, kind="stable")
    found = np.concatenate([[0], np.cumsum(soon[order])])
    points = []
    for share in _SHARES:
        flagged = round(len(risk) * share)
        points.append(
            {
                "share": share,
                "threshold": float(risk[order[max(flagged, 1) - 1]]),
                "caught": float(found[flagged] / max(found[-1], 1)),
                "precision": float(found[flagged] / flagged) if flagged else 0.0,
            }
        )
    return points
