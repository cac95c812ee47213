"""A dashboard as one matplotlib figure, with the panels where Grafana puts them."""

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from grafana.source.pictures.plots import BODY, FAINT, INK, RULE, Span, draw
from grafana.source.pictures.prometheus import Prometheus, fill_in, first_choices, targets

COLUMN, LINE = 0.6, 0.34
"""Inches of a unit of Grafana's grid."""
COLUMNS = 24
TOP = 0.75
"""Inches for the heading."""
LABEL = "Drawn by matplotlib from the panels' own queries; not a screenshot of Grafana."
# Inches around what a panel shows: left, right, bottom, top.
MARGINS = {
    "timeseries": (0.62, 0.15, 0.78, 0.36),
    "bargauge": (0.15, 0.1, 0.12, 0.36),
    "stat": (0.1, 0.1, 0.1, 0.3),
    "table": (0.15, 0.15, 0.1, 0.4),
}


class Sheet:
    """A figure with Grafana's grid.

    Parameters
    ----------
    board : mapping
        A dashboard's JSON.
    """

    def __init__(self, board: Mapping[str, Any]) -> None:
        lines = max(p["gridPos"]["y"] + p["gridPos"]["h"] for p in board["panels"])
        self.width, self.height = COLUMNS * COLUMN + 0.2, lines * LINE + TOP + 0.1
        self.figure = Figure(figsize=(self.width, self.height), facecolor="#f6f8fa")
        title = {"fontsize": 15, "fontweight": "bold", "color": INK, "va": "center"}
        self._write(0.15, TOP * 0.62, board["title"], **title)
        self._write(0.15, TOP * 0.2, f"{board['description']}  {LABEL}", fontsize=BODY, color=FAINT)

    def _write(self, x: float, above: float, text: str, **how: Any) -> None:
        self.figure.text(x / self.width, 1 - (TOP - above) / self.height, text, **how)

    def heading(self, place: Mapping[str, int], text: str) -> None:
        """Write the heading of a row."""
        y = 1 - (TOP + (place["y"] + 0.5) * LINE) / self.height
        how: dict[str, Any] = {"fontsize": 11, "fontweight": "bold", "color": INK}
        self.figure.text(0.15 / self.width, y, text, va="center", **how)

    def card(self, panel: Mapping[str, Any]) -> Axes:
        """Draw the frame of a panel with its title; return what is inside."""
        place = panel["gridPos"]
        x, width = 0.1 + place["x"] * COLUMN, place["w"] * COLUMN
        height = place["h"] * LINE
        y = self.height - TOP - place["y"] * LINE - height
        frame = FancyBboxPatch(
            ((x + 0.05) / self.width, (y + 0.05) / self.height),
            (width - 0.1) / self.width, (height - 0.1) / self.height,
            boxstyle="round,pad=0,rounding_size=0.002",
            facecolor="white", edgecolor=RULE, transform=self.figure.transFigure,
            zorder=-1,
        )  # fmt: skip
        self.figure.add_artist(frame)
        spot = (x + 0.15) / self.width, (y + height - 0.13) / self.height
        how: dict[str, Any] = {"fontsize": BODY, "fontweight": "bold", "color": INK, "va": "top"}
        self.figure.text(*spot, panel["title"], **how)
        left, right, bottom, top = MARGINS[panel["type"]]
        inside = (
            (x + left) / self.width, (y + bottom) / self.height,
            (width - left - right) / self.width, (height - bottom - top) / self.height,
        )  # fmt: skip
        return self.figure.add_axes(inside)


def picture(board: Mapping[str, Any], asked: Prometheus, span: Span) -> Figure:
    """Draw a dashboard.

    Parameters
    ----------
    board : mapping
        A dashboard's JSON.
    asked : Prometheus
        Who is asked.
    span : Span
        The time that is shown.
    """
    sheet, chosen = Sheet(board), first_choices(board)
    for panel in board["panels"]:
        if panel["type"] == "row":
            sheet.heading(panel["gridPos"], fill_in(panel["title"], chosen))
        else:
            draw(sheet.card(panel), panel, targets(panel, chosen), asked, span)
    return sheet.figure
