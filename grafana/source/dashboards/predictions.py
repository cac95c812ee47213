"""Dashboard *Predictions*: traffic, latency, errors and the loaded model of the prediction API."""

from grafana_foundation_sdk.models import units

from api.metrics import PREDICTION_PATHS
from grafana.source.board import Board, Row
from grafana.source.dashboards import serving
from grafana.source.panels import (
    NO_REQUEST,
    PER_SECOND,
    ZERO_IS_GOOD,
    Panel,
    PanelOptions,
    Query,
    Thresholds,
    bar_gauge,
    stat,
    time_series,
)
from grafana.source.promql import age, increase, one_of, or_zero, quantile, rate

PREDICTION_REQUESTS = f'http_requests_total{{path=~"{one_of(PREDICTION_PATHS)}"}}'
FAILED_REQUESTS = f'http_requests_total{{path=~"{one_of(PREDICTION_PATHS)}", status=~"5.."}}'
LATENCY_HISTOGRAM = "prediction_latency_seconds"

LATENCY_OBJECTIVE = 0.1
"""Latency limit of the objective, in seconds; the recording rules use the same limit."""
LATENCY: Thresholds = ((None, "green"), (LATENCY_OBJECTIVE, "red"))
LATENCY_BOUNDS = ("0.001", "0.005", "0.01", "0.05", "0.1", "0.5")
"""Buckets of the latency histogram to show, as values of its label ``le``."""
DAY = 86_400
MODEL_AGE_LIMIT = 30
"""Days after which the alert ModelTooOld fires."""


def board() -> Board:
    """Return the dashboard."""
    return Board(
        name="predictions",
        title="Predictions",
        description="Traffic, latency, errors and the loaded model of the prediction API.",
        rows=(
            Row("Overview", _overview()),
            Row("Traffic", _traffic()),
            Row("Latency and errors", _latency_and_errors()),
            Row("Loaded model", serving.loaded_model()),
            Row("Prediction log and memory", serving.log_and_memory()),
        ),
    )


def _overview() -> list[Panel]:
    return [
        stat(
            PanelOptions(
                "Predictions per second",
                "Encounters predicted per second by all replicas. Each row of a file is one "
                "prediction.",
                PER_SECOND,
                NO_REQUEST,
                width=4,
            ),
            Query(rate("predictions_total")),
            decimals=1,
        ),
        stat(
            PanelOptions(
                "Requests total",
                "Requests to /predict and /predict/batch since the replicas started.",
                empty=NO_REQUEST,
                width=4,
            ),
            Query(f"sum({PREDICTION_REQUESTS})"),
            decimals=0,
        ),
        stat(
            PanelOptions(
                "Latency p99",
                "99 % of the successful requests to /predict took less than this. The "
                "measurement starts once the whole request body has arrived.",
                units.Seconds,
                NO_REQUEST,
                width=4,
                runbook="ErrorBudgetBurnsFast",
            ),
            Query(quantile(0.99, LATENCY_HISTOGRAM)),
            thresholds=LATENCY,
        ),
        stat(
            PanelOptions(
                "Failed requests",
                "Share of requests to /predict and /predict/batch that got a 5xx response. "
                "Invalid input gets a 4xx response and does not count as a failure.",
                units.PercentUnit,
                NO_REQUEST,
                width=3,
                runbook="ErrorBudgetBurnsFast",
            ),
            Query(f"({or_zero(rate(FAILED_REQUESTS))}) / {rate(PREDICTION_REQUESTS)}"),
            thresholds=((None, "green"), (0.005, "red")),
            decimals=2,
        ),
        stat(
            PanelOptions(
                "Loaded version",
                "Model version that the API has loaded. Two versions appear while the replicas "
                "switch during a promotion or rollback.",
                units.String,
                "No model loaded",
                width=3,
                runbook="ApiServesOtherVersion",
            ),
            Query("max by (model_version) (model_info == 1)", "version {{model_version}}"),
            name_only=True,
        ),
        stat(
            PanelOptions(
                "Model age",
                "Time since the loaded model was trained.",
                units.Seconds,
                "No model loaded",
                width=3,
                runbook="ModelTooOld",
            ),
            Query(age("max(model_trained_timestamp_seconds)")),
            thresholds=((None, "green"), (14 * DAY, "orange"), (MODEL_AGE_LIMIT * DAY, "red")),
        ),
        stat(
            PanelOptions(
                "Predictions not logged",
                "Predictions lost since the replicas started, because they could be written "
                "neither to the database nor to disk.",
                width=3,
                runbook="PredictionLogLosesRows",
            ),
            Query("sum(prediction_log_lost_total)"),
            thresholds=ZERO_IS_GOOD,
        ),
    ]


def _traffic() -> list[Panel]:
    by_version = increase("predictions_total", "model_version", "1h")
    by_class = increase("predictions_total", "model_version, predicted_class", "1h")
    return [
        time_series(
            PanelOptions(
                "Requests by endpoint",
                "Requests per second for each endpoint, including health probes and Prometheus "
                "scrapes.",
                units.RequestsPerSecond,
                NO_REQUEST,
                width=8,
            ),
            Query(rate("http_requests_total", "path"), "{{path}}"),
        ),
        time_series(
            PanelOptions(
                "Responses by status",
                "Responses per second by HTTP status. The caller causes a 4xx, the API a 5xx.",
                units.RequestsPerSecond,
                NO_REQUEST,
                width=8,
            ),
            Query(rate("http_requests_total", "status"), "{{status}}"),
            stacked=True,
        ),
        time_series(
            PanelOptions(
                "Predictions by class",
                "Encounters predicted per second, by predicted class.",
                PER_SECOND,
                NO_REQUEST,
                width=8,
            ),
            Query(rate("predictions_total", "predicted_class"), "{{predicted_class}}"),
            stacked=True,
        ),
        bar_gauge(
            PanelOptions(
                "Predicted classes in the last hour",
                "Share of each class among the predictions of a version. A version that suddenly "
                "predicts only one class probably gets input unlike its training data.",
                units.PercentUnit,
                "No predictions in the last hour",
            ),
            Query(
                f"{by_class} / on (model_version) group_left () ({by_version} > 0)",
                "version {{model_version}}: {{predicted_class}}",
            ),
            maximum=1,
        ),
        time_series(
            PanelOptions(
                "Predictions by version",
                "Predictions per second of each model version. The colour changes at a promotion "
                "or rollback.",
                PER_SECOND,
                NO_REQUEST,
            ),
            Query(rate("predictions_total", "model_version"), "version {{model_version}}"),
            stacked=True,
        ),
    ]


def _latency_and_errors() -> list[Panel]:
    return [
        time_series(
            PanelOptions(
                "Latency of /predict",
                "Latency quantiles over all replicas. The dashed line is the objective: 99 % of "
                f"requests take less than {_milliseconds(LATENCY_OBJECTIVE)}.",
                units.Seconds,
                NO_REQUEST,
                width=8,
            ),
            *(
                Query(quantile(share, LATENCY_HISTOGRAM), f"p{share * 100:.0f}")
                for share in (0.5, 0.95, 0.99)
            ),
            thresholds=LATENCY,
        ),
        bar_gauge(
            PanelOptions(
                "Latency distribution",
                "Share of the last hour's requests to /predict that took at most this long.",
                units.PercentUnit,
                "No predictions in the last hour",
                width=8,
            ),
            *(Query(_share_within(bound), _milliseconds(float(bound))) for bound in LATENCY_BOUNDS),
            maximum=1,
        ),
        time_series(
            PanelOptions(
                "Prediction errors by kind",
                "Failed prediction requests and failed rows of files. For example, the caller "
                "causes `invalid` and `not_json`, and the API causes `internal` and `no_model`.",
                units.Short,
                "No errors",
                width=8,
            ),
            Query(f"{increase('prediction_errors_total', 'kind')} > 0", "{{kind}}"),
            bars=True,
        ),
    ]


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:g} ms"


def _share_within(bound: str) -> str:
    """Return the share of requests that took no longer than a bound of the histogram."""
    bucket = f'{LATENCY_HISTOGRAM}_bucket{{le="{bound}"}}'
    return f"{rate(bucket, window='1h')} / {rate(f'{LATENCY_HISTOGRAM}_count', window='1h')}"
