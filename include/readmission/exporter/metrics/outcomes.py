"""Predictions compared with their known outcomes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import psycopg

from readmission.exporter.catalogue import LIVE_OUTCOMES, REQUEST_DRIFT, Sample
from readmission.exporter.connecting import connected
from readmission.exporter.metrics import live
from readmission.exporter.metrics.models import VERSIONS
from readmission.exporter.rows import RowReader, numbered, skipped_samples
from readmission.warehouse.predictions.live_figures import LiveFigure
from readmission.warehouse.predictions.outcomes import (
    DAYS,
    LiveOutcomes,
    live_outcomes,
    recent_versions,
)

QUERY_SECONDS = 60


@dataclass(frozen=True)
class OutcomesReading:
    """Counts of predictions with an outcome, live figures, drift, and what was skipped."""

    counts: Sequence[LiveOutcomes] = ()
    figures: Sequence[LiveFigure] = ()
    requests: Sequence[tuple[str, float]] = ()
    skipped: Mapping[tuple[str, str], int] = field(default_factory=dict)


def read(dsn: str) -> OutcomesReading:
    """Compare the predictions of the last 30 days with the known outcomes."""
    rows = RowReader("predictions")
    with connected(dsn, QUERY_SECONDS) as connection:
        try:
            found = rows.keep("prediction", recent_versions(connection, DAYS), numbered)
            newest = sorted(found, key=int, reverse=True)[:VERSIONS]
            counts = live_outcomes(connection, DAYS, newest)
            figures, requests = live.read(connection, rows), live.read_requests(connection, rows)
            return OutcomesReading(counts, figures, requests, rows.skipped)
        except psycopg.errors.UndefinedTable:
            return OutcomesReading()


def samples(reading: OutcomesReading) -> Iterator[Sample]:
    """Yield the number of encounters for each predicted class and outcome, and the figures."""
    for one in reading.counts:
        yield LIVE_OUTCOMES(one.encounters, one.model_version, one.predicted_class, one.readmitted)
    yield from live.samples(reading.figures)
    yield from (REQUEST_DRIFT(psi, column) for column, psi in reading.requests)
    yield from skipped_samples(reading.skipped)
