"""How Grafana writes a number: in its unit, with the steps a reader knows."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

COLOURS = {"green": "#3d9a50", "orange": "#e07b16", "red": "#d5344a", "blue": "#2f6fd0"}

_TIMES = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"), (1e-3, "ms"), (1e-6, "µs"))
_BYTES = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"), (1, "B"))
_COUNTS = ((1e9, "Bil"), (1e6, "Mil"), (1e3, "K"), (1, ""))
_SUFFIX = "suffix:"


def worded(value: float, unit: str, decimals: int | None = None) -> str:
    """Return a value as a reader sees it.

    Parameters
    ----------
    value : float
        In the unit's base.
    unit : str
        One of Grafana's units.
    decimals : int, optional
        Digits after the point; three figures without it.
    """
    if unit == "percentunit":
        return f"{_figures(value * 100, decimals)} %"
    if unit == "s":
        return _stepped(value, _TIMES, decimals)
    if unit == "bytes":
        return _stepped(value, _BYTES, decimals)
    if unit == "reqps":
        return f"{_figures(value, decimals)} req/s"
    if unit.startswith(_SUFFIX):
        return f"{_figures(value, decimals)}{unit.removeprefix(_SUFFIX)}"
    if unit == "string" or abs(value) < _COUNTS[-2][0]:
        return _figures(value, decimals)
    return _stepped(value, _COUNTS, decimals)


def _figures(value: float, decimals: int | None) -> str:
    if decimals is not None:
        return f"{value:.{decimals}f}"
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3g}"


def _stepped(value: float, steps: Sequence[tuple[float, str]], decimals: int | None) -> str:
    step, name = next((s for s in steps if abs(value) >= s[0]), (steps[-1][0], steps[-1][1]))
    if value == 0:
        step, name = 1, next(n for s, n in steps if s == 1)
    return f"{_figures(value / step, decimals)} {name}".rstrip()


def shown(value: float, fields: Mapping[str, Any]) -> str:
    """Return what stands for a value in a panel: a word where there is one for it."""
    if not math.isfinite(value):
        return str(fields["noValue"])
    for mapping in fields.get("mappings", ()):
        word = mapping["options"].get(f"{value:g}") if mapping["type"] == "value" else None
        if word:
            return str(word["text"])
    return worded(value, fields["unit"], fields.get("decimals"))


def colour(value: float, fields: Mapping[str, Any]) -> str:
    """Return the colour that a panel's thresholds give a value."""
    chosen = "blue"
    for step in fields.get("thresholds", {}).get("steps", ()):
        if step["value"] is None or value >= step["value"]:
            chosen = step["color"]
    return COLOURS[chosen]
