"""A dashboard as one matplotlib figure, with the panels where Grafana puts them."""

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from grafana.source.pictures.dashboard_json import default_variables, substitute, targets
from grafana.source.pictures.plots import draw_panel
from grafana.source.pictures.prometheus import Prometheus
from grafana.source.pictures.style import BODY, FAINT, INK, RULE
from grafana.source.pictures.time_series import TimeRange

COLUMN, LINE = 0.6, 0.34
"""Width and height of a cell of Grafana's grid, in inches."""
COLUMNS = 24
TOP = 0.75
"""Height of the heading, in inches."""
DISCLAIMER = "Drawn by matplotlib from the panels' own queries; not a screenshot of Grafana."
# Inches around the content of a panel: left, right, bottom, top.
MARGINS = {
    "timeseries": (0.62, 0.15, 0.78, 0.36),
    "bargauge": (0.15, 0.1, 0.12, 0.36),
    "stat": (0.1, 0.1, 0.1, 0.3),
    "table": (0.15, 0.15, 0.1, 0.4),
    "text": (0.15, 0.15, 0.1, 0.4),
}


class DashboardFigure:
    """A figure with a heading and an empty frame for each panel.

    Parameters
    ----------
    dashboard : mapping
        JSON of the dashboard.
    """

    def __init__(self, dashboard: Mapping[str, Any]) -> None:
        lines = max(p["gridPos"]["y"] + p["gridPos"]["h"] for p in dashboard["panels"])
        self.width, self.height = COLUMNS * COLUMN + 0.2, lines * LINE + TOP + 0.1
        self.figure = Figure(figsize=(self.width, self.height), facecolor="#f6f8fa")
        title = {"fontsize": 15, "fontweight": "bold", "color": INK, "va": "center"}
        self._write(0.15, TOP * 0.62, dashboard["title"], **title)
        subtitle = f"{dashboard['description']}  {DISCLAIMER}"
        self._write(0.15, TOP * 0.2, subtitle, fontsize=BODY, color=FAINT)

    def _write(self, x: float, y: float, text: str, **style: Any) -> None:
        """Write into the heading; `x` and `y` are inches from its lower left corner."""
        self.figure.text(x / self.width, 1 - (TOP - y) / self.height, text, **style)

    def row_heading(self, position: Mapping[str, int], text: str) -> None:
        """Write the heading of a row."""
        y = 1 - (TOP + (position["y"] + 0.5) * LINE) / self.height
        style: dict[str, Any] = {"fontsize": 11, "fontweight": "bold", "color": INK}
        self.figure.text(0.15 / self.width, y, text, va="center", **style)

    def panel_axes(self, panel: Mapping[str, Any]) -> Axes:
        """Draw the frame and title of a panel and return axes for its content."""
        position = panel["gridPos"]
        x, width = 0.1 + position["x"] * COLUMN, position["w"] * COLUMN
        height = position["h"] * LINE
        y = self.height - TOP - position["y"] * LINE - height
        frame = FancyBboxPatch(
            ((x + 0.05) / self.width, (y + 0.05) / self.height),
            (width - 0.1) / self.width, (height - 0.1) / self.height,
            boxstyle="round,pad=0,rounding_size=0.002",
            facecolor="white", edgecolor=RULE, transform=self.figure.transFigure,
            zorder=-1,
        )  # fmt: skip
        self.figure.add_artist(frame)
        corner = (x + 0.15) / self.width, (y + height - 0.13) / self.height
        style: dict[str, Any] = {"fontsize": BODY, "fontweight": "bold", "color": INK, "va": "top"}
        self.figure.text(*corner, panel["title"], **style)
        left, right, bottom, top = MARGINS[panel["type"]]
        content = (
            (x + left) / self.width, (y + bottom) / self.height,
            (width - left - right) / self.width, (height - bottom - top) / self.height,
        )  # fmt: skip
        return self.figure.add_axes(content)


def draw_dashboard(
    dashboard: Mapping[str, Any], prometheus: Prometheus, time_range: TimeRange
) -> Figure:
    """Draw a dashboard with the initial values of its variables.

    Parameters
    ----------
    dashboard : mapping
        JSON of the dashboard.
    prometheus : Prometheus
        Server to query.
    time_range : TimeRange
        Time range to show.
    """
    built, variables = DashboardFigure(dashboard), default_variables(dashboard)
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            built.row_heading(panel["gridPos"], substitute(panel["title"], variables))
        else:
            axes = built.panel_axes(panel)
            draw_panel(axes, panel, targets(panel, variables), prometheus, time_range)
    return built.figure
