"""The part of *Predictions* about the service itself: its model, its log, its process."""

from grafana_foundation_sdk.models import units

from grafana.source.panels import (
    NONE_IS_GOOD,
    PER_SECOND,
    About,
    Panel,
    Query,
    lines,
    number,
    rows,
)
from grafana.source.promql import age, increase, rate


def model() -> list[Panel]:
    """Return the panels about the model that answers."""
    return [
        rows(
            About(
                "Models that answer",
                "One line for each model some replica has loaded, with the run and the data it "
                "comes from.",
                units.Short,
                "No model loaded",
            ),
            Query(
                "count by (model_name, model_version, run_id, data_source, runtime) "
                "(model_info == 1)"
            ),
            ("model_name", "model_version", "run_id", "data_source", "runtime"),
            value="replicas",
        ),
        lines(
            About(
                "Loading of models",
                "Attempts to load a model, by result, and times the registry did not say "
                "what is in production.",
                units.Short,
                "No attempt",
                width=6,
            ),
            Query(increase("model_reloads_total", "result"), "load: {{result}}"),
            Query(increase("model_poll_failures_total"), "registry silent"),
            counted=True,
        ),
        number(
            About(
                "Loaded since",
                "Time since the newest model was loaded.",
                units.Seconds,
                "No model loaded",
                width=3,
                tall=True,
            ),
            Query(age("max(model_loaded_timestamp_seconds)")),
        ),
        number(
            About(
                "Failed loads",
                "Loads that failed in the last day; the model before goes on answering.",
                width=3,
                tall=True,
            ),
            Query(increase('model_reloads_total{result="failure"}', window="1d")),
            thresholds=NONE_IS_GOOD,
            decimals=0,
        ),
    ]


def log_and_process() -> list[Panel]:
    """Return the panels about the prediction log and the process."""
    return [
        lines(
            About(
                "Prediction log: depth",
                "Answers in memory that are not written anywhere yet; grows while the database "
                "is slow.",
                width=6,
            ),
            Query("sum(prediction_log_pending)", "pending"),
        ),
        lines(
            About(
                "Prediction log: on disk",
                "Answers spooled to disk because the database is away; they follow when it is "
                "back.",
                units.BytesIEC,
                width=6,
            ),
            Query("sum(prediction_log_spooled_bytes)", "spooled"),
        ),
        lines(
            About(
                "Prediction log: written and lost",
                "Answers that reached the database, and those that could not be kept.",
                PER_SECOND,
                width=6,
            ),
            Query(rate("prediction_log_written_total"), "written"),
            Query(rate("prediction_log_lost_total"), "lost"),
        ),
        lines(
            About(
                "Memory of the service",
                "Resident memory of each replica; several processes in one container do not "
                "report it.",
                units.BytesIEC,
                "Not reported",
                width=6,
            ),
            Query('process_resident_memory_bytes{job="api"}', "{{instance}}"),
        ),
    ]
