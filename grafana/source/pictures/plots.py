"""One panel drawn by matplotlib, from what its queries give."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.ticker import FuncFormatter, MaxNLocator

from grafana.source.pictures.formatting import COLOURS, colour, shown, worded
from grafana.source.pictures.prometheus import Prometheus, Target

INK, FAINT, RULE = "#24292f", "#6e7781", "#e4e7eb"
PALETTE = (
    *("#2f6fd0", "#e07b16", "#3d9a50", "#b14fc5", "#d5344a", "#1b9aaa", "#8a6d3b", "#7a7f87"),
    *("#f2b134", "#5b4fc9"),
)
SMALL, BODY, MIDDLE, LARGE = 7, 8, 12, 17
LETTER = 0.062
"""Inches that a small letter is wide."""
HEADROOM = 0.06
"""Share of an axis above what is drawn."""
LEGEND_ROWS = 3
LEGEND_COLUMN = 3
"""Columns of Grafana's grid that a name takes."""

Panel = Mapping[str, Any]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Span:
    """The time that is shown, in seconds since 1970."""

    start: float
    end: float
    step: float

    @property
    def times(self) -> Floats:
        """Moments at which Prometheus is asked."""
        return np.arange(self.start, self.end + self.step / 2, self.step)


def draw(
    axes: Axes, panel: Panel, targets: Sequence[Target], asked: Prometheus, span: Span
) -> None:
    """Draw one panel.

    Parameters
    ----------
    axes : Axes
        Where to draw.
    panel : mapping
        As in a dashboard's JSON.
    targets : sequence of Target
        Its queries, ready to be asked.
    asked : Prometheus
        Who is asked.
    span : Span
        The time that is shown.
    """
    if panel["type"] == "timeseries":
        _draw_lines(axes, panel, _over_time(targets, asked, span), span)
        return
    found = [
        (target.label(series), series, value)
        for target in targets
        for series, value in asked.newest(target.expr, span.end)
    ]
    if found:
        _NEWEST[panel["type"]](axes, panel, found)
    else:
        _say_empty(axes, panel)


def _over_time(
    targets: Sequence[Target], asked: Prometheus, span: Span
) -> list[tuple[str, Floats]]:
    found = []
    for target in targets:
        for series, points in asked.over_time(target.expr, span.start, span.end, span.step):
            values = np.full(len(span.times), np.nan)
            for at, value in points:
                values[round((at - span.start) / span.step)] = value
            found.append((target.label(series), values))
    return [(name, values) for name, values in found if np.isfinite(values).any()]


def _say_empty(axes: Axes, panel: Panel) -> None:
    axes.set_axis_off()
    text = panel["fieldConfig"]["defaults"]["noValue"]
    axes.text(0.5, 0.5, text, ha="center", va="center", color=FAINT, fontsize=BODY, wrap=True)


def _draw_lines(axes: Axes, panel: Panel, found: Sequence[tuple[str, Floats]], span: Span) -> None:
    if not found:
        _say_empty(axes, panel)
        return
    fields = panel["fieldConfig"]["defaults"]
    moments: Any = span.times.astype("datetime64[s]")
    whole = np.zeros(len(moments))
    stacked = fields["custom"].get("stacking", {}).get("mode") == "normal"
    for number, (name, values) in enumerate(found):
        tint = PALETTE[number % len(PALETTE)]
        label = f"{name}  {shown(_last(values), fields)}"
        if stacked:
            parts = np.nan_to_num(values)
            _pile(axes, moments, whole, parts, tint, label)
            whole = whole + parts
        else:
            axes.plot(moments, values, color=tint, linewidth=1.4, label=label)
    axes.set_xlim(moments[0], moments[-1])
    _scale(axes, fields)
    _legend(axes, panel["gridPos"]["w"] // LEGEND_COLUMN)


def _pile(axes: Axes, moments: Any, below: Floats, parts: Floats, tint: str, label: str) -> None:
    """Draw one part of a whole upon the others."""
    axes.fill_between(
        moments, below, below + parts, color=tint, alpha=0.55, linewidth=0, label=label
    )


def _last(values: Floats) -> float:
    return float(values[np.isfinite(values)][-1])


def _scale(axes: Axes, fields: Mapping[str, Any]) -> None:
    """Give the axes Grafana's limits, unit and thresholds."""
    low, high = axes.dataLim.intervaly
    bottom = fields.get("min", low - HEADROOM * (high - low))
    top = fields.get("max", high + HEADROOM * (high - bottom))
    if not top > bottom:
        # A line that never moves: one unit of room, on the side that is not fixed.
        bottom, top = (top - 1, top) if "max" in fields else (bottom, bottom + 1)
    axes.set_ylim(bottom, top)
    for step in fields.get("thresholds", {}).get("steps", ()):
        if step["value"] is not None and bottom < step["value"] < top:
            axes.axhline(step["value"], color=COLOURS[step["color"]], linestyle="--", linewidth=0.8)
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: worded(value, fields["unit"])))
    locator = AutoDateLocator(minticks=3, maxticks=6)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    written = ConciseDateFormatter(locator, show_offset=False)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_formatter(written)
    axes.tick_params(labelsize=SMALL, colors=FAINT, length=0)
    axes.grid(color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _legend(axes: Axes, columns: int) -> None:
    handles, labels = axes.get_legend_handles_labels()
    room, count = columns * LEGEND_ROWS, len(labels)
    if count > room:
        handles, labels = handles[:room], [*labels[: room - 1], f"and {count - room + 1} more"]
    axes.legend(
        handles, labels, loc="upper left", bbox_to_anchor=(-0.02, -0.13), frameon=False,
        ncols=columns, fontsize=SMALL, labelcolor=INK,
        handlelength=0.9, columnspacing=1.0, handletextpad=0.4, borderpad=0.1, labelspacing=0.3,
    )  # fmt: skip


Newest = Sequence[tuple[str, Mapping[str, str], float]]


def _draw_numbers(axes: Axes, panel: Panel, found: Newest) -> None:
    axes.set_axis_off()
    fields = panel["fieldConfig"]["defaults"]
    name_only = panel["options"]["textMode"] == "name"
    columns = min(len(found), max(2, math.ceil(panel["gridPos"]["w"] / 2)))
    lines = math.ceil(len(found) / columns)
    for number, (name, _, value) in enumerate(found):
        x = (number % columns + 0.5) / columns
        y = 1 - (number // columns + 0.5) / lines
        text = name if name_only else shown(value, fields)
        size = LARGE if len(text) < 10 and columns < 4 and lines == 1 else MIDDLE
        kind: dict[str, Any] = {"ha": "center", "color": colour(value, fields)}
        axes.text(x, y, text, va="center", fontsize=size, fontweight="bold", **kind)
        if name and not name_only and len(found) > 1:
            below: dict[str, Any] = {"xytext": (0, -0.7 * size), "textcoords": "offset points"}
            below |= {"va": "top", "ha": "center", "fontsize": SMALL, "color": FAINT}
            axes.annotate(name, (x, y), **below)


def _draw_ranking(axes: Axes, panel: Panel, found: Newest) -> None:
    fields = panel["fieldConfig"]["defaults"]
    names = [name for name, _, _ in found]
    values = [value if math.isfinite(value) else 0.0 for _, _, value in found]
    places = range(len(found), 0, -1)
    top = fields.get("max") or max([*values, 1e-9])
    _make_room(axes, max(map(len, names)))
    axes.barh(places, [top] * len(found), color="#f1f3f5", height=0.62)
    axes.barh(places, values, color=[colour(value, fields) for value in values], height=0.62)
    for place, (_, _, value) in zip(places, found, strict=True):
        axes.text(top * 1.02, place, shown(value, fields), va="center", fontsize=SMALL, color=INK)
    axes.set_xlim(0, top * 1.18)
    axes.set_yticks(list(places), names, fontsize=SMALL, color=INK)
    axes.set_xticks([])
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _make_room(axes: Axes, letters: int) -> None:
    """Move the left edge so far to the right that names of this length fit."""
    place = axes.get_position()
    inches = axes.get_window_extent().width / axes.figure.dpi
    room = place.width * min(letters * LETTER / inches, 0.6)
    axes.set_position((place.x0 + room, place.y0, place.width - room, place.height))


def _draw_rows(axes: Axes, panel: Panel, found: Newest) -> None:
    axes.set_axis_off()
    fields = panel["fieldConfig"]["defaults"]
    keep, order = (one["options"] for one in panel["transformations"])
    columns = keep["include"]["names"]
    heads = [order["renameByName"][name] for name in columns]
    cells = [
        [series.get(name, "") if name != "Value" else shown(value, fields) for name in columns]
        for _, series, value in found
    ]
    table = axes.table(cells, colLabels=heads, loc="upper left", cellLoc="left", edges="horizontal")
    table.auto_set_font_size(False)
    table.set_fontsize(SMALL)
    table.auto_set_column_width(list(range(len(columns))))
    for (line, _), cell in table.get_celld().items():
        cell.set_edgecolor(RULE)
        cell.get_text().set_color(FAINT if line == 0 else INK)


_NEWEST: Mapping[str, Callable[[Axes, Panel, Newest], None]] = {
    "stat": _draw_numbers,
    "bargauge": _draw_ranking,
    "table": _draw_rows,
}
