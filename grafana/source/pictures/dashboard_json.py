"""Read a dashboard's JSON: its panels, their queries and the variables that a reader can set."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from grafana.source.pictures.prometheus import Prometheus, Series

RATE_INTERVAL = "1m"
"""Value that Grafana gives `$__rate_interval` for a scrape interval of 15 s."""

HIDDEN = 2
"""`hide` of a variable that the reader cannot set."""
_LABEL_VALUES = re.compile(r"label_values\((?P<series>.+), *(?P<label>\w+)\)")

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Target:
    """One query of a panel, with all variables substituted.

    Parameters
    ----------
    expr : str
        PromQL.
    legend : str
        Name of each series, with ``{{label}}`` for labels.
    instant : bool
        Whether the panel shows only the newest values.
    """

    expr: str
    legend: str
    instant: bool

    def label(self, series: Series) -> str:
        """Return the legend text of a series."""
        return re.sub(r"{{(\w+)}}", lambda found: series.get(found[1], ""), self.legend)


def panels(dashboard: Json) -> list[dict[str, Any]]:
    """Return the panels of a dashboard, without the row headings."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def targets(panel: Json, variables: Mapping[str, str]) -> list[Target]:
    """Return the queries of a panel for the given values of the variables."""
    return [
        Target(
            substitute(target["expr"], variables),
            target.get("legendFormat", ""),
            target["instant"],
        )
        for target in panel.get("targets", ())
    ]


def substitute(text: str, variables: Mapping[str, str]) -> str:
    """Replace each ``$name`` in a text by the value of the variable."""
    for name, value in {"__rate_interval": RATE_INTERVAL, **variables}.items():
        text = text.replace(f"${name}", value)
    return text


def default_variables(dashboard: Json) -> dict[str, str]:
    """Return the initial value of each variable."""
    return {
        variable["name"]: variable["current"]["value"]
        for variable in dashboard["templating"].get("list", ())
    }


def variable_combinations(dashboard: Json, prometheus: Prometheus) -> Iterator[dict[str, str]]:
    """Yield every combination of values that a reader can set."""
    variables = dashboard["templating"].get("list", ())
    names = [variable["name"] for variable in variables]
    for values in product(*(_values(variable, prometheus) for variable in variables)):
        yield dict(zip(names, values, strict=True))


def _values(variable: Json, prometheus: Prometheus) -> list[str]:
    if variable.get("hide") == HIDDEN:
        return [variable["current"]["value"]]
    if variable["type"] == "custom":
        return [option["value"] for option in variable["options"]]
    query = _LABEL_VALUES.fullmatch(variable["query"])
    if query is None:
        raise ValueError(
            f"variable {variable['name']!r} has the query {variable['query']!r}, "
            "expected label_values(series, label)"
        )
    return prometheus.label_values(query["series"], query["label"])
