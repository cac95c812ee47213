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
from psycopg import sql

from load.benchmarks.chaos.client import Deliveries, Predictions
from readmission.domain import schema
from readmission.domain.batch_ids import batch_number
from readmission.domain.columns import MISSING
from readmission.errors import ReadmissionError
from readmission.pipeline.promotion.order import promoted
from readmission.registry import PRODUCTION, Registry
from readmission.stack.access import open_warehouses
from readmission.stack.services import postgres
from readmission.stack.site.site import Site
from readmission.warehouse import BatchState, ModelHistory
from readmission.warehouse.reconciliation import unaccounted
from readmission.warehouse.sql.tallies import clean_tallies, raw_tallies


@dataclass(frozen=True)
class Finding:
    """One comparison: whether nothing is missing or doubled, and a sentence with the numbers."""

    ok: bool
    sentence: str


def is_finished(site: Site, deliveries: Deliveries) -> bool:
    """Whether every delivered batch has a verdict, and the last one was carried out."""
    with contextlib.suppress(ReadmissionError, psycopg.Error), open_warehouses(site) as (_, clean):
        history = ModelHistory(clean.connection)
        judged = {promotion.batch_id for promotion in history.promotions()}
        production = Registry(site.training_settings).version_of(PRODUCTION)
        return judged >= set(deliveries.batch_ids) and served(history, production).ok
    return False


def compare(site: Site, deliveries: Deliveries, predictions: Predictions) -> list[Finding]:
    """Compare source, RAW, CLEAN, candidates, verdicts and prediction log with the records."""
    with open_warehouses(site) as (raw, clean):
        history, registry = ModelHistory(clean.connection), Registry(site.training_settings)
        return [
            in_raw(raw.connection, deliveries.rows),
            as_delivered(raw.connection, deliveries.source),
            accounted(raw.connection, clean.connection),
            in_clean(raw.connection, clean.connection),
            candidates(history, registry.versions()),
            judged_once(history, deliveries.batch_ids),
            in_order(history),
            served(history, registry.version_of(PRODUCTION)),
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
    """Compare every cell of RAW, in order, with the source."""
    moved = changed = 0
    with source.open(newline="") as file, connection.cursor() as stored:
        stored.execute(_IN_ORDER)
        for delivered, row in zip(csv.DictReader(file), stored, strict=False):
            expected = [_cell(delivered[name]) for name in schema.NAMES]
            found = [_cell(value) for value in row]
            moved += found[_KEY] != expected[_KEY]
            changed += found[_KEY] == expected[_KEY] and found != expected
    return Finding(
        moved == 0 == changed,
        f"{moved} rows of RAW at another place than in the source, {changed} with other values",
    )


def _cell(value: str | None) -> str | None:
    """Return a value of RAW or the source; what is missing is written in several ways."""
    return None if value in ("", MISSING) else value


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
    clean_rows = clean_tallies(clean, recount=True)
    lost = unaccounted(raw_tallies(raw, recount=True), clean_rows)
    open_batches = sum(t.state is BatchState.LOADED for t in clean_rows.values())
    return Finding(
        lost == 0 == open_batches,
        f"{lost} rows of RAW neither in CLEAN nor quarantined, {open_batches} batches undecided",
    )


def in_clean(raw: psycopg.Connection, clean: psycopg.Connection) -> Finding:
    """Look for rows of CLEAN that are not the encounter of the same row of RAW."""
    stored = {(batch, row): int(encounter) for batch, row, encounter in raw.execute(_ENCOUNTERS)}
    rows = clean.execute(_ENCOUNTERS).fetchall()
    wrong = sum(stored.get((batch, row)) != encounter for batch, row, encounter in rows)
    doubled = len(rows) - len({encounter for _, _, encounter in rows})
    return Finding(
        wrong == 0 == doubled,
        f"{len(rows)} rows in CLEAN, {wrong} of another encounter than in RAW, {doubled} doubled",
    )


def judged_once(history: ModelHistory, batch_ids: Collection[str]) -> Finding:
    """Look for batches without a verdict, and with more than one."""
    verdicts = Counter(promotion.batch_id for promotion in history.promotions())
    left = sum(not verdicts[batch_id] for batch_id in batch_ids)
    doubled = sum(verdicts[batch_id] > 1 for batch_id in batch_ids)
    return Finding(
        left == 0 == doubled,
        f"{len(batch_ids)} batches, {left} without a verdict, {doubled} with more than one",
    )


def in_order(history: ModelHistory) -> Finding:
    """Look for a model that replaced one of a later batch."""
    numbers = [batch_number(promotion.batch_id) for promotion in promoted(history)]
    late = sum(later < earlier for earlier, later in pairwise(numbers))
    return Finding(late == 0, f"{len(numbers)} promotions, {late} out of order")


def served(history: ModelHistory, production: str | None) -> Finding:
    """Compare the version in production with that of the last promotion."""
    expected = [promotion.challenger_version for promotion in promoted(history)][-1:]
    return Finding(
        [production] == expected,
        f"version {production} in production, {', '.join(expected) or 'none'} promoted last",
    )


def in_log(site: Site, predictions: Predictions) -> list[Finding]:
    """Compare the prediction log with what the client was told."""
    with psycopg.connect(postgres.dsn(site, "predictions")) as connection:
        rows = connection.execute(_PREDICTIONS, (f"{predictions.prefix}%",)).fetchall()
    found: dict[str, tuple[str, str]] = {
        request_id: (version, label) for request_id, version, label in rows
    }
    logged = predictions.logged
    lost = sum(request_id not in found for request_id in logged)
    changed = sum(found.get(request_id, made) != made for request_id, made in logged.items())
    return [
        Finding(
            lost == 0 == changed and bool(logged),
            f"{len(logged)} predictions returned as logged, {lost} not in the log, {changed} with"
            f" another result ({len(predictions.not_logged)} returned as not logged,"
            f" {predictions.failed} failed)",
        ),
        Finding(
            len(rows) == len(found),
            f"{len(found)} predictions in the log, {len(rows) - len(found)} doubled",
        ),
    ]


_KEY = schema.NAMES.index(schema.ENCOUNTER)
_IN_ORDER = sql.SQL(
    "SELECT {} FROM encounter JOIN batch USING (batch_id) ORDER BY number, source_row"
).format(sql.SQL(", ").join(map(sql.Identifier, schema.NAMES)))
_ENCOUNTERS = "SELECT batch_id, source_row, encounter_id FROM encounter"
_PREDICTIONS = """
SELECT request_id, model_version, predicted_class FROM prediction WHERE request_id LIKE %s
"""
