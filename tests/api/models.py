"""Small real models, fitted on synthetic encounters in a second or two."""

import tempfile
from functools import lru_cache
from pathlib import Path
from uuid import uuid4

import pandas as pd

from readmission.domain import cleaning, schema, synthetic
from readmission.domain.splitting import Split
from readmission.modelling.bundling import write_bundle
from readmission.modelling.fitting import Fit, fit
from readmission.modelling.mlflow_runs import Lineage, log_fit
from readmission.pipeline.training.train import signer_of
from readmission.registry import Registry
from readmission.serving.bundle import open_bundle
from readmission.serving.model import RegisteredVersion, ServedModel
from readmission.settings import Settings
from tests.signing import SIGNER, TRUSTED

ROWS = 2_000


def small_fit(family: str = "logistic_regression", seed: int = 1) -> Fit:
    """Fit one family on synthetic encounters; a different seed gives a different model."""
    raw = synthetic.encounters(ROWS, seed).to_pandas()
    rows = cleaning.clean(raw)
    rows[schema.TARGET] = cleaning.outcome(raw)
    rows["eligible"] = cleaning.eligible(raw)
    rows["part"] = [Split.TRAIN if i % 4 else Split.VALIDATION for i in range(ROWS)]
    return fit(family, rows, threads=1)


_BUNDLES = tempfile.TemporaryDirectory(prefix="readmission-bundles-")


@lru_cache
def bundle_of(fitted: Fit) -> Path:
    """Return the bundle of a fit, as stored with a registered model."""
    folder = Path(_BUNDLES.name) / str(id(fitted))
    return write_bundle(folder, fitted, {"batch_id": "batch-0001"}, SIGNER)


def registered(version: str, data_source: str = "synthetic") -> RegisteredVersion:
    """Return a version as the registry describes it."""
    return RegisteredVersion("diabetes_readmission", version, f"run-{version}", data_source)


def loaded(version: str, fitted: Fit, data_source: str = "synthetic") -> ServedModel:
    """Return a fit as the model store opens it."""
    return ServedModel(registered(version, data_source), open_bundle(bundle_of(fitted), TRUSTED))


def put_into_production(settings: Settings, fitted: Fit, batch_id: str) -> str:
    """Log, register and promote a fit in a real MLflow; return its version."""
    return promoted(settings, logged_run(settings, fitted, batch_id), batch_id)


def promoted(settings: Settings, run_id: str, batch_id: str) -> str:
    """Register and promote the model of a run; return its version."""
    registry = Registry(settings)
    version = registry.register(run_id, lineage_of(batch_id).tags())
    registry.promote(version)
    return version


def lineage_of(batch_id: str) -> Lineage:
    """Return the lineage of a fit of `small_fit`."""
    return Lineage(batch_id, 1, ROWS, f"sha-of-{batch_id}", "synthetic")


def logged_run(settings: Settings, fitted: Fit, batch_id: str) -> str:
    """Log a fit to MLflow; return its run."""
    experiment = Registry(settings).experiment_id()
    return log_fit(fitted, lineage_of(batch_id), experiment, {}, signer_of(settings))


_RUNS: dict[tuple[str, Fit, str], str] = {}
"""Runs that `two_versions` has logged; logging one takes seconds."""


def two_versions(settings: Settings, fits: tuple[Fit, Fit], name: str) -> Settings:
    """Register a new model with two versions, the second in production; return its settings.

    Its runs are those of the first call with the same fits, so tests must not change them.
    """
    unique = f"{name}_{uuid4().hex}"
    settings = settings.model_copy(update={"model_name": unique, "experiment": unique})
    for number, fitted in enumerate(fits, 1):
        batch_id = f"batch-{number:04}"
        key = (settings.mlflow_tracking_uri, fitted, batch_id)
        if key not in _RUNS:
            _RUNS[key] = logged_run(settings, fitted, batch_id)
        promoted(settings, _RUNS[key], batch_id)
    return settings


def raw_encounters(rows: int, seed: int = 7) -> pd.DataFrame:
    """Return synthetic raw encounters of patients who left alive, as text like in the file."""
    found = synthetic.encounters(rows, seed).to_pandas()
    died = found["discharge_disposition_id"].isin(schema.DIED)
    found.loc[died, "discharge_disposition_id"] = "1"
    return found
