"""Build the JSON of one dashboard: rows, panel ids, layout, variables and links."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as models

from grafana.source.panels import DATASOURCE, RUNBOOKS, Panel

TAG = "readmission"
MODEL_CHANGE = (
    "max by (model_version) (model_info == 1)"
    " unless max by (model_version) (model_info offset 1m == 1)"
)
"""Has a sample for one minute after the API loads another model version."""


@dataclass(frozen=True)
class Row:
    """A dashboard row: panels under one heading."""

    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True)
class Variable:
    """A dashboard variable, which the reader sets and queries use as ``$name``.

    Parameters
    ----------
    name : str
        Name in queries.
    label : str
        Name on the page.
    default : str
        Initial value.
    values : sequence of str
        Values to choose from, if they are fixed.
    query : str
        Prometheus query that returns the values, if they are not fixed.
    hidden : bool
        Whether the reader cannot see it, because it is for links.
    """

    name: str
    label: str
    default: str
    values: Sequence[str] = ()
    query: str = ""
    hidden: bool = False

    def build(self) -> dashboard.CustomVariable | dashboard.QueryVariable:
        """Return the builder of this variable."""
        default = models.VariableOption(text=self.default, value=self.default, selected=True)
        if self.query:
            queried = dashboard.QueryVariable(self.name).label(self.label).query(self.query)
            if self.hidden:
                queried = queried.hide(models.VariableHide.HIDE_VARIABLE)
            refresh = models.VariableRefresh.ON_DASHBOARD_LOAD
            sort = models.VariableSort.ALPHABETICAL_ASC
            return queried.datasource(DATASOURCE).refresh(refresh).sort(sort).current(default)
        options = [
            models.VariableOption(text=value, value=value, selected=value == self.default)
            for value in self.values
        ]
        fixed = dashboard.CustomVariable(self.name).label(self.label).options(options)
        return fixed.values(",".join(self.values)).current(default)


def page_address(name: str, label: str) -> Variable:
    """Return a hidden variable with the address of a page, which the exporter knows."""
    query = f'label_values(readmission_page_info{{page="{name}"}}, url)'
    return Variable(name, label, "http://127.0.0.1", query=query, hidden=True)


@dataclass(frozen=True)
class Board:
    """One dashboard.

    Parameters
    ----------
    name : str
        Name of the JSON file; the dashboard's uid is ``readmission-<name>``.
    title, description : str
        Text on the page.
    rows : sequence of Row
        Rows from top to bottom.
    variables : sequence of Variable
        Variables that the reader can set.
    since : str
        Start of the initial time range.
    """

    name: str
    title: str
    description: str
    rows: Sequence[Row]
    variables: Sequence[Variable] = ()
    since: str = "now-3h"

    def json(self) -> str:
        """Return the JSON that Grafana provisions."""
        built = self._without_panels()
        ids = iter(range(1, 1_000))
        for row in self.rows:
            built.with_row(dashboard.Row(row.title).id(next(ids)))
            for panel in row.panels:
                built.with_panel(panel.id(next(ids)))
        return json.dumps(built.build(), cls=JSONEncoder, indent=2, sort_keys=True) + "\n"

    def _all_variables(self) -> list[Variable]:
        return [*self.variables, page_address(RUNBOOKS, "Runbooks")]

    def _without_panels(self) -> dashboard.Dashboard:
        others = dashboard.DashboardLink("Other dashboards").tags([TAG]).keep_time(True)
        built = dashboard.Dashboard(self.title).uid(f"{TAG}-{self.name}").tags([TAG])
        return (
            built.description(self.description)
            .link(others.type(models.DashboardLinkType.DASHBOARDS))
            .annotation(_model_change())
            .tooltip(models.DashboardCursorSync.CROSSHAIR)
            .variables([variable.build() for variable in self._all_variables()])
            .time(self.since, "now")
            .timezone("browser")
            .refresh("30s")
            .readonly()
        )


def _model_change() -> dashboard.AnnotationQuery:
    """Return the annotation that marks promotions and rollbacks in every graph."""
    annotation = dashboard.AnnotationQuery().name("Model version changed").expr(MODEL_CHANGE)
    return annotation.datasource(DATASOURCE).enable(True).icon_color("purple")
