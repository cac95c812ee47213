"""PromQL expressions that several dashboards use."""

from collections.abc import Iterable

WINDOW = "$__rate_interval"
"""Grafana's window for rates: at least four scrape intervals, so it always contains samples."""


def by(labels: str) -> str:
    """Return the ``by`` clause of an aggregation, or an empty string if there are no labels."""
    return f" by ({labels})" if labels else ""


def one_of(values: Iterable[str]) -> str:
    """Return a regular expression that matches any of the given label values."""
    return "|".join(values)


def rate(selector: str, labels: str = "", window: str = WINDOW) -> str:
    """Return a counter's rate per second, summed by the given labels."""
    return f"sum{by(labels)} (rate({selector}[{window}]))"


def increase(selector: str, labels: str = "", window: str = WINDOW) -> str:
    """Return a counter's increase over a window, summed by the given labels."""
    return f"sum{by(labels)} (increase({selector}[{window}]))"


def increase_from_zero(selector: str, window: str, labels: str = "") -> str:
    """Return a counter's increase over a window, where a new series starts from zero.

    A StatsD counter does not exist before its first event. `increase` compares samples, so it
    misses that event. Here, a series that did not exist at the start of the window contributes
    its full value.
    """
    new_series = f"({selector} unless {selector} offset {window})"
    return f"sum{by(labels)} ({new_series} or increase({selector}[{window}]))"


def mean(summary: str, window: str, labels: str = "") -> str:
    """Return the mean of a summary over a window, where a new series starts from zero."""
    count = f"{increase_from_zero(f'{summary}_count', window, labels)} > 0"
    return f"{increase_from_zero(f'{summary}_sum', window, labels)} / ({count})"


def quantile(share: float, histogram: str) -> str:
    """Return a quantile of a histogram over all replicas."""
    return f"histogram_quantile({share}, {rate(f'{histogram}_bucket', 'le')})"


def or_zero(expression: str) -> str:
    """Return the expression, or 0 if it has no series."""
    return f"({expression}) or vector(0)"


def age(timestamp: str) -> str:
    """Return the seconds since a timestamp."""
    return f"time() - {timestamp}"


def firing_alerts() -> str:
    """Return the number of firing alerts by name and severity, or one series named ``none``."""
    none = (
        'label_replace(vector(0), "alertname", "none", "", "")'
        ' unless on () ALERTS{alertstate="firing"}'
    )
    return f'sum by (alertname, severity) (ALERTS{{alertstate="firing"}}) or ({none})'
