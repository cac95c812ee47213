"""Pictures for the README: `python -m grafana.source.pictures http://127.0.0.1:9090 docs/images`.

They show what the panels' queries give, arranged as Grafana arranges the panels, and say
that they are no screenshots.
"""

import argparse
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from grafana.source.__main__ import FOLDER
from grafana.source.drawing import BODY, FAINT, INK, RULE, Span, draw
from grafana.source.prometheus import Prometheus, fill_in, first_choices, targets

COLUMN, LINE = 0.6, 0.34
"""Inches of a unit of Grafana's grid."""
COLUMNS = 24
TOP = 0.75
"""Inches for the heading."""
DPI = 100
POINTS = 240
SCRAPE_INTERVAL = 15
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


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="of Prometheus")
    parser.add_argument("folder", type=Path, help="where the pictures go")
    parser.add_argument("--minutes", type=int, default=60, help="that are shown")
    arguments = parser.parse_args()
    seconds, end = 60 * arguments.minutes, time.time()
    span = Span(end - seconds, end, max(SCRAPE_INTERVAL, seconds // POINTS))
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with Prometheus(arguments.url) as asked:
        for path in sorted(FOLDER.glob("*.json")):
            figure = picture(json.loads(path.read_text()), asked, span)
            figure.savefig(arguments.folder / f"dashboard-{path.stem}.png", dpi=DPI)


if __name__ == "__main__":
    main()
