"""The stages that read a file of encounters: ingestion, cleaning and scoring."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import psycopg

from load.benchmarks import bare_copy
from load.benchmarks.bare_copy import BARE, LOAD, timed
from load.benchmarks.growth.filling import BATCH
from readmission.domain import cleaning, schema, synthetic
from readmission.domain.splitting import Split
from readmission.modelling.bundling import write_bundle
from readmission.modelling.fitting import fit
from readmission.pipeline import ingest
from readmission.pipeline.delivery.arrival import Arrival
from readmission.pipeline.delivery.delivery import Delivery
from readmission.pipeline.scoring.scorer import score_all
from readmission.serving.bundle import open_bundle
from readmission.serving.model import RegisteredVersion, ServedModel
from readmission.serving.signature import Signer, TrustedKeys
from readmission.serving.text_rows import TextEncoder
from readmission.warehouse import RawWarehouse
from readmission.warehouse.raw.known_files import KnownFiles
from readmission.warehouse.sql.content import to_csv

BUNDLE, BOOSTER = "bundle", "booster.ubj"
READ, CLEAN = "reading", "cleaning"
SCORE, PREDICT = "scoring", "bare prediction of encoded rows"
BARE_ROWS = 20_000
"""Rows that are predicted with nothing but XGBoost, before and after scoring; the time of all is in
proportion."""


def survey(dsn: str, path: Path) -> dict[str, float]:
    """Survey the file and plan its batches, as each run of the ingestion does."""
    with psycopg.connect(dsn) as connection:
        warehouse = RawWarehouse(connection)
        started = time.perf_counter()
        ingest.plan(Delivery.survey(Arrival(path), KnownFiles(connection)), warehouse, BATCH)
        return {"survey and plan": time.perf_counter() - started}


def load(dsn: str, path: Path) -> dict[str, float]:
    """Load all batches, and copy the same bytes into a table without keys."""
    seconds: dict[str, float] = {}
    with psycopg.connect(dsn) as connection:
        warehouse = RawWarehouse(connection)
        dataset = Delivery.survey(Arrival(path), KnownFiles(connection))
        slices = ingest.plan(dataset, warehouse, BATCH)
        tables = dataset.read(slices)
        for piece in slices:
            with timed(seconds, READ):
                rows = next(tables)
            content = to_csv(rows)
            with timed(seconds, BARE):
                bare_copy.copy(connection, content)
            with timed(seconds, LOAD):
                dataset.loaded(warehouse.load(rows, piece.offset, dataset.origin))
    return seconds


def clean(dsn: str, path: Path) -> dict[str, float]:
    """Clean the rows of each batch."""
    seconds: dict[str, float] = {}
    with psycopg.connect(dsn) as connection:
        dataset = Delivery.survey(Arrival(path), KnownFiles(connection))
        starts = range(0, len(dataset), BATCH)
        slices = [ingest.Slice(start, min(BATCH, len(dataset) - start)) for start in starts]
        for table in dataset.read(slices):
            frame = table.to_pandas()
            with timed(seconds, CLEAN):
                cleaning.clean(frame)
    return seconds


def score(key: str, path: Path) -> dict[str, float]:
    """Score the file, and predict encoded rows with nothing but XGBoost."""
    import xgboost

    seconds: dict[str, float] = {}
    folder = path.parent
    bundle = open_bundle(folder / BUNDLE, TrustedKeys.parse([key]))
    model = ServedModel(RegisteredVersion("measured", "1", "measured", "synthetic"), bundle)
    booster, tables = xgboost.Booster(model_file=folder / BOOSTER), bundle.scorer.tables
    bare = TextEncoder(tables).encode(synthetic.encounters(BARE_ROWS))[0]
    with timed(seconds, PREDICT):
        booster.inplace_predict(bare, missing=tables.absent)
    with TemporaryDirectory() as output, timed(seconds, SCORE):
        parts = score_all(path, output, model)
    with timed(seconds, PREDICT):
        booster.inplace_predict(bare, missing=tables.absent)
    seconds[PREDICT] *= sum(part.rows for part in parts) / (2 * BARE_ROWS)
    return seconds


def write_model(folder: Path) -> str:
    """Fit XGBoost, write its bundle and its booster, and return the key that signed the bundle."""
    raw = synthetic.encounters(BATCH).to_pandas()
    rows = cleaning.clean(raw)
    rows[schema.TARGET] = cleaning.outcome(raw)
    rows["eligible"] = cleaning.eligible(raw)
    rows["part"] = [Split.TRAIN if i % 6 else Split.VALIDATION for i in range(len(rows))]
    fitted, signer = fit("xgboost", rows, 2), Signer(Signer.generate_key())
    write_bundle(folder / BUNDLE, fitted, {"batch_id": "batch-0001"}, signer)
    cast("Any", fitted.model.estimator).get_booster().save_model(folder / BOOSTER)
    return signer.public_key
