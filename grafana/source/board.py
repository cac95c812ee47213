"""How panels become a dashboard: rows, numbers, places, links and the JSON that Grafana reads."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as models

from grafana.source.panels import DATASOURCE, Panel

TAG = "readmission"
NEW_MODEL = (
    "max by (model_version) (model_info == 1)"
    " unless max by (model_version) (model_info offset 1m == 1)"
)
"""One for a minute after the service has loaded another version."""


@dataclass(frozen=True)
class Row:
    """Panels under one heading."""

    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True)
class Choice:
    """Something the reader chooses, which queries name as ``$name``.

    Parameters
    ----------
    name, label : str
        In queries, and on the page.
    default : str
        What is chosen first.
    values : sequence of str
        What can be chosen, where that is fixed.
    query : str
        Where it is not: what asks Prometheus for the values.
    """

    name: str
    label: str
    default: str
    values: Sequence[str] = ()
    query: str = ""

    def variable(self) -> dashboard.CustomVariable | dashboard.QueryVariable:
        """Return Grafana's form of it."""
        first = models.VariableOption(text=self.default, value=self.default, selected=True)
        if self.query:
            asked = dashboard.QueryVariable(self.name).label(self.label).query(self.query)
            refresh = models.VariableRefresh.ON_DASHBOARD_LOAD
            sort = models.VariableSort.ALPHABETICAL_ASC
            return asked.datasource(DATASOURCE).refresh(refresh).sort(sort).current(first)
        options = [
            models.VariableOption(text=value, value=value, selected=value == self.default)
            for value in self.values
        ]
        fixed = dashboard.CustomVariable(self.name).label(self.label).options(options)
        return fixed.values(",".join(self.values)).current(first)


@dataclass(frozen=True)
class Board:
    """One dashboard.

    Parameters
    ----------
    name : str
        Of its file; its uid is ``readmission-<name>``.
    title, description : str
        For the reader.
    rows : sequence of Row
        From top to bottom.
    choices : sequence of Choice
        What the reader may choose.
    since : str
        Start of the time that is shown at first.
    """

    name: str
    title: str
    description: str
    rows: Sequence[Row]
    choices: Sequence[Choice] = ()
    since: str = "now-3h"

    def json(self) -> str:
        """Return what Grafana provisions."""
        built = self._empty()
        ids = iter(range(1, 1_000))
        for row in self.rows:
            built.with_row(dashboard.Row(row.title).id(next(ids)))
            for panel in row.panels:
                built.with_panel(panel.id(next(ids)))
        return json.dumps(built.build(), cls=JSONEncoder, indent=2, sort_keys=True) + "\n"

    def _empty(self) -> dashboard.Dashboard:
        others = dashboard.DashboardLink("Other dashboards").tags([TAG]).keep_time(True)
        built = dashboard.Dashboard(self.title).uid(f"{TAG}-{self.name}").tags([TAG])
        return (
            built.description(self.description)
            .link(others.type(models.DashboardLinkType.DASHBOARDS))
            .annotation(_new_model())
            .tooltip(models.DashboardCursorSync.CROSSHAIR)
            .variables([choice.variable() for choice in self.choices])
            .time(self.since, "now")
            .timezone("browser")
            .refresh("30s")
            .readonly()
        )


def _new_model() -> dashboard.AnnotationQuery:
    """Mark promotions and rollbacks in every graph."""
    mark = dashboard.AnnotationQuery().name("Another model answers").expr(NEW_MODEL)
    return mark.datasource(DATASOURCE).enable(True).icon_color("purple")
