"""Colours, font sizes and small helpers that all plots share."""

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes

INK, FAINT, RULE = "#24292f", "#6e7781", "#e4e7eb"
PALETTE = (
    *("#2f6fd0", "#e07b16", "#3d9a50", "#b14fc5", "#d5344a", "#1b9aaa", "#8a6d3b", "#7a7f87"),
    *("#f2b134", "#5b4fc9"),
)
SMALL, BODY, MIDDLE, LARGE = 7, 8, 12, 17
"""Font sizes."""

Panel = Mapping[str, Any]
"""JSON of a panel."""


def draw_empty(axes: Axes, panel: Panel) -> None:
    """Show the panel's text for no data."""
    axes.set_axis_off()
    text = panel["fieldConfig"]["defaults"]["noValue"]
    axes.text(0.5, 0.5, text, ha="center", va="center", color=FAINT, fontsize=BODY, wrap=True)


def hide_spines(axes: Axes) -> None:
    """Hide the frame of the axes."""
    for spine in axes.spines.values():
        spine.set_visible(False)
