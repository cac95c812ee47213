"""Measure how time and memory grow with the number of encounters, from the file to the log.

It starts a PostgreSQL and an object store of its own, writes synthetic encounters with `readmission
synth`, and prints for each size

* the first survey of the file, which parses all of it; loading its batches into RAW beside a bare
  COPY of the same bytes; a run of the ingestion on the unchanged file, and on one that has grown;
* cleaning the rows as processing does;
* scoring the file with `readmission score`, and a bare `inplace_predict` of XGBoost on rows that
  are encoded already;
* what one more batch costs in databases of that size, gate by gate;
* what each query of gates, exporter, reports, API and sweep costs there;
* writing and checking the training set, and fitting each family of `--families` with each of
  `--engines`: whole, parts (see READMISSION_TRAINING_SAMPLE_ROWS) and dask, on two workers;

each in a process of its own, with its peak memory, and how all grow from one size to the next. At
the end, it extrapolates to 1,000 million encounters on `--nodes` machines. Run it on an otherwise
idle machine:

    .venv/bin/python -m load.benchmarks.growth --rows 100000 1000000

`--only` measures one part: file, scoring (which needs no PostgreSQL), batch, queries or training.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from rich.console import Console
from rich.table import Table

from load.benchmarks import bare_copy
from load.benchmarks.bare_copy import BARE, LOAD
from load.benchmarks.growth import batch, extrapolation, queries, stages
from load.benchmarks.growth.costs import Cost, apart, growth
from load.benchmarks.growth.filling import BATCH, fill
from load.benchmarks.growth.stages import CLEAN, PREDICT, READ, SCORE
from readmission.domain import schema
from readmission.domain.synthetic.writing import write
from readmission.settings import get_settings
from readmission.stack.services import postgres
from readmission.stack.site.ports import free_ports
from readmission.stack.site.site import PORT_SETTINGS, Site
from readmission.stack.stack import Stack
from readmission.warehouse.migrations.upgrading import upgrade

FILE, SCORING, FILLED, QUERIES, TRAINING = "file", "scoring", "batch", "queries", "training"
PARTS = (FILE, SCORING, FILLED, QUERIES, TRAINING)
DATABASES = ("raw", "clean", "predictions")

Costs = dict[str, Cost]


def costs_of_file(dsn: str, path: Path, rows: int) -> Costs:
    """Return what each stage takes on a file of that many rows, with an empty RAW."""
    _prepare(dsn)
    write(rows, str(path))
    found = {
        "first survey": apart(stages.survey, dsn, path),
        "loading": apart(stages.load, dsn, path),
        "run on the unchanged file": apart(stages.survey, dsn, path),
    }
    write(rows + BATCH, str(path))
    found["run on a file that has grown"] = apart(stages.survey, dsn, path)
    found["cleaning"] = apart(stages.clean, dsn, path)
    return found


def costs_of_scoring(key: str, path: Path, rows: int) -> Costs:
    """Return what scoring a file of that many rows takes."""
    write(rows, str(path))
    return {SCORING: apart(stages.score, key, path)}


def costs_when_filled(
    site: Site, rows: int, parts: Sequence[str], arguments: argparse.Namespace
) -> Costs:
    """Return what batches, queries and trainings take in databases of that many rows."""
    dsns = {name: postgres.dsn(site, name) for name in DATABASES}
    filled, found = fill(dsns, rows, only_clean=not {FILLED, QUERIES} & set(parts)), {}
    if QUERIES in parts:
        found["query"] = apart(queries.measure, dsns)
    if FILLED in parts:
        found["one more batch"] = apart(batch.one_batch, dsns, filled)
    if TRAINING in parts:
        found["training set"] = apart(batch.snapshot, dsns, site)
        for family in arguments.families:
            for engine in arguments.engines:
                given = dsns, site, family, engine, arguments.trees
                found[f"{family}, {engine}"] = apart(batch.training, *given)
    return found


def _prepare(dsn: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        bare_copy.create_table(connection, schema.NAMES)
    upgrade(dsn, "raw")


def show(console: Console, sizes: Sequence[int], found: Sequence[Costs], nodes: int) -> None:
    """Print seconds and memory of each stage, how they grow, and what they become."""
    table = Table("stage", *(f"{rows:,} rows" for rows in sizes), "growth per tenfold")
    for stage in found[0]:
        for what in found[0][stage].seconds:
            values = [costs[stage].seconds[what] for costs in found]
            cells = (f"{seconds:.3f} s" for seconds in values)
            table.add_row(f"{stage}: {what}", *cells, growth(sizes, values))
        peaks = [costs[stage].peak_mib for costs in found]
        table.add_row(f"{stage}: peak", *(f"{p:.0f} MiB" for p in peaks), growth(sizes, peaks))
    console.print(table)
    for rows, costs in zip(sizes, found, strict=True):
        for line in _rates(rows, costs):
            console.print(f"{rows:,} rows: {line}")
    together, shared = _totals(sizes, found)
    console.print(f"extrapolated to {extrapolation.TARGET:,} encounters:")
    for line in extrapolation.lines(sizes, together, shared, nodes):
        console.print(f"  {line}")


def _rates(rows: int, costs: Mapping[str, Cost]) -> list[str]:
    lines = []
    if SCORING in costs:
        seconds = costs[SCORING].seconds
        lines.append(
            f"{rows / seconds[SCORE]:,.0f} rows/s scored,"
            f" {seconds[PREDICT] / seconds[SCORE]:.2f} of a bare prediction of encoded rows"
        )
    if "loading" in costs:
        seconds = costs["loading"].seconds
        lines.append(
            f"RAW load {seconds[LOAD] / seconds[BARE]:.2f} x a bare COPY;"
            f" {rows / (seconds[READ] + seconds[LOAD]):,.0f} rows/s into RAW;"
            f" {rows / costs['cleaning'].seconds[CLEAN]:,.0f} rows/s cleaned"
        )
    if "one more batch" in costs:
        rates = costs["one more batch"].seconds.items()
        lines += [f"{BATCH / seconds:,.0f} rows/s: {stage}" for stage, seconds in rates]
    return lines


def _totals(
    sizes: Sequence[int], found: Sequence[Costs]
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Return the seconds for all rows at each size: of one machine, and of what machines share."""
    together: dict[str, list[float]] = {}
    shared: dict[str, list[float]] = {}
    for stage in found[0]:
        for what in found[0][stage].seconds:
            values = [costs[stage].seconds[what] for costs in found]
            if stage == "one more batch":
                batches = [rows / BATCH for rows in sizes]
                together[what] = [v * n for v, n in zip(values, batches, strict=True)]
            elif (stage, what) == (SCORING, SCORE) or what in ("fit", "reading"):
                shared[f"{stage}: {what}"] = values
    return together, shared


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--families", nargs="*", default=["logistic_regression"])
    parser.add_argument("--engines", nargs="*", choices=batch.ENGINES, default=[batch.WHOLE])
    parser.add_argument("--trees", type=int, help="rounds of XGBoost; time is in proportion")
    parser.add_argument("--nodes", type=int, default=16)
    arguments = parser.parse_args()
    parts = [arguments.only] if arguments.only else PARTS
    with TemporaryDirectory() as folder:
        path, found = Path(folder) / "encounters.csv", [Costs() for _ in arguments.rows]
        if SCORING in parts:
            key = stages.write_model(Path(folder))
            for costs, rows in zip(found, arguments.rows, strict=True):
                costs.update(costs_of_scoring(key, path, rows))
        if set(parts) - {SCORING}:
            stack = _stack(Path(folder))
            try:
                stack.up(only={"postgres", "object-store"})
                for costs, rows in zip(found, arguments.rows, strict=True):
                    if FILE in parts:
                        costs |= costs_of_file(postgres.dsn(stack.site, "raw"), path, rows)
                    if {FILLED, QUERIES, TRAINING} & set(parts):
                        costs |= costs_when_filled(stack.site, rows, parts, arguments)
            finally:
                stack.reset()
    show(Console(), arguments.rows, found, arguments.nodes)


def _stack(folder: Path) -> Stack:
    ports = dict(zip(PORT_SETTINGS, free_ports(len(PORT_SETTINGS)), strict=True))
    own = ports | {"state_dir": folder / "stack", "scheduled_runs": False}
    return Stack(get_settings().model_copy(update=own))


if __name__ == "__main__":
    main()
