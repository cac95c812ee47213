"""Predictions compared with the outcomes of their patients."""

from collections.abc import Iterator, Sequence

import psycopg

from readmission.exporter.catalogue import LIVE_OUTCOMES, Sample
from readmission.exporter.connecting import connected
from readmission.exporter.metrics.models import VERSIONS
from readmission.warehouse.predictions.outcomes import LiveOutcomes, live_outcomes

DAYS = 30
QUERY_SECONDS = 60


def read(dsn: str) -> list[LiveOutcomes]:
    """Compare the predictions of the last 30 days with the outcomes that are known."""
    with connected(dsn, QUERY_SECONDS) as connection:
        try:
            return live_outcomes(connection, DAYS, VERSIONS)
        except psycopg.errors.UndefinedTable:
            return []


def samples(counts: Sequence[LiveOutcomes]) -> Iterator[Sample]:
    """Yield how often each predicted class met each outcome."""
    for one in counts:
        yield LIVE_OUTCOMES(one.encounters, one.model_version, one.predicted_class, one.readmitted)
