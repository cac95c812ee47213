"""Dashboard *SLO*: the objectives of the prediction API, their error budgets and burn rates."""

from grafana_foundation_sdk.models import units

from grafana.source.board import Board, Row
from grafana.source.panels import (
    NO_REQUEST,
    Panel,
    PanelOptions,
    Query,
    Thresholds,
    stat,
    table,
    time_series,
)
from grafana.source.promql import firing_alerts

SLOS = ("availability", "latency")
WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
NO_RECORDING = "Recording rules have not run yet"
PAGING, SUSTAINABLE = 14.4, 1
"""Burn rate above which an alert pages, and burn rate that uses up the budget in 30 days."""
BURN_RATE: Thresholds = ((None, "green"), (SUSTAINABLE, "orange"), (PAGING, "red"))
BUDGET: Thresholds = ((None, "red"), (0, "orange"), (0.25, "green"))
MONTH = 30 * 86_400


def board() -> Board:
    """Return the dashboard."""
    return Board(
        name="slo",
        title="SLO",
        description="Objectives over 30 days: 99.5 % of prediction requests without a 5xx "
        "response, 99 % of predictions in less than 100 ms.",
        rows=(
            *(Row(slo.capitalize(), _objective(slo)) for slo in SLOS),
            Row("Requests and alerts", _requests_and_alerts()),
        ),
        since="now-24h",
    )


def _burn_rate(slo: str, window: str) -> str:
    """Return the burn rate over a window: 1 uses up the budget in exactly 30 days."""
    error_ratio = f'job:slo_errors:ratio_rate{window}{{slo="{slo}"}}'
    return f"{error_ratio} / on (slo) group_left () (1 - slo:objective)"


def _remaining_budget(slo: str) -> str:
    return f"1 - {_burn_rate(slo, '30d')}"


def _objective(slo: str) -> list[Panel]:
    selected = f'{{slo="{slo}"}}'
    title = slo.capitalize()
    return [
        stat(
            PanelOptions(
                f"{title}: objective",
                "Share of requests that must be good over 30 days.",
                units.PercentUnit,
                NO_RECORDING,
                width=4,
            ),
            Query(f"max(slo:objective{selected})"),
            decimals=1,
        ),
        stat(
            PanelOptions(
                f"{title}: last 30 days",
                "Share of requests that were good over the last 30 days.",
                units.PercentUnit,
                NO_REQUEST,
                width=4,
            ),
            Query(f"1 - max(job:slo_errors:ratio_rate30d{selected})"),
            decimals=3,
        ),
        stat(
            PanelOptions(
                f"{title}: remaining budget",
                "Unused share of the 30-day error budget. Below 0, the objective is missed.",
                units.PercentUnit,
                NO_REQUEST,
                width=4,
                runbook="ErrorBudgetBurnsSlowly",
            ),
            Query(_remaining_budget(slo)),
            thresholds=BUDGET,
            decimals=1,
        ),
        stat(
            PanelOptions(
                f"{title}: burn rate",
                "How fast the error budget was used in the last hour. At "
                f"{SUSTAINABLE} it lasts exactly 30 days; above {PAGING} an alert pages the "
                "on-call engineer.",
                "suffix: x",
                NO_REQUEST,
                width=4,
                runbook="ErrorBudgetBurnsFast",
            ),
            Query(_burn_rate(slo, "1h")),
            thresholds=BURN_RATE,
            decimals=2,
        ),
        stat(
            PanelOptions(
                f"{title}: budget lasts for",
                "Time until the budget is used up at the burn rate of the last six hours. "
                "Capped at 30 days.",
                units.Seconds,
                NO_REQUEST,
                width=8,
            ),
            Query(
                f"clamp({MONTH} * ({_remaining_budget(slo)}) / ({_burn_rate(slo, '6h')}),"
                f" 0, {MONTH})"
            ),
            thresholds=((None, "red"), (MONTH / 10, "orange"), (MONTH / 3, "green")),
        ),
        time_series(
            PanelOptions(
                f"{title}: burn rate by window",
                "Burn rate over each window that the alerts use. Long windows show whether the "
                "problem matters, short windows whether it is still happening.",
                "suffix: x",
                NO_REQUEST,
            ),
            *(Query(_burn_rate(slo, window), window) for window in WINDOWS),
            thresholds=BURN_RATE,
        ),
        time_series(
            PanelOptions(
                f"{title}: remaining budget over time",
                "Unused share of the 30-day error budget.",
                units.PercentUnit,
                NO_REQUEST,
            ),
            Query(_remaining_budget(slo), slo),
            thresholds=BUDGET,
            minimum=None,
            maximum=1,
        ),
    ]


def _requests_and_alerts() -> list[Panel]:
    return [
        time_series(
            PanelOptions(
                "Prediction requests",
                "Prediction requests per second, averaged over windows of different length.",
                units.RequestsPerSecond,
                NO_REQUEST,
                width=8,
            ),
            *(
                Query(f"sum(job:prediction_requests:rate{window})", window)
                for window in ("5m", "1h", "1d")
            ),
        ),
        time_series(
            PanelOptions(
                "Bad requests",
                "Share of bad requests in the last five minutes, for each objective.",
                units.PercentUnit,
                NO_REQUEST,
                width=8,
            ),
            Query("max by (slo) (job:slo_errors:ratio_rate5m)", "{{slo}}"),
        ),
        alerts_table(),
    ]


def alerts_table() -> Panel:
    """Return the alerts that are firing."""
    return table(
        PanelOptions(
            "Firing alerts",
            "All alerts that are firing. The runbooks say what to do about each of them.",
            empty="None",
            width=8,
        ),
        Query(firing_alerts()),
        ("alertname", "severity"),
        value="firing",
    )
