"""Compares what a stack holds after the faults with what was delivered and predicted."""

import contextlib
import csv
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg

from load.benchmarks.chaos.client import Deliveries, Predictions
from readmission.domain import schema
from readmission.domain.batch_ids import batch_name, batch_number
from readmission.errors import ReadmissionError
from readmission.pipeline.promotion.order import promoted
from readmission.registry import Registry
from readmission.stack.access import open_warehouses
from readmission.stack.services import postgres
from readmission.stack.site.site import Site
from readmission.warehouse import BatchState, ModelHistory
from readmission.warehouse.reconciliation import unaccounted
from readmission.warehouse.sql.tallies import CleanTally, RawTally, clean_rows, raw_rows


@dataclass(frozen=True)
class Finding:
    """One comparison: whether nothing is missing or doubled, and a sentence with the numbers."""

    ok: bool
    sentence: str


def unfinished(site: Site, deliveries: Deliveries) -> list[str]:
    """Return the delivered batches that have no verdict yet."""
    expected: list[str] = [batch_name(number + 1) for number in range(deliveries.batches)]
    with contextlib.suppress(ReadmissionError, psycopg.Error), open_warehouses(site) as (_, clean):
        judged = {promotion.batch_id for promotion in ModelHistory(clean.connection).promotions()}
        return [batch_id for batch_id in expected if batch_id not in judged]
    return expected


def compare(
    site: Site, deliveries: Deliveries, predictions: Predictions, left: list[str]
) -> list[Finding]:
    """Compare source, RAW, CLEAN, candidates, verdicts and prediction log with the records."""
    with open_warehouses(site) as (raw, clean):
        return [
            in_raw(raw.connection, deliveries.rows),
            as_delivered(raw.connection, deliveries.source),
            accounted(raw.connection, clean.connection),
            Finding(not left, f"{deliveries.batches} batches, {len(left)} without a verdict"),
            candidates(ModelHistory(clean.connection), Registry(site.training_settings).versions()),
            in_order(ModelHistory(clean.connection)),
            *in_log(site, predictions),
        ]


def in_raw(connection: psycopg.Connection, delivered: int) -> Finding:
    """Count the encounters in RAW."""
    stored, distinct = connection.execute(
        "SELECT count(*), count(DISTINCT encounter_id) FROM encounter"
    ).fetchone() or (0, 0)
    ok = stored == distinct == delivered
    return Finding(
        ok, f"{delivered} encounters delivered, {stored} rows in RAW, {distinct} different"
    )


def as_delivered(connection: psycopg.Connection, source: Path) -> Finding:
    """Compare the order of the encounters in RAW with that of the source."""
    with source.open(newline="") as file:
        delivered = [int(row[schema.ENCOUNTER]) for row in csv.DictReader(file)]
    stored = [int(encounter) for (encounter,) in connection.execute(_IN_ORDER)]
    moved = sum(ours != theirs for ours, theirs in zip(stored, delivered, strict=False))
    return Finding(moved == 0, f"{moved} rows of RAW at another place than in the source")


def candidates(history: ModelHistory, versions: Collection[Mapping[str, Any]]) -> Finding:
    """Look for judged models that the registry lacks, and for trainings registered twice."""
    known = {version["version"] for version in versions}
    judged = [promotion.challenger_version for promotion in history.promotions()]
    judged += [candidate.version for candidate in history.candidates()]
    lost = len(set(judged) - known)
    runs = Counter(version["run_id"] for version in versions)
    doubled = sum(count > 1 for count in runs.values())
    return Finding(
        lost == 0 == doubled,
        f"{len(known)} registered versions, {lost} of the judged are missing,"
        f" {doubled} trainings registered twice",
    )


def accounted(raw: psycopg.Connection, clean: psycopg.Connection) -> Finding:
    """Look for rows of RAW that the ledgers of both databases do not explain."""
    raw_tallies = [RawTally(**row) for row in raw_rows(raw)]
    clean_tallies = {row["batch_id"]: CleanTally(**row) for row in clean_rows(clean)}
    lost = unaccounted(raw_tallies, clean_tallies)
    open_batches = sum(t.state is BatchState.LOADED for t in clean_tallies.values())
    return Finding(
        lost == 0 == open_batches,
        f"{lost} rows of RAW neither in CLEAN nor quarantined, {open_batches} batches undecided",
    )


def in_order(history: ModelHistory) -> Finding:
    """Look for a model that replaced one of a later batch."""
    numbers = [batch_number(promotion.batch_id) for promotion in promoted(history)]
    late = sum(later < earlier for earlier, later in pairwise(numbers))
    doubled = [b for b, n in Counter(p.batch_id for p in history.promotions()).items() if n > 1]
    return Finding(
        not late,
        f"{len(numbers)} promotions, {late} out of order, {len(doubled)} batches retrained",
    )


def in_log(site: Site, predictions: Predictions) -> list[Finding]:
    """Compare the prediction log with what the client was told."""
    with psycopg.connect(postgres.dsn(site, "predictions")) as connection:
        found: dict[str, int] = dict(
            connection.execute(
                "SELECT request_id, count(*) FROM prediction WHERE request_id LIKE %s"
                " GROUP BY request_id",
                (f"{predictions.prefix}%",),
            ).fetchall()
        )
    lost = sum(request_id not in found for request_id in predictions.logged)
    doubled = sum(count > 1 for count in found.values())
    return [
        Finding(
            lost == 0 < len(predictions.logged),
            f"{len(predictions.logged)} predictions returned as logged, {lost} not in the log"
            f" ({len(predictions.not_logged)} returned as not logged, {predictions.failed} failed)",
        ),
        Finding(doubled == 0, f"{len(found)} predictions in the log, {doubled} more than once"),
    ]


_IN_ORDER = """
SELECT encounter_id FROM encounter JOIN batch USING (batch_id) ORDER BY number, source_row
"""
