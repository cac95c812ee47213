"""Fit one family on the train rows and tune its decision weights on the validation rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter

import numpy as np
import numpy.typing as npt
import pandas as pd

from readmission.domain import schema
from readmission.domain.columns import earlier_stays
from readmission.domain.splitting import Split
from readmission.modelling import families
from readmission.modelling.decision import tune_weights
from readmission.modelling.encoder import new_encoder
from readmission.modelling.evaluation.metrics import evaluate_twice
from readmission.modelling.fitting.parted_rows import PartedRows
from readmission.modelling.fitting.samples import of_patients, sampled_patients
from readmission.modelling.model import ReadmissionModel

CURVE_SHARES = (0.25, 0.5)
"""Shares of a sample on which a family is fitted as well, to see what more rows would gain."""
LOCAL = "local"
"""The engine that fits in the process of the task."""


@dataclass(frozen=True, eq=False)
class Fit:
    """A fitted model and its predictions for the validation rows.

    Parameters
    ----------
    model : ReadmissionModel
        With tuned decision weights.
    metrics : dict
        Validation metrics, as returned by `evaluation.evaluate_twice`, with earlier stays blank,
        as in the API. Those named ``…_with_history`` have them.
    features : DataFrame, shape (n, features)
        CLEAN features of the validation rows.
    outcomes, probabilities : ndarray
        Class codes, shape (n,), and probabilities, shape (n, 3), of the validation rows.
    fit_seconds : float
        Wall time of fitting encoder and estimator.
    rows : DataFrame
        The validation rows with all their columns, for the model's card.
    engine : str
        What fitted it: ``local``, or how it read the rows in parts and its largest sample.
    extent : mapping
        Of rows in parts, their number, how many the model saw, and on how many it was tuned.
    learning_curve : sequence of mapping
        If the model saw a sample only, its metrics after a growing number of rows.
    """

    model: ReadmissionModel
    metrics: dict[str, float]
    features: pd.DataFrame
    outcomes: npt.NDArray[np.integer]
    probabilities: npt.NDArray[np.float64]
    fit_seconds: float
    rows: pd.DataFrame
    engine: str = LOCAL
    extent: Mapping[str, int] = field(default_factory=dict)
    learning_curve: Sequence[Mapping[str, float]] = ()


def fit(family: str, rows: pd.DataFrame | PartedRows, threads: int) -> Fit:
    """Fit `family` on the train rows of `rows` and tune it on the validation rows.

    Parameters
    ----------
    family : str
        Key of `readmission.modelling.families.FAMILIES`.
    rows : DataFrame or PartedRows
        Train and validation rows, with the columns of
        `readmission.warehouse.clean.warehouse.ROW_TYPES`, and optionally with the fields of earlier
        stays. Then the model takes these fields, and predicts without them as well. Of rows in
        parts, the encoder and the metrics see the sample; so does the model, if its family cannot
        be fitted on parts.
    threads : int
        Number of threads of the fit, in this process.

    Raises
    ------
    ValueError
        If a row belongs to another split: no model may be trained on test rows.
    ClusterFailed
        If the cluster does not survive the fit.
    """
    parted = rows if isinstance(rows, PartedRows) else None
    known = rows.sample if isinstance(rows, PartedRows) else rows
    if not known["part"].isin([Split.TRAIN, Split.VALIDATION]).all():
        raise ValueError("training takes train and validation rows only")
    train, validation = (known[known["part"] == each] for each in (Split.TRAIN, Split.VALIDATION))
    started = perf_counter()
    model = _fitted(family, train, threads, parted)
    seconds = perf_counter() - started
    metrics, probabilities = _tuned(model, validation)
    fitted = Fit(
        model,
        metrics,
        validation[list(schema.FEATURE_NAMES)],
        validation[schema.TARGET].to_numpy(),
        probabilities,
        seconds,
        validation,
    )
    return fitted if parted is None else _described(fitted, parted, train, threads)


def _tuned(
    model: ReadmissionModel, validation: pd.DataFrame
) -> tuple[dict[str, float], npt.NDArray[np.float64]]:
    """Tune the decision weights, and return metrics and probabilities of the validation rows."""
    outcomes = validation[schema.TARGET].to_numpy()
    probabilities = model.score(validation[list(schema.FEATURE_NAMES)])
    model.weights = tune_weights(outcomes, probabilities)
    eligible = validation["eligible"].to_numpy()
    metrics = evaluate_twice(outcomes, probabilities, model.weights, eligible)
    if earlier_stays.KNOWN in validation:
        known = evaluate_twice(outcomes, model.score(validation), model.weights, eligible)
        metrics |= {f"{name}_with_history": value for name, value in known.items()}
    return metrics, probabilities


def _fitted(
    family: str, train: pd.DataFrame, threads: int, parted: PartedRows | None = None
) -> ReadmissionModel:
    declared = families.family(family)
    history = earlier_stays.KNOWN in train
    names = (*schema.FEATURE_NAMES, *(earlier_stays.NAMES if history else ()))
    encoder = new_encoder(sparse=declared.sparse, history=history)
    features = train[list(names)]
    estimator = declared.build(threads)
    if parted and parted.can_fit(declared):
        encoder.fit(features)
        parted.fit(declared, estimator, encoder)
    else:
        outcomes, weights = train[schema.TARGET].to_numpy(), None
        if history:
            features = _with_and_without_history(features)
            outcomes, weights = np.tile(outcomes, 2), np.full(len(features), 0.5)
        encoded = encoder.fit_transform(features).astype(np.float32)
        estimator.fit(encoded, outcomes, sample_weight=weights)
    if "n_jobs" in estimator.get_params():
        # Fitting uses several threads; predicting one row at a time is faster with one.
        estimator.set_params(n_jobs=1)
    return ReadmissionModel(family, encoder, estimator)


def _described(fitted: Fit, parted: PartedRows, train: pd.DataFrame, threads: int) -> Fit:
    """Add to a fit how many of the rows it saw, and its learning curve."""
    everything = parted.can_fit(families.family(fitted.model.family))
    extent = {
        "train_rows": parted.train_rows,
        "fitted_rows": parted.train_rows if everything else len(train),
        "validation_rows": len(fitted.rows),
    }
    curve = [] if everything or not parted.is_sampled else _curve(fitted, train, threads)
    return replace(fitted, engine=parted.engine, extent=extent, learning_curve=curve)


def _curve(fitted: Fit, train: pd.DataFrame, threads: int) -> list[dict[str, float]]:
    """Return the validation metrics after growing parts of the sample, and after all of it."""
    curve = []
    for share in CURVE_SHARES:
        part = of_patients(train, sampled_patients(train, int(share * len(train))))
        metrics, _ = _tuned(_fitted(fitted.model.family, part, threads), fitted.rows)
        curve.append({"rows": len(part), **metrics})
    return [*curve, {"rows": len(train), **fitted.metrics}]


def _with_and_without_history(features: pd.DataFrame) -> pd.DataFrame:
    """Return all rows, and then all rows blank, so that a model learns what blank means."""
    return pd.concat([features, features.assign(**dict(earlier_stays.BLANK))])
