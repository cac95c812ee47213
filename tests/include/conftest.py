"""Encounters as the library sees them, and one training of every family, shared by tests."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from uuid import uuid4

import mlflow
import pandas as pd
import psycopg
import pyarrow as pa
import pytest

from readmission.domain import schema
from readmission.domain.cleaning import clean, eligible, outcome
from readmission.domain.splitting import Split, assign_splits
from readmission.modelling.families import FAMILIES
from readmission.modelling.mlflow_runs import Lineage
from readmission.modelling.model import ReadmissionModel
from readmission.pipeline import source, train
from readmission.pipeline.process import process
from readmission.pipeline.source import Dataset, Origin
from readmission.registry import Registry
from readmission.settings import Settings
from readmission.stack.services import object_store
from readmission.stack.stack import Stack
from readmission.warehouse import CleanWarehouse, RawWarehouse
from readmission.warehouse.clean.partitions import Bucket
from tests.conftest import Platform, emptied
from tests.databases import dumped, migrate, restore
from tests.include.operations.ward import Ward, settings_of
from tests.signing import SIGNER

BATCHES = ("batch-0001", "batch-0002")
BATCH_ROWS = 1_500

_FILLED: dict[str, str] = {}
"""The statements that create RAW and CLEAN with both batches, by database."""


@pytest.fixture(scope="session")
def dataset(encounters: Path) -> Dataset:
    """The file of encounters, read once."""
    return source.read(encounters)


@pytest.fixture(scope="session")
def uci(dataset: Dataset) -> Dataset:
    """The published file; without it, the test is skipped."""
    if dataset.origin is not Origin.UCI:
        pytest.skip(f"needs the UCI file, and the encounters here are {dataset.origin.value!r}")
    return dataset


@pytest.fixture(scope="session")
def raw_rows(dataset: Dataset) -> pd.DataFrame:
    """The first raw encounters, as text; copy them before changing them."""
    return dataset.encounters.slice(0, 2_000).to_pandas()


def cleaned(raw: pd.DataFrame) -> pd.DataFrame:
    """Return raw encounters as CLEAN holds them, split as one batch."""
    rows = clean(raw).assign(
        **{
            schema.ENCOUNTER: raw[schema.ENCOUNTER].astype("int64"),
            schema.PATIENT: raw[schema.PATIENT].astype("int64"),
            schema.TARGET: outcome(raw),
            "eligible": eligible(raw),
        }
    )
    splits = assign_splits(rows[schema.PATIENT], rows[schema.TARGET], {}, "a key")
    return rows.assign(part=rows[schema.PATIENT].map(splits))


@pytest.fixture(scope="session")
def clean_rows(raw_rows: pd.DataFrame) -> pd.DataFrame:
    """The first encounters, cleaned and split; copy them before changing them."""
    return cleaned(raw_rows)


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


def fill(raw: RawWarehouse, clean: CleanWarehouse, encounters: pa.Table) -> None:
    """Fill RAW and CLEAN with the first two batches, both accepted."""
    migrate(raw.connection)
    migrate(clean.connection)
    for position, batch_id in enumerate(BATCHES):
        offset = position * BATCH_ROWS
        raw.load(encounters.slice(offset, BATCH_ROWS), offset, "synthetic")
        raw.accept(batch_id, pd.DataFrame({"source_row": [], "reasons": []}))
        process(raw, clean, batch_id, "a key")
        clean.accept(batch_id)


@pytest.fixture
def filled(
    raw_db: psycopg.Connection, clean_db: psycopg.Connection, dataset: Dataset
) -> CleanWarehouse:
    """CLEAN with the first two batches, both accepted.

    Only the first time by the pipeline: it takes three times as long as the statements of a dump.
    """
    warehouse = CleanWarehouse(clean_db)
    if _FILLED:
        for connection in (raw_db, clean_db):
            restore(connection, _FILLED[connection.info.dbname])
    else:
        fill(RawWarehouse(raw_db), warehouse, dataset.encounters)
        for connection in (raw_db, clean_db):
            connection.commit()
            _FILLED[connection.info.dbname] = dumped(connection)
    return warehouse


@pytest.fixture(scope="session")
def trained(platform: Platform, dataset: Dataset) -> Training:
    """Every family trained on the first of the two batches, as the pipeline does it."""
    settings = platform.settings.model_copy(update={"experiment": f"experiment_{uuid4().hex}"})
    registry = Registry(settings)
    with psycopg.connect(platform.raw_dsn) as raw, psycopg.connect(platform.clean_dsn) as clean:
        for connection in (raw, clean):
            connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
            connection.commit()
        warehouse = CleanWarehouse(clean)
        fill(RawWarehouse(raw), warehouse, dataset.encounters)
        rows = train.training_rows(warehouse, BATCHES[0], history=True)
        test_rows = warehouse.read_splits((Split.TEST,))
        lineage = train.lineage(warehouse, BATCHES[0], len(rows))
    results = [
        train.train(family, rows, lineage, registry, SIGNER, threads=1) for family in FAMILIES
    ]
    return Training(settings, rows, test_rows, lineage, results)


@pytest.fixture(scope="session")
def bucket(databases: Stack) -> Bucket:
    """The bucket of the training set, in an object store without MLflow."""
    databases.up(only={"postgres", "object-store"})
    return Bucket(object_store.client(databases.site), databases.site.settings.training_bucket)


@pytest.fixture
def ward_settings(platform: Platform) -> Settings:
    addresses = {
        "raw_dsn": platform.raw_dsn,
        "clean_dsn": platform.clean_dsn,
        "prediction_log_dsn": platform.predictions_dsn,
    }
    return settings_of(platform.settings, addresses, model_name=f"model_{uuid4().hex}")


@pytest.fixture
def ward(platform: Platform, bucket: Bucket, ward_settings: Settings) -> Iterator[Ward]:
    """All tables, with the patient in each that can hold rows of patients."""
    with ExitStack() as opened:
        connections = []
        for dsn in (platform.raw_dsn, platform.clean_dsn, platform.predictions_dsn):
            connections.append(opened.enter_context(emptied(dsn)))
            connections[-1].autocommit = True
        ward = Ward(*connections, ward_settings, bucket)
        ward.fill()
        yield ward
