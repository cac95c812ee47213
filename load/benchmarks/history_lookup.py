"""Measure what looking up a patient's earlier stays costs, in one interleaved run.

It brings the first three batches into a stack of its own, trains XGBoost with earlier stays, and
starts the service with everything enabled. `wrk` (Debian's package) sends the same encounter in
turn without `patient_nbr`, with a number that has no stays, with a patient who has two, and with
the patient who has most. It prints requests per second, and ratios to the first, paired by round.
Run it on an otherwise idle machine:

    .venv/bin/python -m load.benchmarks.history_lookup --rounds 3
"""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import pandas as pd
import psycopg
from rich.console import Console
from rich.progress import track
from rich.table import Table

from load.benchmarks.servers import KEY, service_environment, stack_for_models, started
from load.benchmarks.serving import WrkResult, cells, measure_server, ratio, require_wrk
from readmission.domain import schema
from readmission.domain.batch_ids import batch_name
from readmission.domain.privacy import Pseudonyms
from readmission.pipeline import process, source
from readmission.pipeline.training import reading, train
from readmission.registry import Registry
from readmission.stack.services import postgres
from readmission.stack.site.ports import free_ports
from readmission.stack.stack import Stack
from readmission.warehouse import CleanWarehouse, RawWarehouse
from readmission.warehouse.predictions import known_stays

BATCHES, ROWS = 3, 15_000
WITHOUT, UNKNOWN = "without patient_nbr", "unknown patient"
TWO_STAYS, MOST_STAYS = "patient with 2 stays", "patient with most stays"
AIM = 0.7
NOBODY = "2147483647"


def patients(stack: Stack) -> dict[str, dict[str, Any]]:
    """Fill the warehouses, put a model into production; return an encounter of each kind."""
    site = stack.site
    encounters = source.locate(site.settings).encounters.slice(0, BATCHES * ROWS)
    nothing = pd.DataFrame({"source_row": [], "reasons": []})
    with (
        psycopg.connect(postgres.dsn(site, "raw")) as raw_connection,
        psycopg.connect(postgres.dsn(site, "clean")) as clean_connection,
        psycopg.connect(postgres.dsn(site, "predictions")) as predictions,
    ):
        key = site.credentials.prediction_log_key
        raw, clean = RawWarehouse(raw_connection, key), CleanWarehouse(clean_connection)
        for number in range(BATCHES):
            batch_id, first = batch_name(number + 1), number * ROWS
            raw.load(encounters.slice(first, ROWS), first, "uci")
            raw.accept(batch_id, nothing)
            process.process(raw, clean, batch_id, key, Pseudonyms(key).patient)
            clean.accept(batch_id)
        known_stays.publish(clean, predictions, Pseudonyms(key).encounter)
        rows = reading.whole(clean, batch_id, history=True)
        lineage = train.lineage(clean, batch_id, len(rows))
    registry = Registry(site.training_settings)
    signer = train.signer_of(site.training_settings)
    fitted = train.train("xgboost", rows, lineage, registry, signer, os.cpu_count() or 1)
    registry.promote(registry.register(fitted.run_id, lineage.tags()))
    stays = encounters.column(schema.PATIENT).to_pandas().value_counts()
    plain = dict(schema.example())
    return {
        WITHOUT: plain,
        UNKNOWN: plain | {schema.PATIENT: NOBODY},
        TWO_STAYS: plain | {schema.PATIENT: str(stays[stays == 2].index[0])},
        MOST_STAYS: plain | {schema.PATIENT: str(stays.index[0])},
    }


def report(rounds: Sequence[Mapping[str, WrkResult]], console: Console) -> None:
    """Print the results, and the ratios paired by round."""
    table = Table("request", "requests/s", "p50 ms", "p99 ms", "failures", "ratio (rounds)")
    for name in rounds[0]:
        results = [each[name] for each in rounds]
        ratios = sorted(ratio(each[name], each[WITHOUT]) for each in rounds)
        table.add_row(
            name,
            *cells(results),
            f"{median(ratios):.2f} ({ratios[0]:.2f}-{ratios[-1]:.2f})",
        )
    console.print(table, f"aim: at least {AIM} with a known patient")


def measure(stack: Stack, folder: Path, arguments: argparse.Namespace, console: Console) -> None:
    """Measure each kind of request on a running stack."""
    bodies = {name: json.dumps(encounter) for name, encounter in patients(stack).items()}
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}/predict"
    environment = {"LOG_FOLDER": str(folder)} | service_environment(stack, folder, port)
    command = (sys.executable, "-m", "api")
    with started("service", command, environment, url, bodies[WITHOUT]) as server:
        options = (arguments.seconds, arguments.connections, folder)
        asked = {name: replace(server, body=body) for name, body in bodies.items()}
        for name, each in asked.items():
            measure_server(each, 2, arguments.connections, folder)
            headers = {"content-type": "application/json", "x-api-key": KEY}
            made = httpx.post(url, content=each.body, headers=headers).json()
            console.print(f"{name}: history {made['history']!r}")
        rounds = [
            {name: measure_server(each, *options) for name, each in asked.items()}
            for _ in track(range(arguments.rounds), "rounds", console=console)
        ]
    report(rounds, console)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=6, help="per kind of request and round")
    parser.add_argument("--connections", type=int, default=32)
    arguments = parser.parse_args()
    require_wrk()
    with stack_for_models() as (stack, folder):
        measure(stack, folder, arguments, Console())


if __name__ == "__main__":
    main()
