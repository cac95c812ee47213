"""Asks a Prometheus what a dashboard would ask it, the reader's choices filled in."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Self

import httpx

RATE_INTERVAL = "1m"
"""What Grafana makes of its window for a scrape interval of 15 s."""
TIMEOUT = 30

_VALUES_OF = re.compile(r"label_values\((?P<series>.+), *(?P<label>\w+)\)")

Series = Mapping[str, str]
Points = Sequence[tuple[float, float]]


class Prometheus:
    """A running Prometheus.

    Parameters
    ----------
    url : str
        Where it answers.
    """

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=TIMEOUT, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def newest(self, expr: str, at: float | None = None) -> list[tuple[Series, float]]:
        """Return the newest value of every series of an expression, now or at a moment."""
        moment = {} if at is None else {"time": at}
        found = self._get("query", query=expr, **moment)["result"]
        return [(one["metric"], float(one["value"][1])) for one in found]

    def over_time(
        self, expr: str, start: float, end: float, step: float
    ) -> list[tuple[Series, Points]]:
        """Return every series of an expression between two moments, in seconds since 1970."""
        found = self._get("query_range", query=expr, start=start, end=end, step=step)["result"]
        return [
            (one["metric"], [(float(at), float(value)) for at, value in one["values"]])
            for one in found
        ]

    def values(self, series: str, label: str) -> list[str]:
        """Return the values of a label."""
        return sorted(self._get(f"label/{label}/values", **{"match[]": series}))

    def _get(self, what: str, **parameters: Any) -> Any:
        answer = self._client.get(f"/api/v1/{what}", params=parameters)
        if answer.is_client_error:
            raise ValueError(f"{answer.json()['error']}: {parameters}")
        return answer.raise_for_status().json()["data"]


@dataclass(frozen=True)
class Target:
    """One query of a panel, ready to be asked.

    Parameters
    ----------
    expr : str
        PromQL.
    legend : str
        As Grafana has it, labels in braces.
    instant : bool
        Whether only the newest value counts.
    """

    expr: str
    legend: str
    instant: bool

    def label(self, series: Series) -> str:
        """Return the name of one of its series."""
        return re.sub(r"{{(\w+)}}", lambda found: series.get(found[1], ""), self.legend)


def panels(board: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the panels of a dashboard, without the headings."""
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def targets(panel: Mapping[str, Any], chosen: Mapping[str, str]) -> list[Target]:
    """Return the queries of a panel with the reader's choices filled in."""
    return [
        Target(fill_in(one["expr"], chosen), one.get("legendFormat", ""), one["instant"])
        for one in panel["targets"]
    ]


def fill_in(text: str, chosen: Mapping[str, str]) -> str:
    """Return a text as Grafana passes it on."""
    for name, value in {"__rate_interval": RATE_INTERVAL, **chosen}.items():
        text = text.replace(f"${name}", value)
    return text


def first_choices(board: Mapping[str, Any]) -> dict[str, str]:
    """Return what is chosen when nobody has chosen."""
    return {one["name"]: one["current"]["value"] for one in board["templating"].get("list", ())}


def all_choices(board: Mapping[str, Any], asked: Prometheus) -> Iterator[dict[str, str]]:
    """Yield everything that a reader can choose."""
    variables = board["templating"].get("list", ())
    offered = [_offered(variable, asked) for variable in variables]
    for values in product(*offered):
        yield dict(zip((one["name"] for one in variables), values, strict=True))


def _offered(variable: Mapping[str, Any], asked: Prometheus) -> list[str]:
    if variable["type"] == "custom":
        return [option["value"] for option in variable["options"]]
    query = _VALUES_OF.fullmatch(variable["query"])
    if query is None:
        raise ValueError(f"choice {variable['name']!r} asks {variable['query']!r}")
    return asked.values(query["series"], query["label"])
