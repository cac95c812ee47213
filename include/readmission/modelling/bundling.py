"""Write the serving bundle of a model: compiled form, golden rows, card and explainer."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from readmission.domain import schema
from readmission.modelling.compilation import (
    compile_estimator,
    compile_tables,
    dense,
    make_golden_rows,
)
from readmission.modelling.evaluation.metrics import SOON
from readmission.modelling.evaluation.report import evaluation_report
from readmission.modelling.families import family
from readmission.modelling.fitting import Fit
from readmission.modelling.plots import importance
from readmission.serving import bundle, card, golden_rows, onnx_estimator
from readmission.serving.card import ModelCard
from readmission.serving.scorer import TABLES_FILE
from readmission.serving.signature import Signer

_PERCENTILES = np.linspace(0, 100, 101)
_SHARES = (*(i / 1_000 for i in range(10)), *(i / 100 for i in range(1, 101)))
"""Shares of patients to follow up; finer below 1 %, for hospitals with little capacity."""


def write_bundle(folder: Path, fit: Fit, lineage: Mapping[str, Any], signer: Signer) -> Path:
    """Write the serving bundle of a fitted model into a new folder.

    Parameters
    ----------
    folder : Path
        Folder to create.
    fit : Fit
        The model and its validation rows.
    lineage : mapping
        The data it was trained on, for its card.
    signer : Signer
        Signs the bundle.

    Returns
    -------
    Path
        `folder`, with a signed manifest.

    Raises
    ------
    BundleRefused
        If the model cannot be compiled, or its compiled form predicts differently.
    CardIncomplete
        If a figure of its card cannot be computed.
    """
    folder.mkdir()
    model = fit.model
    encoded = dense(model, fit.features)
    compiled = compile_estimator(model, encoded, fit.probabilities)
    compile_tables(model).write(folder / TABLES_FILE)
    (folder / onnx_estimator.FILE).write_bytes(compiled)
    make_golden_rows(model).write(folder / golden_rows.FILE)
    family(model.family).write_explainer(folder, model.estimator, encoded)
    (folder / card.FILE).write_text(json.dumps(asdict(_card(fit, lineage)), indent=1))
    bundle.seal(
        folder,
        signer,
        family=model.family,
        weights=list(model.weights),
        risk_quantiles=np.percentile(fit.probabilities[:, SOON], _PERCENTILES).tolist(),
    )
    return folder


def _card(fit: Fit, lineage: Mapping[str, Any]) -> ModelCard:
    model = fit.model
    return ModelCard(
        family=model.family,
        title=family(model.family).title,
        trained_at=datetime.now(UTC).isoformat(timespec="seconds"),
        data=dict(lineage),
        metrics={name: float(value) for name, value in fit.metrics.items()},
        decision_weights=dict(zip(schema.CLASSES, model.weights, strict=True)),
        importance={str(name): float(share) for name, share in importance(model).items()},
        capacity=capacity(fit.outcomes == SOON, fit.probabilities[:, SOON]),
        report=evaluation_report(fit.rows, fit.probabilities, model.weights),
    )


def capacity(soon: npt.NDArray[np.bool_], risk: npt.NDArray[np.floating]) -> list[dict[str, float]]:
    """Return how many early readmissions a follow-up of the riskiest patients would catch.

    The points range from following up nobody to following up all patients. The first point has
    the highest predicted risk as its threshold, so that interpolating between the first two
    points yields risks that patients have.

    Parameters
    ----------
    soon : ndarray of bool, shape (n,)
        Whether each validation patient was readmitted within 30 days.
    risk : ndarray, shape (n,)
        The predicted probability of that.

    Returns
    -------
    list of dict
        ``share`` of all patients who are followed up; ``threshold``, the lowest risk among them;
        ``caught``, the share of all early readmissions among them; ``precision``, the share of
        them who are readmitted within 30 days; ``patients``, their number.
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
                "patients": float(flagged),
            }
        )
    return points
