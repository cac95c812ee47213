"""Predictions compared with their known outcomes."""

from collections.abc import Iterator, Sequence

import psycopg

from readmission.exporter.catalogue import LIVE_OUTCOMES, Sample
from readmission.exporter.connecting import connected
from readmission.exporter.metrics.models import VERSIONS
from readmission.warehouse.predictions.outcomes import LiveOutcomes, live_outcomes

DAYS = 30
QUERY_SECONDS = 60


def read(dsn: str) -> list[LiveOutcomes]:
    """Compare the predictions of the last 30 days with the known outcomes."""
    with connected(dsn, QUERY_SECONDS) as connection:
        try:
            return live_outcomes(connection, DAYS, VERSIONS)
        except psycopg.errors.UndefinedTable:
            return []


def samples(counts: Sequence[LiveOutcomes]) -> Iterator[Sample]:
    """Yield the number of encounters for each predicted class and outcome."""
    for one in counts:
        yield LIVE_OUTCOMES(one.encounters, one.model_version, one.predicted_class, one.readmitted)
