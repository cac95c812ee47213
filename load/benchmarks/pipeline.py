"""Measure the pipeline on this machine: the time of a batch, and the overhead of Airflow.

It starts a stack of its own on free ports, processes a few batches in order, and prints

* the time to load RAW, and of a bare COPY of the same bytes into a table without keys,
* the time from RAW to CLEAN,
* the time from the RAW event until the new model is served: with a running task, and between tasks,
* the time of the same work in this process, without Airflow, as the reference for the overhead.

Run it on an otherwise idle machine:

    .venv/bin/python load/benchmarks/pipeline.py --batches 3
"""

import argparse
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median

import psycopg
from rich.console import Console
from rich.progress import track
from rich.table import Table

from load.benchmarks import bare_copy
from load.benchmarks.bare_copy import BARE, LOAD, timed
from readmission.domain.batch_ids import batch_name
from readmission.pipeline import ingest, process, source
from readmission.pipeline.promotion import judge as promotion
from readmission.pipeline.promotion import rollout
from readmission.pipeline.promotion.rule import Rule
from readmission.pipeline.training import reading, train
from readmission.quality.gates import Gatekeeper
from readmission.registry import Registry
from readmission.serving.signature import TrustedKeys
from readmission.settings import get_settings
from readmission.stack.access import open_airflow
from readmission.stack.cli.batch_progress import CONSUMERS, INGESTION
from readmission.stack.services import postgres
from readmission.stack.services.airflow_client import AirflowClient, DagRun
from readmission.stack.site.ports import free_ports
from readmission.stack.site.site import PORT_SETTINGS, Site
from readmission.stack.stack import Stack
from readmission.warehouse import CleanWarehouse, ModelHistory, RawWarehouse
from readmission.warehouse.migrations.upgrading import upgrade
from readmission.warehouse.sql.content import to_csv

COPY_ROUNDS = 5
PATIENCE = 600
RAW_GATE = "raw gate"


@dataclass(frozen=True)
class BatchTiming:
    """Seconds of one batch from its RAW event to the end of its promotion."""

    batch_id: str
    wall: float
    in_tasks: float

    @property
    def between_tasks(self) -> float:
        return self.wall - self.in_tasks


def copy_times(dsn: str, dataset: source.Dataset, size: int) -> list[dict[str, float]]:
    """Return the seconds of RAW load and bare COPY for each of the first batches."""
    rounds = []
    with psycopg.connect(dsn) as connection:
        upgrade(dsn, "raw")
        warehouse = RawWarehouse(connection)
        bare_copy.create_table(connection, dataset.encounters.column_names)
        for number in range(min(COPY_ROUNDS, len(dataset) // size)):
            piece = ingest.Slice(number * size, size)
            content = to_csv(dataset.encounters.slice(piece.offset, piece.rows))
            seconds: dict[str, float] = {}
            with timed(seconds, BARE):
                bare_copy.copy(connection, content)
            with timed(seconds, LOAD):
                ingest.load(dataset, warehouse, piece)
            rounds.append(seconds)
        _empty(connection)
    return rounds


def in_process(
    site: Site, dataset: source.Dataset, size: int, batches: int
) -> list[dict[str, float]]:
    """Return the seconds of each stage of each batch, run in this process."""
    own_model = {"model_name": "reference", "experiment": "reference"}
    settings = site.training_settings.model_copy(update=own_model)
    registry, signer = Registry(settings), train.signer_of(settings)
    trusted = TrustedKeys.parse(settings.trusted_signing_keys)
    gatekeeper = Gatekeeper(Path(tempfile.mkdtemp()), lambda _site, _gate: None)
    results = []
    with (
        psycopg.connect(postgres.dsn(site, "raw")) as raw_db,
        psycopg.connect(postgres.dsn(site, "clean")) as clean_db,
    ):
        raw, clean, history = RawWarehouse(raw_db), CleanWarehouse(clean_db), ModelHistory(clean_db)
        for database in ("raw", "clean"):
            upgrade(postgres.dsn(site, database), database)
        for piece in track(ingest.plan(dataset, raw, size, batches), "in this process"):
            seconds: dict[str, float] = {}
            key = ingest.load(dataset, raw, piece).batch_id
            with timed(seconds, RAW_GATE):
                gatekeeper.raw(raw, key, 1.0)
            with timed(seconds, "RAW to CLEAN"):
                process.process(raw, clean, key, settings.split_key)
            with timed(seconds, "clean gate"):
                gatekeeper.clean(clean, key)
            with timed(seconds, "training set and its gate"):
                rows = reading.whole(clean, key)
                gatekeeper.training(clean, key, rows)
                lineage = train.lineage(clean, key, len(rows))
            with timed(seconds, "three fits, logged"):
                fits = [
                    train.train(family, rows, lineage, registry, signer, settings.training_threads)
                    for family in settings.families
                ]
                train.register_best(fits, lineage, registry, signer, history)
            with timed(seconds, "promotion and its gate"):
                verdict = promotion.judge(
                    key, clean, history, registry, trusted, gatekeeper, Rule.of(settings)
                )
                rollout.carry_out(verdict, history, registry)
            results.append(seconds)
        _empty(raw_db)
        _empty(clean_db)
    return results


def _empty(connection: psycopg.Connection) -> None:
    connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    connection.commit()


def through_airflow(site: Site, size: int, batches: int) -> list[BatchTiming]:
    """Process the batches in order in Airflow and read the recorded times."""
    airflow = open_airflow(site)
    airflow.wait_for_dags([INGESTION, *CONSUMERS])
    timings = []
    with psycopg.connect(postgres.dsn(site, "raw")) as connection:
        for number in track(range(1, batches + 1), "through Airflow"):
            key = batch_name(number)
            airflow.trigger(INGESTION, {"batch_size": size, "batches": 1})
            _wait_until_finished(airflow, CONSUMERS[-1], key)
            runs = [_finished(airflow, dag_id, key)[0] for dag_id in CONSUMERS]
            tasks = [task for run in runs for task in airflow.tasks(run) if task["end_date"]]
            spans = sorted((_time(t["start_date"]), _time(t["end_date"])) for t in tasks)
            # The ledger has the time of the gate's decision, milliseconds before the event.
            decided = RawWarehouse(connection).batch(key).decided_at
            event = decided.timestamp() if decided else spans[0][0]
            wall = max(end for _, end in spans) - event
            timings.append(BatchTiming(key, wall, _covered(spans)))
    return timings


def _finished(airflow: AirflowClient, dag_id: str, key: str) -> list[DagRun]:
    return [r for r in airflow.runs(dag_id) if r.partition_key == key and r.state == "success"]


def _wait_until_finished(airflow: AirflowClient, dag_id: str, key: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not _finished(airflow, dag_id, key):
        if time.monotonic() > deadline:
            raise SystemExit(f"{key} was not promoted; see the logs of the stack")
        time.sleep(0.5)


def _time(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _covered(spans: Sequence[tuple[float, float]]) -> float:
    """Return the length of the union of the spans, which are sorted by their start."""
    covered, until = 0.0, 0.0
    for start, end in spans:
        covered += max(0.0, end - max(start, until))
        until = max(until, end)
    return covered


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--batches", type=int, default=3, help="batches through Airflow (default 3)"
    )
    parser.add_argument("--batch-size", type=int, default=15_000, help="encounters in each")
    arguments = parser.parse_args()
    console = Console()
    dataset = source.locate(get_settings())
    with tempfile.TemporaryDirectory() as folder:
        ports = dict(zip(PORT_SETTINGS, free_ports(len(PORT_SETTINGS)), strict=True))
        own = ports | {"state_dir": Path(folder) / "stack", "scheduled_runs": False}
        stack = Stack(get_settings().model_copy(update=own))
        try:
            boot: dict[str, float] = {}
            with timed(boot, "boot"):
                stack.up()
            os.environ.update(stack.site.environment)  # The same quiet settings as in the services.
            rounds = copy_times(postgres.dsn(stack.site, "raw"), dataset, arguments.batch_size)
            reference = in_process(stack.site, dataset, arguments.batch_size, arguments.batches)
            timings = through_airflow(stack.site, arguments.batch_size, arguments.batches)
        finally:
            stack.reset()
    console.print(f"data: {dataset.origin}; the stack was up after {boot['boot']:.0f} s")
    show_copy(console, rounds)
    show_batches(console, reference, timings)


def show_copy(console: Console, rounds: Sequence[dict[str, float]]) -> None:
    ratios = [seconds[LOAD] / seconds[BARE] for seconds in rounds]
    console.print(
        f"RAW load {median(s[LOAD] for s in rounds):.2f} s,"
        f" bare COPY {median(s[BARE] for s in rounds):.2f} s,"
        f" ratio {median(ratios):.2f} (from {min(ratios):.2f} to {max(ratios):.2f})"
    )


def show_batches(
    console: Console, reference: Sequence[dict[str, float]], timings: Sequence[BatchTiming]
) -> None:
    table = Table("seconds", *(timing.batch_id for timing in timings))
    for stage in reference[0]:
        table.add_row(stage, *(f"{seconds[stage]:.1f}" for seconds in reference))
    after_raw = [sum(s.values()) - s[RAW_GATE] for s in reference]
    table.add_section()
    table.add_row("compute after RAW, in this process", *(f"{s:.1f}" for s in after_raw))
    table.add_row("RAW event to served, Airflow", *(f"{t.wall:.1f}" for t in timings))
    table.add_row("  with a running task", *(f"{t.in_tasks:.1f}" for t in timings))
    table.add_row("  between tasks", *(f"{t.between_tasks:.1f}" for t in timings))
    overheads = (t.wall - s for t, s in zip(timings, after_raw, strict=True))
    table.add_row("overhead (served minus compute)", *(f"{s:.1f}" for s in overheads))
    console.print(table)


if __name__ == "__main__":
    main()
