"""Dashboard *Start*, which Grafana opens first: the other pages, and whether all is well."""

from grafana_foundation_sdk.models import units

from grafana.source.board import Board, Row, page_address
from grafana.source.dashboards.predictions import PREDICTION_REQUESTS
from grafana.source.dashboards.slo import alerts_table
from grafana.source.panels import (
    NO_EXPORTER,
    NO_REQUEST,
    PER_SECOND,
    ZERO_IS_GOOD,
    Panel,
    PanelOptions,
    Query,
    stat,
    text,
)
from grafana.source.promql import rate

PAGES = {
    "airflow": ("Airflow", "the DAGs, their runs and logs"),
    "reports": ("Reports", "the quality of each batch, with the reports of every gate"),
    "mlflow": ("MLflow", "experiments, runs and the registry of models"),
    "clinicians": ("Clinicians' page", "predictions for one patient or a file"),
    "runbooks": ("Runbooks", "what to do about each alert"),
}
"""Each page of `readmission_page_info`: its name and what it shows."""
BOARDS = {
    "predictions": ("Predictions", "requests, latency, the loaded model"),
    "pipeline": ("Pipeline", "batches, DAG runs, databases"),
    "quality": ("Data and model quality", "gates, quarantine, drift, metrics of each version"),
    "slo": ("SLO", "objectives and error budgets"),
}


def board() -> Board:
    """Return the dashboard."""
    return Board(
        name="home",
        title="Start",
        description="Where to go, and whether all is well.",
        rows=(Row("Where to go", _links()), Row("Now", _state())),
        variables=[
            page_address(name, title) for name, (title, _) in PAGES.items() if name != "runbooks"
        ],
    )


def _links() -> list[Panel]:
    pages = "\n".join(
        f"- [{title}](${{{name}:raw}}): {shows}" for name, (title, shows) in PAGES.items()
    )
    boards = "\n".join(
        f"- [{title}](/d/readmission-{name}): {shows}" for name, (title, shows) in BOARDS.items()
    )
    return [text("Pages", pages), text("Dashboards", boards)]


def _state() -> list[Panel]:
    return [
        alerts_table(),
        stat(
            PanelOptions(
                "Requests in total",
                "Requests to /predict and /predict/batch since the replicas started.",
                empty=NO_REQUEST,
                width=4,
                tall=True,
            ),
            Query(f"sum({PREDICTION_REQUESTS})"),
            decimals=0,
        ),
        stat(
            PanelOptions(
                "Predictions now",
                "Encounters predicted per second by all replicas.",
                PER_SECOND,
                NO_REQUEST,
                width=4,
                tall=True,
            ),
            Query(rate("predictions_total")),
            decimals=1,
        ),
        stat(
            PanelOptions(
                "Production",
                "Version of the model that is in production.",
                units.Short,
                "No model yet",
                width=4,
                tall=True,
                runbook="ApiServesOtherVersion",
            ),
            Query("max(readmission_production_version)"),
            decimals=0,
        ),
        stat(
            PanelOptions(
                "Batches that wait",
                "Batches that a stage has finished and the next one has not.",
                empty=NO_EXPORTER,
                width=4,
                tall=True,
                runbook="BatchesWaiting",
            ),
            Query("sum(readmission_waiting_batches)"),
            thresholds=ZERO_IS_GOOD,
        ),
    ]
