"""Dashboard *Predictions*: what the service answers, how fast, and with which model."""

from grafana_foundation_sdk.models import units

from grafana.source.board import Board, Row
from grafana.source.dashboards import serving
from grafana.source.panels import (
    NO_REQUEST,
    NONE_IS_GOOD,
    PER_SECOND,
    About,
    Panel,
    Query,
    Steps,
    lines,
    number,
    ranking,
)
from grafana.source.promql import age, increase, or_zero, quantile, rate

ASKED = 'http_requests_total{path=~"/predict(/batch)?"}'
FAILED = 'http_requests_total{path=~"/predict(/batch)?", status=~"5.."}'
HISTOGRAM = "prediction_latency_seconds"

LATENCY_OBJECTIVE = 0.1
"""Seconds; bound of the latency objective, see the rules."""
LATENCY: Steps = ((None, "green"), (LATENCY_OBJECTIVE, "red"))
BOUNDS = ("0.001", "0.005", "0.01", "0.05", "0.1", "0.5")
"""Buckets of the histogram, as the service spells them."""
DAY = 86_400


def board() -> Board:
    """Return the dashboard."""
    return Board(
        name="predictions",
        title="Predictions",
        description="What the prediction service answers, how fast, and with which model.",
        rows=(
            Row("Now", _now()),
            Row("Traffic", _traffic()),
            Row("Latency and errors", _latency()),
            Row("Model", serving.model()),
            Row("Prediction log and process", serving.log_and_process()),
        ),
    )


def _now() -> list[Panel]:
    return [
        number(
            About(
                "Predictions per second",
                "Encounters answered a second, over all replicas; a file of rows counts each row.",
                PER_SECOND,
                NO_REQUEST,
                width=4,
            ),
            Query(rate("predictions_total")),
            decimals=1,
        ),
        number(
            About(
                "Latency p99",
                "99 of 100 answers took less, from the whole body received to the answer.",
                units.Seconds,
                NO_REQUEST,
                width=4,
            ),
            Query(quantile(0.99, HISTOGRAM)),
            thresholds=LATENCY,
        ),
        number(
            About(
                "Failed requests",
                "Share of requests to /predict and /predict/batch that ended with a 5xx. "
                "Refusals of wrong input are not failures.",
                units.PercentUnit,
                NO_REQUEST,
                width=4,
            ),
            Query(f"({or_zero(rate(FAILED))}) / {rate(ASKED)}"),
            thresholds=((None, "green"), (0.005, "red")),
            decimals=2,
        ),
        number(
            About(
                "Model in use",
                "Version behind the alias production that the service has loaded; "
                "two while replicas change over.",
                units.String,
                "No model loaded",
                width=4,
            ),
            Query("max by (model_version) (model_info == 1)", "version {{model_version}}"),
            name_only=True,
        ),
        number(
            About(
                "Age of the model",
                "Time since the model in use was trained.",
                units.Seconds,
                "No model loaded",
                width=4,
            ),
            Query(age("max(model_trained_timestamp_seconds)")),
            thresholds=((None, "green"), (14 * DAY, "orange"), (30 * DAY, "red")),
        ),
        number(
            About(
                "Answers lost",
                "Answers that could be kept neither in the database nor on disk, "
                "since the replicas started.",
                width=4,
            ),
            Query("sum(prediction_log_lost_total)"),
            thresholds=NONE_IS_GOOD,
        ),
    ]


def _traffic() -> list[Panel]:
    of_version = increase("predictions_total", "model_version", "1h")
    of_class = increase("predictions_total", "model_version, predicted_class", "1h")
    return [
        lines(
            About(
                "Requests by endpoint",
                "Requests answered a second, by route; calls of the probes and of Prometheus "
                "are among them.",
                units.RequestsPerSecond,
                NO_REQUEST,
                width=8,
            ),
            Query(rate("http_requests_total", "path"), "{{path}}"),
        ),
        lines(
            About(
                "Answers by status",
                "HTTP status of all answers; 4xx is the caller's fault, 5xx the service's.",
                units.RequestsPerSecond,
                NO_REQUEST,
                width=8,
            ),
            Query(rate("http_requests_total", "status"), "{{status}}"),
            stacked=True,
        ),
        lines(
            About(
                "Predictions by class",
                "Throughput in encounters a second, by predicted class.",
                PER_SECOND,
                NO_REQUEST,
                width=8,
            ),
            Query(rate("predictions_total", "predicted_class"), "{{predicted_class}}"),
            stacked=True,
        ),
        ranking(
            About(
                "Distribution of the last hour by class and version",
                "Share of each class among a version's answers. A version that suddenly answers "
                "one class only has met other data than it was trained on.",
                units.PercentUnit,
                "No prediction in the last hour",
            ),
            Query(
                f"{of_class} / on (model_version) group_left () ({of_version} > 0)",
                "version {{model_version}}: {{predicted_class}}",
            ),
            maximum=1,
        ),
        lines(
            About(
                "Predictions by version",
                "Which model answered; a promotion or a rollback shows as a change of colour.",
                PER_SECOND,
                NO_REQUEST,
            ),
            Query(rate("predictions_total", "model_version"), "version {{model_version}}"),
            stacked=True,
        ),
    ]


def _latency() -> list[Panel]:
    return [
        lines(
            About(
                "Latency",
                "Quantiles over all replicas; the dashed line is the objective: 99 of 100 below.",
                units.Seconds,
                NO_REQUEST,
                width=8,
            ),
            *(
                Query(quantile(share, HISTOGRAM), f"p{share * 100:.0f}")
                for share in (0.5, 0.95, 0.99)
            ),
            thresholds=LATENCY,
        ),
        ranking(
            About(
                "Answered within",
                "Share of the last hour's answers that took no longer than this.",
                units.PercentUnit,
                "No prediction in the last hour",
                width=8,
            ),
            *(Query(_within(bound), f"{float(bound) * 1000:g} ms") for bound in BOUNDS),
            maximum=1,
        ),
        lines(
            About(
                "Refusals by kind",
                "Requests for a prediction that were refused; `invalid` and `not_json` are wrong "
                "input, `internal` and `no_model` are ours.",
                units.Short,
                "No refusal",
                width=8,
            ),
            Query(f"{increase('prediction_errors_total', 'kind')} > 0", "{{kind}}"),
            counted=True,
        ),
    ]


def _within(bound: str) -> str:
    """Return the share of answers that took no longer than a bound."""
    bucket = f'{HISTOGRAM}_bucket{{le="{bound}"}}'
    return f"{rate(bucket, window='1h')} / {rate(f'{HISTOGRAM}_count', window='1h')}"
