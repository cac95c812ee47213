"""Measure how time and memory of ingestion and cleaning grow with the number of encounters.

It starts a PostgreSQL of its own, writes synthetic encounters with `readmission synth`, and prints
for each size

* the first look at the file, which parses all of it,
* loading its batches into RAW, and a bare COPY of the same bytes into a table without keys,
* a run of the ingestion on the unchanged file, and on one that has grown by a batch,
* cleaning the rows as processing does,
* scoring the file with `readmission score`, and a bare `inplace_predict` of XGBoost on rows that
  are encoded already,

each in a process of its own, with its peak memory, and how both grow from one size to the next.
Run it on an otherwise idle machine:

    .venv/bin/python -m load.benchmarks.growth --rows 100000 1000000

`--only scoring` leaves out the other stages, and with them PostgreSQL.
"""

import argparse
import math
import multiprocessing
import re
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import psycopg
from rich.console import Console
from rich.table import Table

from load.benchmarks import bare_copy
from load.benchmarks.bare_copy import BARE, LOAD, timed
from readmission.domain import cleaning, schema, synthetic
from readmission.domain.splitting import Split
from readmission.domain.synthetic.writing import write
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
from readmission.settings import get_settings
from readmission.stack.services import postgres
from readmission.stack.site.ports import free_ports
from readmission.stack.site.site import PORT_SETTINGS
from readmission.stack.stack import Stack
from readmission.warehouse import RawWarehouse
from readmission.warehouse.migrations.upgrading import upgrade
from readmission.warehouse.raw.known_files import KnownFiles
from readmission.warehouse.sql.content import to_csv

BATCH = 15_000
BUNDLE, BOOSTER = "bundle", "booster.ubj"
SCORE, PREDICT = "scoring", "bare prediction of encoded rows"
BARE_ROWS = 20_000
"""Rows that are predicted with nothing but XGBoost, before and after scoring; the time of all is in
proportion."""


@dataclass(frozen=True)
class Cost:
    """What a stage took.

    Parameters
    ----------
    seconds : dict of str to float
        By what was measured.
    peak_mib : float
        Peak memory of its process.
    """

    seconds: Mapping[str, float]
    peak_mib: float


def survey(dsn: str, path: Path) -> dict[str, float]:
    """Look at the file and plan its batches, as each run of the ingestion does."""
    with psycopg.connect(dsn) as connection:
        warehouse = RawWarehouse(connection)
        started = time.perf_counter()
        ingest.plan(Delivery.survey(Arrival(path), KnownFiles(connection)), warehouse, BATCH)
        return {"look and plan": time.perf_counter() - started}


def load(dsn: str, path: Path) -> dict[str, float]:
    """Load all batches, and copy the same bytes into a table without keys."""
    seconds: dict[str, float] = {}
    with psycopg.connect(dsn) as connection:
        warehouse = RawWarehouse(connection)
        dataset = Delivery.survey(Arrival(path), KnownFiles(connection))
        slices = ingest.plan(dataset, warehouse, BATCH)
        tables = dataset.read(slices)
        for piece in slices:
            with timed(seconds, "reading"):
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
            with timed(seconds, "cleaning"):
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


def _measured(stage: Callable[[str, Path], dict[str, float]], dsn: str, path: Path) -> Cost:
    seconds = stage(dsn, path)
    # Unlike getrusage, this does not count the process that started this one.
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return Cost(seconds, int(found[1]) / 1024 if found else 0.0)


def apart(stage: Callable[[str, Path], dict[str, float]], dsn: str, path: Path) -> Cost:
    """Run a stage in a process of its own."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(_measured, stage, dsn, path).result()


def costs(dsn: str | None, key: str, path: Path, rows: int) -> dict[str, Cost]:
    """Return what each stage takes on a file of so many rows; RAW is empty before and after."""
    write(rows, str(path))
    scoring = {"scoring": apart(score, key, path)}
    if dsn is None:
        return scoring
    _prepare(dsn)
    found = {
        "first look": apart(survey, dsn, path),
        "loading": apart(load, dsn, path),
        "run on the unchanged file": apart(survey, dsn, path),
    }
    write(rows + BATCH, str(path))
    found["run on a file that has grown"] = apart(survey, dsn, path)
    found["cleaning"] = apart(clean, dsn, path)
    path.unlink()
    return found | scoring


def _prepare(dsn: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        bare_copy.create_table(connection, schema.NAMES)
    upgrade(dsn, "raw")


def show(console: Console, sizes: Sequence[int], found: Sequence[dict[str, Cost]]) -> None:
    """Print seconds and memory of each stage, and how they grow."""
    table = Table("stage", *(f"{rows:,} rows" for rows in sizes), "growth per tenfold")
    for stage in found[0]:
        for what in found[0][stage].seconds:
            values = [costs_of[stage].seconds[what] for costs_of in found]
            cells = (f"{seconds:.3f} s" for seconds in values)
            table.add_row(f"{stage}: {what}", *cells, _growth(sizes, values))
        peaks = [costs_of[stage].peak_mib for costs_of in found]
        table.add_row(f"{stage}: peak", *(f"{p:.0f} MiB" for p in peaks), _growth(sizes, peaks))
    console.print(table)
    for rows, costs_of in zip(sizes, found, strict=True):
        seconds = costs_of["scoring"].seconds
        console.print(
            f"{rows:,} rows: {rows / seconds[SCORE]:,.0f} rows/s scored,"
            f" {seconds[PREDICT] / seconds[SCORE]:.2f} of a bare prediction of encoded rows"
        )
        if "loading" not in costs_of:
            continue
        seconds = costs_of["loading"].seconds
        arrival = seconds["reading"] + seconds[LOAD]
        console.print(
            f"{rows:,} rows: RAW load {seconds[LOAD] / seconds[BARE]:.2f} x a bare COPY;"
            f" {rows / arrival:,.0f} rows/s into RAW;"
            f" {rows / costs_of['cleaning'].seconds['cleaning']:,.0f} rows/s cleaned"
        )


def _growth(sizes: Sequence[int], values: Sequence[float]) -> str:
    """Return by how much a value grew from the first size to the last, for each tenfold."""
    if len(sizes) < 2 or sizes[0] == sizes[-1]:
        return "-"
    tenfolds = math.log10(sizes[-1] / sizes[0])
    return f"{(values[-1] / values[0]) ** (1 / tenfolds):.2f} x"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--only", choices=["scoring"])
    arguments = parser.parse_args()
    with TemporaryDirectory() as folder:
        key, path = write_model(Path(folder)), Path(folder) / "encounters.csv"
        if arguments.only:
            show(Console(), arguments.rows, [costs(None, key, path, n) for n in arguments.rows])
            return
        ports = dict(zip(PORT_SETTINGS, free_ports(len(PORT_SETTINGS)), strict=True))
        own = ports | {"state_dir": Path(folder) / "stack", "scheduled_runs": False}
        stack = Stack(get_settings().model_copy(update=own))
        try:
            stack.up(only={"postgres"})
            dsn = postgres.dsn(stack.site, "raw")
            found = [costs(dsn, key, path, rows) for rows in arguments.rows]
        finally:
            stack.reset()
    show(Console(), arguments.rows, found)


if __name__ == "__main__":
    main()
