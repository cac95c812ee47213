"""Rows of the dashboard *Predictions* about the loaded model, the prediction log and memory."""

from grafana_foundation_sdk.models import units

from grafana.source.panels import (
    PER_SECOND,
    ZERO_IS_GOOD,
    Panel,
    PanelOptions,
    Query,
    stat,
    table,
    time_series,
)
from grafana.source.promql import age, increase, rate


def loaded_model() -> list[Panel]:
    """Return the panels about the model that the replicas have loaded."""
    return [
        table(
            PanelOptions(
                "Loaded models",
                "Every model that at least one replica has loaded, with its MLflow run and the "
                "origin of its training data.",
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
        time_series(
            PanelOptions(
                "Model loads",
                "Attempts to load a model, by result. Also shows failed queries to MLflow for "
                "the version in production.",
                units.Short,
                "No attempts",
                width=6,
                runbook="ModelReloadFailing",
            ),
            Query(increase("model_reloads_total", "result"), "load: {{result}}"),
            Query(increase("model_poll_failures_total"), "query failed"),
            bars=True,
        ),
        stat(
            PanelOptions(
                "Time since last load",
                "Time since a replica last loaded a model.",
                units.Seconds,
                "No model loaded",
                width=3,
                tall=True,
            ),
            Query(age("max(model_loaded_timestamp_seconds)")),
        ),
        stat(
            PanelOptions(
                "Failed loads in 24 h",
                "Failed attempts to load a model. After a failure the API keeps serving the model "
                "it has.",
                width=3,
                tall=True,
                runbook="ModelReloadFailing",
            ),
            Query(increase('model_reloads_total{result="failure"}', window="1d")),
            thresholds=ZERO_IS_GOOD,
            decimals=0,
        ),
    ]


def log_and_memory() -> list[Panel]:
    """Return the panels about the prediction log and the memory of the replicas."""
    return [
        time_series(
            PanelOptions(
                "Prediction log: waiting",
                "Predictions on disk that are not in the database yet. The number grows while the "
                "database is slow or down.",
                width=6,
                runbook="PredictionLogSpoolGrowing",
            ),
            Query("sum(prediction_log_pending)", "waiting"),
        ),
        time_series(
            PanelOptions(
                "Prediction log: on disk",
                "Size of the waiting predictions. Each process may use 512 MiB "
                "(READMISSION_PREDICTION_SPOOL_MB); beyond that, predictions are lost.",
                units.BytesIEC,
                width=6,
            ),
            Query("sum(prediction_log_spooled_bytes)", "on disk"),
        ),
        time_series(
            PanelOptions(
                "Prediction log: written and lost",
                "Predictions per second that were written to the database, and that were lost.",
                PER_SECOND,
                width=6,
            ),
            Query(rate("prediction_log_written_total"), "written"),
            Query(rate("prediction_log_lost_total"), "lost"),
        ),
        time_series(
            PanelOptions(
                "Memory of the API",
                "Resident memory of each replica. A replica with several worker processes does "
                "not report it.",
                units.BytesIEC,
                "Not reported",
                width=6,
            ),
            Query('process_resident_memory_bytes{job="api"}', "{{instance}}"),
        ),
    ]
