"""Rows about live outcomes with their intervals, and about the challenger in shadow."""

from grafana_foundation_sdk.models import units

from grafana.source.dashboards.model_quality import NO_OUTCOME, UNDER_30
from grafana.source.panels import (
    ZERO_IS_GOOD,
    Panel,
    PanelOptions,
    Query,
    bar_gauge,
    stat,
    table,
    time_series,
)
from grafana.source.promql import increase
from readmission.domain.drift import MODERATE, STRONG

LIVE = "readmission_live_metric"
NO_CHALLENGER = "No challenger runs in shadow"
NOT_COMPARED = "No challenger in shadow has enough outcomes yet"


def requests() -> list[Panel]:
    """Return the panel about the drift of requests."""
    return [
        bar_gauge(
            PanelOptions(
                "Drift of requests",
                "PSI of each field over the newest requests of the last 30 days, against the "
                f"training rows of the champion. From {MODERATE} it is moderate, from {STRONG} "
                "strong. The patients of the callers may differ from those of the batches.",
                empty="Not measured yet: it needs a champion and 500 requests",
                width=24,
            ),
            Query("topk(12, max by (feature) (readmission_request_drift_psi))", "{{feature}}"),
            thresholds=((None, "green"), (MODERATE, "orange"), (STRONG, "red")),
        )
    ]


def figures() -> list[Panel]:
    """Return the panels about each version's figures on live outcomes."""
    return [
        _figure("log_loss", "Live log-loss", "Lower is better."),
        _figure("auroc_under_30", f"Live AUROC of {UNDER_30}", "0.5 is chance.", maximum=1),
        _figure(
            "calibration_error_under_30",
            f"Live calibration error of {UNDER_30}",
            "The mean distance between predicted risk and observed share. Chance alone gives more "
            "than 0.",
        ),
        _by_group("auroc_under_30", f"Live AUROC of {UNDER_30} by group", 0),
        _by_group("calibration_gap_under_30", "Live calibration gap by group", -0.1),
        _by_group("outcomes", "Known outcomes by group", 0),
    ]


def shadow() -> list[Panel]:
    """Return the panels about the challenger in shadow."""
    same = increase('shadow_predictions_total{agreed="yes"}', "model_version", "1h")
    made = f"({increase('shadow_predictions_total', 'model_version', '1h')} > 0)"
    difference = increase("shadow_difference_under_30_total", "model_version", "1h")
    return [
        stat(
            PanelOptions(
                "Version in shadow",
                "The challenger that predicts a sample of the requests, after their responses.",
                units.String,
                NO_CHALLENGER,
                width=4,
                tall=True,
            ),
            Query("max by (model_version) (shadow_model_info == 1)", "version {{model_version}}"),
            name_only=True,
        ),
        time_series(
            PanelOptions(
                "Agreement with the champion",
                "Share of the sample for which both chose the same class, in the last hour.",
                units.PercentUnit,
                NO_CHALLENGER,
                width=7,
            ),
            Query(f"{same} / {made}", "version {{model_version}}"),
            maximum=1,
        ),
        time_series(
            PanelOptions(
                f"Difference in the risk of {UNDER_30}",
                "Mean absolute difference between the two risks, in the last hour.",
                units.PercentUnit,
                NO_CHALLENGER,
                width=7,
            ),
            Query(f"{difference} / {made}", "version {{model_version}}"),
        ),
        time_series(
            PanelOptions(
                "Dropped from the sample",
                "Requests whose prediction in shadow was dropped: the queue was full, the "
                "challenger failed, or the database was down. Responses are not affected.",
                empty=NO_CHALLENGER,
                width=6,
            ),
            Query(increase("shadow_dropped_total", "reason", "1h"), "{{reason}}"),
            thresholds=ZERO_IS_GOOD,
        ),
        table(
            PanelOptions(
                "Challenger against champion on live outcomes",
                "Differences, challenger minus champion, with their 95 % intervals. Below 0 is "
                "better for log-loss, above 0 for the others.",
                empty=NOT_COMPARED,
                width=24,
            ),
            Query(f'{LIVE}{{against!=""}}'),
            ("model_version", "against", "metric", "bound"),
            value="value",
        ),
    ]


def _figure(metric: str, title: str, meaning: str, maximum: float | None = None) -> Panel:
    options = PanelOptions(
        title,
        f"On live outcomes, with the ends of the 95 % interval. {meaning}",
        empty=NO_OUTCOME,
        width=8,
    )
    selected = f'{LIVE}{{metric="{metric}", against="", attribute=""}}'
    query = Query(
        f"max by (model_version, bound) ({selected})", "version {{model_version}}: {{bound}}"
    )
    return time_series(options, query, maximum=maximum)


def _by_group(metric: str, title: str, minimum: float) -> Panel:
    selected = f'{LIVE}{{metric="{metric}", bound="figure", against="", attribute!=""}}'
    options = PanelOptions(
        title,
        "On live outcomes, for the newest version with groups that are large enough.",
        empty="No group is large enough yet",
        width=8,
    )
    query = Query(f"sort_desc(max by (attribute, group) ({selected}))", "{{attribute}} {{group}}")
    return bar_gauge(options, query, minimum=minimum)
