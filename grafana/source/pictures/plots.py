"""Draw one panel with matplotlib, from the results of its queries."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes

from grafana.source.pictures.dashboard_json import Target
from grafana.source.pictures.formatting import format_field, threshold_colour
from grafana.source.pictures.prometheus import Prometheus, Series
from grafana.source.pictures.style import (
    BODY,
    FAINT,
    INK,
    LARGE,
    MIDDLE,
    RULE,
    SMALL,
    Panel,
    draw_empty,
    hide_spines,
)
from grafana.source.pictures.time_series import TimeRange, draw_time_series

LETTER = 0.062
"""Width of a letter in the small font size, in inches."""

Newest = Sequence[tuple[str, Series, float]]
"""The legend text, labels and newest value of each series."""


def draw_panel(
    axes: Axes,
    panel: Panel,
    targets: Sequence[Target],
    prometheus: Prometheus,
    time_range: TimeRange,
) -> None:
    """Draw one panel.

    Parameters
    ----------
    axes : Axes
        Axes for the panel's content.
    panel : mapping
        JSON of the panel.
    targets : sequence of Target
        Queries of the panel.
    prometheus : Prometheus
        Server to query.
    time_range : TimeRange
        Time range of a time series; other panels show the values at its end.
    """
    if panel["type"] == "timeseries":
        draw_time_series(axes, panel, targets, prometheus, time_range)
        return
    if panel["type"] == "text":
        _draw_text(axes, panel)
        return
    newest = [
        (target.label(series), series, value)
        for target in targets
        for series, value in prometheus.query(target.expr, time_range.end)
    ]
    no_number = panel["type"] == "stat" and not any(math.isfinite(value) for *_, value in newest)
    if not newest or no_number:
        draw_empty(axes, panel)
    else:
        _DRAW_NEWEST[panel["type"]](axes, panel, newest)


def _draw_text(axes: Axes, panel: Panel) -> None:
    """Draw the text of a panel, with the names of its links only."""
    axes.set_axis_off()
    text = re.sub(r"\[([^]]+)]\([^)]*\)", r"\1", panel["options"]["content"])
    style: dict[str, Any] = {"fontsize": BODY, "color": INK, "va": "top"}
    axes.text(0, 1, text.replace("- ", "• "), **style, linespacing=2.4)


def _draw_stat(axes: Axes, panel: Panel, newest: Newest) -> None:
    axes.set_axis_off()
    fields = panel["fieldConfig"]["defaults"]
    name_only = panel["options"]["textMode"] == "name"
    columns = min(len(newest), max(2, math.ceil(panel["gridPos"]["w"] / 2)))
    lines = math.ceil(len(newest) / columns)
    for number, (name, _, value) in enumerate(newest):
        x = (number % columns + 0.5) / columns
        y = 1 - (number // columns + 0.5) / lines
        text = name if name_only else format_field(value, fields)
        size = LARGE if len(text) < 10 and columns < 4 and lines == 1 else MIDDLE
        style: dict[str, Any] = {"ha": "center", "color": threshold_colour(value, fields)}
        axes.text(x, y, text, va="center", fontsize=size, fontweight="bold", **style)
        if name and not name_only and len(newest) > 1:
            below: dict[str, Any] = {"xytext": (0, -0.7 * size), "textcoords": "offset points"}
            below |= {"va": "top", "ha": "center", "fontsize": SMALL, "color": FAINT}
            axes.annotate(name, (x, y), **below)


def _draw_bar_gauge(axes: Axes, panel: Panel, newest: Newest) -> None:
    fields = panel["fieldConfig"]["defaults"]
    names = [name for name, _, _ in newest]
    values = [value if math.isfinite(value) else 0.0 for _, _, value in newest]
    positions = range(len(newest), 0, -1)
    top = fields.get("max") or max([*values, 1e-9])
    _widen_left_margin(axes, max(map(len, names)))
    axes.barh(positions, [top] * len(newest), color="#f1f3f5", height=0.62)
    colours = [threshold_colour(value, fields) for value in values]
    axes.barh(positions, values, color=colours, height=0.62)
    texts = [format_field(value, fields) for *_, value in newest]
    for y, text in zip(positions, texts, strict=True):
        axes.text(top * 1.02, y, text, va="center", fontsize=SMALL, color=INK)
    share = min(0.5, max(map(len, texts)) * LETTER / _inches(axes))
    axes.set_xlim(0, top * 1.02 / (1 - share))
    axes.set_yticks(list(positions), names, fontsize=SMALL, color=INK)
    axes.set_xticks([])
    axes.tick_params(length=0)
    hide_spines(axes)


def _widen_left_margin(axes: Axes, letters: int) -> None:
    """Move the left edge of the axes to the right, so that names of this length fit."""
    position = axes.get_position()
    margin = position.width * min(letters * LETTER / _inches(axes), 0.6)
    axes.set_position((position.x0 + margin, position.y0, position.width - margin, position.height))


def _inches(axes: Axes) -> float:
    """Return the width of the axes in inches."""
    return float(axes.get_window_extent().width / axes.figure.dpi)


def _draw_table(axes: Axes, panel: Panel, newest: Newest) -> None:
    axes.set_axis_off()
    fields = panel["fieldConfig"]["defaults"]
    keep, order = (one["options"] for one in panel["transformations"])
    columns = keep["include"]["names"]
    headings = [order["renameByName"][name] for name in columns]
    cells = [
        [format_field(value, fields) if name == "Value" else series.get(name, "")
         for name in columns]
        for _, series, value in newest
    ]  # fmt: skip
    table = axes.table(
        cells, colLabels=headings, loc="upper left", cellLoc="left", edges="horizontal"
    )
    table.auto_set_font_size(False)
    table.set_fontsize(SMALL)
    table.auto_set_column_width(list(range(len(columns))))
    for (line, _), cell in table.get_celld().items():
        cell.set_edgecolor(RULE)
        cell.get_text().set_color(FAINT if line == 0 else INK)


_DRAW_NEWEST: Mapping[str, Callable[[Axes, Panel, Newest], None]] = {
    "stat": _draw_stat,
    "bargauge": _draw_bar_gauge,
    "table": _draw_table,
}
