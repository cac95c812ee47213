"""Live figures are exported with their intervals, and a bad one loses only itself."""

from collections.abc import Iterator

import psycopg
import pytest

from readmission.exporter.metrics import outcomes
from readmission.stack.services import postgres
from readmission.stack.stack import Stack
from readmission.warehouse.predictions import live_figures
from readmission.warehouse.predictions.live_figures import LiveFigure
from readmission.warehouse.sql import privileges
from tests.databases import emptied

LABELS = ("model_version", "against", "attribute", "group", "metric", "bound")


@pytest.fixture
def predictions(databases: Stack) -> Iterator[psycopg.Connection]:
    with emptied(postgres.dsn(databases.site, "predictions")) as connection:
        connection.autocommit = True
        yield connection


def exported(databases: Stack) -> dict[tuple[str, ...], float]:
    """Return the samples as the role of the exporter reads them."""
    reading = outcomes.read(postgres.dsn(databases.site, "predictions", privileges.ROLE))
    found = {}
    for family, labels, value in outcomes.samples(reading):
        if family.name == "readmission_live_metric":
            assert family.labels == LABELS
            found[labels] = value
        if family.name == "readmission_skipped_rows" and labels[1] == "live_figure":
            found["skipped",] = value
    return found


def test_a_figure_is_exported_with_its_interval_and_groups_of_the_newest_version_only(
    databases: Stack, predictions: psycopg.Connection
) -> None:
    live_figures.replace(
        predictions,
        [
            LiveFigure("3", "", "", "", "log_loss", 0.9, 0.85, 0.95),
            LiveFigure("3", "", "gender", "Female", "outcomes", 400),
            LiveFigure("2", "", "gender", "Female", "outcomes", 300),
            LiveFigure("4", "3", "", "", "log_loss", -0.01, -0.02, -0.001),
        ],
    )

    assert exported(databases) == {
        ("skipped",): 0,
        ("3", "", "", "", "log_loss", "figure"): 0.9,
        ("3", "", "", "", "log_loss", "low"): 0.85,
        ("3", "", "", "", "log_loss", "high"): 0.95,
        ("3", "", "gender", "Female", "outcomes", "figure"): 400,
        ("4", "3", "", "", "log_loss", "figure"): -0.01,
        ("4", "3", "", "", "log_loss", "low"): -0.02,
        ("4", "3", "", "", "log_loss", "high"): -0.001,
    }


def test_an_impossible_figure_is_skipped_and_counted(
    databases: Stack, predictions: psycopg.Connection
) -> None:
    bad = [
        LiveFigure("3", "", "", "", "log_loss", float("nan")),
        LiveFigure("three", "", "", "", "log_loss", 1),
    ]
    live_figures.replace(predictions, [*bad, LiveFigure("3", "", "", "", "outcomes", 7)])

    found = exported(databases)

    assert found == {("skipped",): 2, ("3", "", "", "", "outcomes", "figure"): 7}
