"""Pieces of PromQL that several dashboards need."""

WINDOW = "$__rate_interval"
"""Grafana's window: four scrapes at least, so that a rate is never empty."""


def by(labels: str) -> str:
    """Return the grouping of an aggregation, nothing for none."""
    return f" by ({labels})" if labels else ""


def rate(selector: str, labels: str = "", window: str = WINDOW) -> str:
    """Return a counter's events a second, added up over all but some labels."""
    return f"sum{by(labels)} (rate({selector}[{window}]))"


def increase(selector: str, labels: str = "", window: str = WINDOW) -> str:
    """Return a counter's events in a window, added up over all but some labels."""
    return f"sum{by(labels)} (increase({selector}[{window}]))"


def events(selector: str, window: str, labels: str = "") -> str:
    """Return the events of a counter whose series begin with their first event.

    `increase` compares two samples, so it never sees the event that made a series; here a
    series that was not there at the window's start counts from zero.
    """
    born = f"({selector} unless {selector} offset {window})"
    return f"sum{by(labels)} ({born} or increase({selector}[{window}]))"


def mean(timer: str, window: str, labels: str = "") -> str:
    """Return the mean of a summary in a window, first observations included."""
    count = f"{events(f'{timer}_count', window, labels)} > 0"
    return f"{events(f'{timer}_sum', window, labels)} / ({count})"


def quantile(share: float, histogram: str) -> str:
    """Return a quantile of a histogram over all replicas."""
    return f"histogram_quantile({share}, {rate(f'{histogram}_bucket', 'le')})"


def or_zero(expression: str) -> str:
    """Return zero where nothing has been counted yet."""
    return f"({expression}) or vector(0)"


def age(timestamp: str) -> str:
    """Return the seconds since a moment."""
    return f"time() - {timestamp}"
