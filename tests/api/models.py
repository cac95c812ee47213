"""Small real models: fitted by the library on synthetic encounters, in a second or two."""

import pandas as pd

from readmission import cleaning, schema, synthetic
from readmission.modelling.tracking import Lineage, log_fit
from readmission.modelling.training import Fit, fit
from readmission.registry import LoadedModel, Registry
from readmission.settings import Settings
from readmission.splitting import Part

ROWS = 2_000


def small_fit(family: str = "logistic_regression", seed: int = 1) -> Fit:
    """Fit one family on synthetic encounters; another seed gives another model."""
    raw = synthetic.encounters(ROWS, seed).to_pandas()
    rows = cleaning.clean(raw)
    rows[schema.TARGET] = cleaning.outcome(raw)
    rows["eligible"] = cleaning.eligible(raw)
    rows["part"] = [Part.TRAIN if i % 4 else Part.VALIDATION for i in range(ROWS)]
    return fit(family, rows, threads=1)


def loaded(version: str, fitted: Fit, data_source: str = "synthetic") -> LoadedModel:
    """Return a fit as the registry hands it out."""
    return LoadedModel(
        name="diabetes_readmission",
        version=version,
        run_id=f"run-{version}",
        data_source=data_source,
        model=fitted.model,
    )


def put_into_production(settings: Settings, fitted: Fit, batch_id: str) -> str:
    """Log, register and promote a fit in a real MLflow; return its version."""
    registry = Registry(settings)
    lineage = Lineage(batch_id, 1, ROWS, f"sha-of-{batch_id}", "synthetic")
    run_id = log_fit(fitted, lineage, registry.experiment_id(), {})
    version = registry.register(run_id, lineage.tags())
    registry.promote(version)
    return version


def raw_encounters(rows: int, seed: int = 7) -> pd.DataFrame:
    """Return synthetic raw encounters, all text as in the file."""
    return synthetic.encounters(rows, seed).to_pandas()
