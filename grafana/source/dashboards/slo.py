"""Dashboard *SLO*: objectives of the service, what is left of their budgets, how fast it burns."""

from grafana_foundation_sdk.models import units

from grafana.source.board import Board, Row
from grafana.source.panels import NO_REQUEST, About, Panel, Query, Steps, lines, number, rows

SLOS = ("availability", "latency")
WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
NO_RULE = "The recording rules have not run yet"
FAST, STEADY = 14.4, 1
"""Burn rates at which somebody is called at once, and at which 30 days use up the budget."""
BURN: Steps = ((None, "green"), (STEADY, "orange"), (FAST, "red"))
BUDGET: Steps = ((None, "red"), (0, "orange"), (0.25, "green"))
MONTH = 30 * 86_400


def board() -> Board:
    """Return the dashboard."""
    return Board(
        name="slo",
        title="SLO",
        description="99.5 % of requests for predictions are answered without a 5xx, 99 % of "
        "predictions take less than 100 ms; both over 30 days.",
        rows=(
            *(Row(slo.capitalize(), _objective(slo)) for slo in SLOS),
            Row("What it is reckoned from", _basis()),
        ),
        since="now-24h",
    )


def _burn(slo: str, window: str) -> str:
    """Return how many times faster than steadily the budget is used up."""
    spent = f'job:slo_errors:ratio_rate{window}{{slo="{slo}"}}'
    return f"{spent} / on (slo) group_left () (1 - slo:objective)"


def _left(slo: str) -> str:
    return f"1 - {_burn(slo, '30d')}"


def _objective(slo: str) -> list[Panel]:
    of_slo = f'{{slo="{slo}"}}'
    return [
        number(
            About(
                f"Objective of {slo}",
                "Share of requests that must be good over 30 days.",
                units.PercentUnit,
                NO_RULE,
                width=4,
            ),
            Query(f"max(slo:objective{of_slo})"),
            decimals=1,
        ),
        number(
            About(
                f"Reached {slo}",
                "Share of requests that were good over 30 days.",
                units.PercentUnit,
                NO_REQUEST,
                width=4,
            ),
            Query(f"1 - max(job:slo_errors:ratio_rate30d{of_slo})"),
            decimals=3,
        ),
        number(
            About(
                f"Budget left, {slo}",
                "Share of the 30 days' error budget that has not been used; below 0 the "
                "objective is missed.",
                units.PercentUnit,
                NO_REQUEST,
                width=4,
            ),
            Query(_left(slo)),
            thresholds=BUDGET,
            decimals=1,
        ),
        number(
            About(
                f"Burn rate now, {slo}",
                f"Of the last hour; {STEADY} uses up the budget in exactly 30 days, at {FAST} "
                "somebody is called.",
                "suffix: x",
                NO_REQUEST,
                width=4,
            ),
            Query(_burn(slo, "1h")),
            thresholds=BURN,
            decimals=2,
        ),
        number(
            About(
                f"Budget lasts, {slo}",
                "How long what is left lasts at the pace of the last six hours; 30 days and more "
                "are shown as 30 days.",
                units.Seconds,
                NO_REQUEST,
                width=8,
            ),
            Query(f"clamp({MONTH} * ({_left(slo)}) / ({_burn(slo, '6h')}), 0, {MONTH})"),
            thresholds=((None, "red"), (MONTH / 10, "orange"), (MONTH / 3, "green")),
        ),
        lines(
            About(
                f"Burn rates, {slo}",
                "Over the windows the alerts look at: a long window says that it matters, a "
                "short one that it still goes on.",
                "suffix: x",
                NO_REQUEST,
            ),
            *(Query(_burn(slo, window), window) for window in WINDOWS),
            thresholds=BURN,
        ),
        lines(
            About(
                f"Budget left over time, {slo}",
                "What remained of the 30 days' error budget.",
                units.PercentUnit,
                NO_REQUEST,
            ),
            Query(_left(slo), slo),
            thresholds=BUDGET,
            minimum=None,
            maximum=1,
        ),
    ]


def _basis() -> list[Panel]:
    no_alert = (
        'label_replace(vector(0), "alertname", "none", "", "")'
        ' unless on () ALERTS{alertstate="firing"}'
    )
    return [
        lines(
            About(
                "Requests that count",
                "Requests for predictions a second, over growing windows.",
                units.RequestsPerSecond,
                NO_REQUEST,
                width=8,
            ),
            *(
                Query(f"sum(job:prediction_requests:rate{window})", window)
                for window in ("5m", "1h", "1d")
            ),
        ),
        lines(
            About(
                "Bad requests",
                "Share of requests of the last five minutes that were bad, by objective.",
                units.PercentUnit,
                NO_REQUEST,
                width=8,
            ),
            Query("max by (slo) (job:slo_errors:ratio_rate5m)", "{{slo}}"),
        ),
        rows(
            About(
                "Alerts that fire",
                "Alerts of any kind that fire now; docs/runbooks.md says what to do about each.",
                empty="None",
                width=8,
            ),
            Query(f'sum by (alertname, severity) (ALERTS{{alertstate="firing"}}) or ({no_alert})'),
            ("alertname", "severity"),
            value="firing",
        ),
    ]
