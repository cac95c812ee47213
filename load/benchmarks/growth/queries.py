"""The cost of the queries of gates, exporter, reports, API, reconciliation and sweep."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg

from load.benchmarks.growth.filling import KEY
from readmission.domain.privacy import Pseudonyms
from readmission.exporter.metrics import outcomes as exported_outcomes
from readmission.exporter.metrics.batches import read_clean, read_raw
from readmission.pipeline.sweep import find
from readmission.warehouse import CleanWarehouse, ModelHistory, RawWarehouse
from readmission.warehouse.predictions import known_stays, recent_requests, requests
from readmission.warehouse.predictions.store import PredictionStore
from readmission.warehouse.raw.corrections import Corrections
from readmission.warehouse.raw.quarantine import Quarantine
from readmission.warehouse.raw.repeated_rows import RepeatedRows
from readmission.warehouse.reconciliation import account

REPEATS, SLOW = 3, 20
"""The fastest counts: the first one reads from the disk."""


@dataclass(frozen=True)
class Databases:
    """Connections to the filled databases.

    Parameters
    ----------
    raw, clean : RawWarehouse, CleanWarehouse
        The warehouses.
    predictions : psycopg.Connection
        The prediction log.
    predictions_dsn : str
        Its address.
    """

    raw: RawWarehouse
    clean: CleanWarehouse
    predictions: psycopg.Connection
    predictions_dsn: str


@contextmanager
def opened(dsns: Mapping[str, str]) -> Iterator[Databases]:
    """Connect to the databases."""
    with ExitStack() as stack:
        raw, clean, predictions = (
            stack.enter_context(psycopg.connect(dsns[name], autocommit=True))
            for name in ("raw", "clean", "predictions")
        )
        for connection in (raw, clean, predictions):
            connection.execute("SET statement_timeout = 0")
        yield Databases(
            RawWarehouse(raw, KEY), CleanWarehouse(clean), predictions, dsns["predictions"]
        )


def queries(of: Databases) -> dict[str, Callable[[], object]]:
    """Return the queries to measure, by caller and purpose."""
    raw, clean, log = of.raw, of.clean, of.predictions
    batch = raw.batches()[-1].batch_id
    stays = Pseudonyms(KEY).encounter
    return {
        "ledger: all batches of RAW": raw.batches,
        "ledger: one batch": lambda: raw.batch(batch),
        "raw gate: rows of a batch": lambda: raw.read(batch, repeated=False),
        "raw gate: repeated rows": lambda: RepeatedRows(raw.connection).mark(batch),
        "raw gate: corrections": lambda: Corrections(raw.connection).find(batch, "hold"),
        "raw gate: missing values before": lambda: raw.missing_before(batch),
        "clean gate: rows of a batch": lambda: clean.read_batch(batch),
        "processing: publish stays, nothing new": lambda: known_stays.publish(clean, log, stays),
        "training: rows that were corrected": lambda: clean.outcomes(batch),
        "exporter: RAW": lambda: read_raw(raw.connection),
        "exporter: CLEAN": lambda: read_clean(clean.connection),
        "exporter: predictions": lambda: exported_outcomes.read(of.predictions_dsn),
        "reconciliation": lambda: account(raw, clean),
        "report: rows in quarantine": lambda: Quarantine(raw.connection).rows(),
        "summary: rows of each split": clean.split_sizes,
        "sweep": lambda: find(
            raw, clean, ModelHistory(clean.connection), timedelta(), datetime.now(UTC)
        ),
        "API: one request of the log": lambda: requests.find(log, "request-77", None, 10),
        "drift: recent requests": lambda: recent_requests.recent(log, 30, 10_000),
        "retention: 1,000 expired predictions": lambda: _delete_oldest(log),
    }


def _delete_oldest(log: psycopg.Connection) -> int:
    return PredictionStore(log).delete_before(datetime.now(UTC) - timedelta(days=360), 1_000)


def measure(dsns: Mapping[str, str]) -> dict[str, float]:
    """Return the seconds of each query."""
    with opened(dsns) as databases:
        return {name: _fastest(query) for name, query in queries(databases).items()}


def _fastest(query: Callable[[], object]) -> float:
    seconds = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        query()
        seconds.append(time.perf_counter() - started)
        if seconds[-1] > SLOW:  # It is slow, whatever the cache has.
            break
    return min(seconds)
