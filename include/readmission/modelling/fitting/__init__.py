"""Fit one family on the train rows and tune its decision weights on the validation rows."""

from dataclasses import dataclass
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
from readmission.modelling.model import ReadmissionModel


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
    """

    model: ReadmissionModel
    metrics: dict[str, float]
    features: pd.DataFrame
    outcomes: npt.NDArray[np.integer]
    probabilities: npt.NDArray[np.float64]
    fit_seconds: float
    rows: pd.DataFrame


def fit(family: str, rows: pd.DataFrame, threads: int) -> Fit:
    """Fit `family` on the train rows of `rows` and tune it on the validation rows.

    Parameters
    ----------
    family : str
        Key of `readmission.modelling.families.FAMILIES`.
    rows : DataFrame
        Train and validation rows, with the columns of
        `readmission.warehouse.clean.warehouse.ROW_TYPES`, and optionally with the fields of earlier
        stays. Then the model takes these fields, and predicts without them as well.
    threads : int
        Number of threads of the fit.

    Raises
    ------
    ValueError
        If a row belongs to another split: no model may be trained on test rows.
    """
    if not rows["part"].isin([Split.TRAIN, Split.VALIDATION]).all():
        raise ValueError("training takes train and validation rows only")
    train, validation = rows[rows["part"] == Split.TRAIN], rows[rows["part"] == Split.VALIDATION]
    started = perf_counter()
    model = _fitted(family, train, threads)
    seconds = perf_counter() - started
    outcomes = validation[schema.TARGET].to_numpy()
    features = validation[list(schema.FEATURE_NAMES)]
    probabilities = model.score(features)
    model.weights = tune_weights(outcomes, probabilities)
    eligible = validation["eligible"].to_numpy()
    metrics = evaluate_twice(outcomes, probabilities, model.weights, eligible)
    if earlier_stays.KNOWN in rows:
        known = evaluate_twice(outcomes, model.score(validation), model.weights, eligible)
        metrics |= {f"{name}_with_history": value for name, value in known.items()}
    return Fit(model, metrics, features, outcomes, probabilities, seconds, validation)


def _fitted(family: str, train: pd.DataFrame, threads: int) -> ReadmissionModel:
    declared = families.family(family)
    history = earlier_stays.KNOWN in train
    names = (*schema.FEATURE_NAMES, *(earlier_stays.NAMES if history else ()))
    encoder = new_encoder(sparse=declared.sparse, history=history)
    features = _blanked(train)[list(names)] if history else train[list(names)]
    encoded = encoder.fit_transform(features).astype(np.float32)
    estimator = declared.build(threads)
    estimator.fit(encoded, train[schema.TARGET].to_numpy())
    if "n_jobs" in estimator.get_params():
        # Fitting uses several threads; predicting one row at a time is faster with one.
        estimator.set_params(n_jobs=1)
    return ReadmissionModel(family, encoder, estimator)


def _blanked(train: pd.DataFrame) -> pd.DataFrame:
    """Blank the history of a share of the rows, so that a model learns what blank means."""
    blank = train[schema.ENCOUNTER].map(earlier_stays.is_blanked).to_numpy()
    known = train.copy()
    for name, value in earlier_stays.BLANK.items():
        known[name] = known[name].mask(blank, value)
    return known
