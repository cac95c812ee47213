"""Encounters as the library sees them, and one training of every family, shared by tests.

Fixtures import what is slow to import when they run: most test files need neither MLflow nor
scikit-learn.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pandas as pd
import psycopg
import pyarrow as pa
import pytest

from readmission.domain import schema
from readmission.domain.cleaning import clean, eligible, outcome
from readmission.domain.splitting import assign_splits
from readmission.pipeline import source
from readmission.pipeline.process import process
from readmission.pipeline.source import Dataset, Origin
from readmission.settings import Settings
from readmission.stack.services import object_store
from readmission.stack.stack import Stack
from readmission.warehouse import CleanWarehouse, RawWarehouse
from readmission.warehouse.clean.partitions import Bucket
from tests.conftest import Platform
from tests.databases import emptied, recreate
from tests.emptying import remember, return_to

if TYPE_CHECKING:
    from tests.include.operations.ward import Ward
    from tests.include.training import Training

BATCHES = ("batch-0001", "batch-0002")
BATCH_ROWS = 1_500

FILLED = "filled"
"""The state of RAW and CLEAN with both batches."""


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


def fill(raw: RawWarehouse, clean: CleanWarehouse, encounters: pa.Table) -> None:
    """Fill RAW and CLEAN, which are empty, with the first two batches, both accepted."""
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

    Only the first time by the pipeline, which takes ten times as long.
    """
    warehouse = CleanWarehouse(clean_db)
    connections = (raw_db, clean_db)
    if not all(return_to(connection, FILLED) for connection in connections):
        for connection in connections:
            recreate(connection)
        fill(RawWarehouse(raw_db), warehouse, dataset.encounters)
        for connection in connections:
            connection.commit()
            remember(connection, FILLED)
    return warehouse


@pytest.fixture(scope="session")
def trained(platform: Platform, dataset: Dataset) -> "Training":
    """Every family trained on the first of the two batches, as the pipeline does it."""
    from tests.include.training import train_families

    return train_families(platform, dataset.encounters)


@pytest.fixture(scope="session")
def bucket(databases: Stack) -> Bucket:
    """The bucket of the training set, in an object store without MLflow."""
    databases.up(only={"postgres", "object-store"})
    return Bucket(object_store.client(databases.site), databases.site.settings.training_bucket)


@pytest.fixture
def ward_settings(platform: Platform) -> Settings:
    from tests.include.operations.ward import settings_of

    addresses = {
        "raw_dsn": platform.raw_dsn,
        "clean_dsn": platform.clean_dsn,
        "prediction_log_dsn": platform.predictions_dsn,
    }
    return settings_of(platform.settings, addresses, model_name=f"model_{uuid4().hex}")


@pytest.fixture
def ward(platform: Platform, bucket: Bucket, ward_settings: Settings) -> "Iterator[Ward]":
    """All tables, with the patient in each that can hold rows of patients."""
    from tests.include.operations.ward import Ward

    with ExitStack() as opened:
        connections = []
        for dsn in (platform.raw_dsn, platform.clean_dsn, platform.predictions_dsn):
            connections.append(opened.enter_context(emptied(dsn)))
            connections[-1].autocommit = True
        ward = Ward(*connections, ward_settings, bucket)
        ward.fill()
        yield ward
