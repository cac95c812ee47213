"""Measure each model version on outcomes that became known after its predictions."""

from collections.abc import Iterator, Sequence

import psycopg

from readmission.modelling.evaluation.criteria import LabelledRows, Predicted
from readmission.modelling.evaluation.live import evaluate_live, members_of
from readmission.pipeline.outcomes.shadow import (
    SEED,
    compare_in_shadow,
    labelled,
    newest_of,
    predicted,
)
from readmission.warehouse.predictions import live_figures
from readmission.warehouse.predictions.compared_rows import ComparedRow, predictions_of
from readmission.warehouse.predictions.live_figures import OUTCOMES, UNDER_30, LiveFigure
from readmission.warehouse.predictions.outcomes import DAYS, recent_versions

VERSIONS = 8
"""How many of the newest versions are measured, and of the newest challengers in shadow."""


def measure_live(connection: psycopg.Connection, days: int = DAYS) -> list[LiveFigure]:
    """Return the figures of the newest versions and of the newest challengers in shadow.

    Parameters
    ----------
    connection : psycopg.Connection
        A connection to the PREDICTIONS database.
    days : int
        Largest age of the predictions.
    """
    own = [
        figure
        for version in newest_of(recent_versions(connection, days), VERSIONS)
        for figure in _figures(version, predictions_of(connection, version, days))
    ]
    compared = compare_in_shadow(connection, days, VERSIONS)
    return own + [figure for one in compared for figure in one.figures()]


def store_live(connection: psycopg.Connection) -> list[LiveFigure]:
    """Measure and store the figures, which the exporter reads; return them."""
    found = measure_live(connection)
    live_figures.replace(connection, found)
    return found


def _figures(version: str, compared: Sequence[ComparedRow]) -> Iterator[LiveFigure]:
    """Yield the figures over all patients, and over each group that is large enough."""
    if not compared:
        return
    rows = labelled(compared)
    model = predicted(
        [one.probabilities for one in compared], [one.predicted_class for one in compared]
    )
    yield from _of_group(version, ("", ""), rows, model)
    for name, members in rows.groups.items():
        attribute, _, group = name.partition(": ")
        yield from _of_group(version, (attribute, group), *members_of(rows, model, members))


def _of_group(
    version: str, group: tuple[str, str], rows: LabelledRows, model: Predicted
) -> Iterator[LiveFigure]:
    yield LiveFigure(version, "", *group, OUTCOMES, len(rows.outcomes))
    yield LiveFigure(version, "", *group, UNDER_30, int(rows.positive.sum()))
    for metric, one in evaluate_live(rows, model, SEED).items():
        yield LiveFigure(version, "", *group, metric, one.figure, one.low, one.high)
