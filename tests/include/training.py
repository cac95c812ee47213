"""One training of every family, shared by tests. Slow to import: MLflow and scikit-learn."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast
from uuid import uuid4

import mlflow
import pandas as pd
import psycopg
import pyarrow as pa

from readmission.domain.splitting import Split
from readmission.modelling.families import FAMILIES
from readmission.modelling.mlflow_runs import Lineage
from readmission.modelling.model import ReadmissionModel
from readmission.pipeline.training import reading, train
from readmission.registry import Registry
from readmission.settings import Settings
from readmission.warehouse import CleanWarehouse, RawWarehouse
from tests.conftest import Platform
from tests.databases import recreate
from tests.include.conftest import BATCHES, fill
from tests.signing import SIGNER


@dataclass(frozen=True)
class Training:
    """One training on the first batch, logged to MLflow.

    Parameters
    ----------
    settings : Settings
        Settings with an experiment of its own.
    rows, test_rows : DataFrame
        The training rows, and the test rows of both batches.
    lineage : Lineage
        Describes the training rows.
    results : tuple of FitResult
        One result for each family.
    """

    settings: Settings
    rows: pd.DataFrame
    test_rows: pd.DataFrame
    lineage: Lineage
    results: Sequence[train.FitResult]

    def registry(self) -> Registry:
        """Return a registry with the same runs and a new registered model."""
        name = f"model_{uuid4().hex}"
        return Registry(self.settings.model_copy(update={"model_name": name}))

    def model(self, family: str) -> ReadmissionModel:
        """Return the fitted model of one family, as MLflow unpickles it."""
        return unpickled(Registry(self.settings), self.run_of(family))

    def run_of(self, family: str) -> str:
        """Return the run of one family."""
        (found,) = (result.run_id for result in self.results if result.family == family)
        return found


def unpickled(registry: Registry, run_id: str) -> ReadmissionModel:
    """Return the model of a run of this test; nothing outside the tests unpickles a model."""
    (output,) = registry.client.get_run(run_id).outputs.model_outputs
    path = list(sys.path)
    try:
        loaded = mlflow.pyfunc.load_model(f"models:/{output.model_id}")
    finally:
        # The artifact has its own copy of the library, which must not be imported here.
        sys.path[:] = path
    return cast("ReadmissionModel", loaded.unwrap_python_model())


def train_families(platform: Platform, encounters: pa.Table) -> Training:
    """Fill RAW and CLEAN, and train every family on the first batch, as the pipeline does."""
    settings = platform.settings.model_copy(update={"experiment": f"experiment_{uuid4().hex}"})
    registry = Registry(settings)
    with psycopg.connect(platform.raw_dsn) as raw, psycopg.connect(platform.clean_dsn) as clean:
        for connection in (raw, clean):
            recreate(connection)
        warehouse = CleanWarehouse(clean)
        fill(RawWarehouse(raw), warehouse, encounters)
        rows = reading.whole(warehouse, BATCHES[0], history=True)
        test_rows = warehouse.read_splits((Split.TEST,))
        lineage = train.lineage(warehouse, BATCHES[0], len(rows))
    results = [
        train.train(family, rows, lineage, registry, SIGNER, threads=1) for family in FAMILIES
    ]
    return Training(settings, rows, test_rows, lineage, results)
