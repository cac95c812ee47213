"""The figures of model versions on live outcomes, as they were measured last."""

from collections.abc import Iterator, Sequence

import psycopg

from readmission.exporter.catalogue import LIVE_METRIC, Sample
from readmission.exporter.rows import RowReader, finite, measure, numbered
from readmission.warehouse.predictions.live_figures import LiveFigure, stored
from readmission.warehouse.predictions.recent_requests import drift_by_column


def read(connection: psycopg.Connection, rows: RowReader) -> list[LiveFigure]:
    """Return the figures over all patients, and those of groups for the newest version."""
    found = rows.keep("live_figure", stored(connection), _checked)
    grouped = [int(one.model_version) for one in found if one.attribute]
    newest = str(max(grouped, default=0))
    return [one for one in found if not one.attribute or one.model_version == newest]


def read_requests(connection: psycopg.Connection, rows: RowReader) -> list[tuple[str, float]]:
    """Return the drift of each column of recent requests."""

    def checked(row: tuple[str, float]) -> tuple[str, float]:
        return row[0], measure(row[1], f"psi of {row[0]}")

    return rows.keep("request_drift", drift_by_column(connection), checked)


def samples(figures: Sequence[LiveFigure]) -> Iterator[Sample]:
    """Yield each figure, and the ends of its interval."""
    for one in figures:
        labels = one.model_version, one.against, one.attribute, one.patient_group, one.metric
        for bound, value in (("figure", one.figure), ("low", one.low), ("high", one.high)):
            if value is not None:
                yield LIVE_METRIC(value, *labels, bound)


def _checked(one: LiveFigure) -> LiveFigure:
    numbered(one.model_version)
    for name, value in (("figure", one.figure), ("low", one.low), ("high", one.high)):
        if value is not None:
            finite(value, f"{name} of {one.metric} of version {one.model_version}")
    return one
