"""Draw a time series panel with matplotlib."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator

from grafana.source.pictures.dashboard_json import Target
from grafana.source.pictures.formatting import COLOURS, format_field, format_value, tick_step
from grafana.source.pictures.prometheus import Prometheus
from grafana.source.pictures.style import (
    FAINT,
    INK,
    PALETTE,
    RULE,
    SMALL,
    Panel,
    draw_empty,
    hide_spines,
)

HEADROOM = 0.06
"""Space above the largest value, as a share of the axis."""
LEGEND_ROWS = 3
LEGEND_COLUMN = 3
"""Width of a legend entry, in columns of Grafana's grid."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TimeRange:
    """A time range with points at a fixed step; start and end are Unix times in seconds."""

    start: float
    end: float
    step: float

    @property
    def times(self) -> Floats:
        """Times of all points, from start to end."""
        return np.arange(self.start, self.end + self.step / 2, self.step)


def draw_time_series(
    axes: Axes,
    panel: Panel,
    targets: Sequence[Target],
    prometheus: Prometheus,
    time_range: TimeRange,
) -> None:
    """Draw every series of a panel as a line, or as an area if the panel stacks them."""
    found = _over_time(targets, prometheus, time_range)
    if not found:
        draw_empty(axes, panel)
        return
    fields = panel["fieldConfig"]["defaults"]
    times: Any = time_range.times.astype("datetime64[s]")
    labelled = [(f"{name}  {format_field(_last(y), fields)}", y) for name, y in found]
    if fields["custom"].get("stacking", {}).get("mode") == "normal":
        _draw_areas(axes, times, labelled)
    else:
        _draw_lines(axes, times, labelled)
    axes.set_xlim(times[0], times[-1])
    _format_axes(axes, fields)
    _draw_legend(axes, panel["gridPos"]["w"] // LEGEND_COLUMN)


def _draw_lines(axes: Axes, times: Any, found: Sequence[tuple[str, Floats]]) -> None:
    for colour, (label, values) in zip(cycle(PALETTE), found, strict=False):
        axes.plot(times, values, color=colour, linewidth=1.4, label=label)


def _draw_areas(axes: Axes, times: Any, found: Sequence[tuple[str, Floats]]) -> None:
    total = np.zeros(len(times))
    for colour, (label, values) in zip(cycle(PALETTE), found, strict=False):
        top = total + np.nan_to_num(values)
        axes.fill_between(times, total, top, color=colour, alpha=0.55, linewidth=0, label=label)
        total = top


def _over_time(
    targets: Sequence[Target], prometheus: Prometheus, time_range: TimeRange
) -> list[tuple[str, Floats]]:
    """Return the legend text and values of each series; points without a sample are NaN."""
    start, end, step = time_range.start, time_range.end, time_range.step
    found = []
    for target in targets:
        for series, points in prometheus.query_range(target.expr, start, end, step):
            values = np.full(len(time_range.times), np.nan)
            for at, value in points:
                values[round((at - start) / step)] = value
            found.append((target.label(series), values))
    return [(name, values) for name, values in found if np.isfinite(values).any()]


def _last(values: Floats) -> float:
    return float(values[np.isfinite(values)][-1])


def _format_axes(axes: Axes, fields: Mapping[str, Any]) -> None:
    """Apply the panel's limits, unit and thresholds."""
    low, high = axes.dataLim.intervaly
    bottom = fields.get("min", low - HEADROOM * (high - low))
    top = fields.get("max", high + HEADROOM * (high - bottom))
    if not top > bottom:
        # A constant line: extend the axis by 1 on the side that has no fixed limit.
        bottom, top = (top - 1, top) if "max" in fields else (bottom, bottom + 1)
    axes.set_ylim(bottom, top)
    for limit in fields.get("thresholds", {}).get("steps", ()):
        if limit["value"] is not None and bottom < limit["value"] < top:
            colour = COLOURS[limit["color"]]
            axes.axhline(limit["value"], color=colour, linestyle="--", linewidth=0.8)
    unit = fields["unit"]
    step = tick_step(top - bottom, unit)
    axes.yaxis.set_major_locator(MultipleLocator(step) if step else MaxNLocator(4))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: format_value(value, unit)))
    locator = AutoDateLocator(minticks=3, maxticks=6)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    dates = ConciseDateFormatter(locator, show_offset=False)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_formatter(dates)
    axes.tick_params(labelsize=SMALL, colors=FAINT, length=0)
    axes.grid(color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    hide_spines(axes)


def _draw_legend(axes: Axes, columns: int) -> None:
    handles, labels = axes.get_legend_handles_labels()
    limit, count = columns * LEGEND_ROWS, len(labels)
    if count > limit:
        handles, labels = handles[:limit], [*labels[: limit - 1], f"and {count - limit + 1} more"]
    axes.legend(
        handles, labels, loc="upper left", bbox_to_anchor=(-0.02, -0.13), frameon=False,
        ncols=columns, fontsize=SMALL, labelcolor=INK,
        handlelength=0.9, columnspacing=1.0, handletextpad=0.4, borderpad=0.1, labelspacing=0.3,
    )  # fmt: skip
