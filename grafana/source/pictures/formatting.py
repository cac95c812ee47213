"""Format values as Grafana does: units, decimals, value mappings and threshold colours."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

COLOURS = {"green": "#3d9a50", "orange": "#e07b16", "red": "#d5344a", "blue": "#2f6fd0"}

_TIMES = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"), (1e-3, "ms"), (1e-6, "µs"))
_BYTES = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"), (1, "B"))
_COUNTS = ((1e9, "Bil"), (1e6, "Mil"), (1e3, "K"), (1, ""))
_SUFFIX = "suffix:"
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_STEPS = {
    "s": (
        *(15, 30),
        *(_MINUTE * n for n in (1, 2, 5, 10, 15, 30)),
        *(_HOUR * n for n in (1, 2, 3, 6, 12)),
        *(_DAY * n for n in (1, 2, 5, 10, 30, 90, 365)),
    ),
    "bytes": tuple(1 << n for n in range(50)),
}
"""Distances between the ticks of an axis whose units are not decimal."""
MOST_TICKS = 4.5


def format_value(value: float, unit: str, decimals: int | None = None) -> str:
    """Return a value with its unit.

    Parameters
    ----------
    value : float
        In the base of the unit: seconds, bytes, a share of 1.
    unit : str
        One of Grafana's units.
    decimals : int, optional
        Digits after the decimal point; by default three significant digits.
    """
    if unit == "percentunit":
        return f"{_number(value * 100, decimals)} %"
    if unit == "s":
        return _scaled(value, _TIMES, decimals)
    if unit == "bytes":
        return _scaled(value, _BYTES, decimals)
    if unit == "reqps":
        return f"{_number(value, decimals)} req/s"
    if unit.startswith(_SUFFIX):
        return f"{_number(value, decimals)}{unit.removeprefix(_SUFFIX)}"
    if unit == "string" or abs(value) < _COUNTS[-2][0]:
        return _number(value, decimals)
    return _scaled(value, _COUNTS, decimals)


def tick_step(length: float, unit: str) -> float | None:
    """Return the distance between ticks for an axis of this length, if its unit is not decimal.

    Without it, a quarter of an hour would be divided at 8.33 minutes.
    """
    if unit == "s" and length < _MINUTE:
        return None
    return next((step for step in _STEPS.get(unit, ()) if length <= MOST_TICKS * step), None)


def _number(value: float, decimals: int | None) -> str:
    if decimals is not None:
        return f"{value:.{decimals}f}"
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3g}"


def _scaled(value: float, scales: Sequence[tuple[float, str]], decimals: int | None) -> str:
    """Return a value in the largest unit that does not exceed it, or else the smallest."""
    scale, unit = next((s for s in scales if abs(value) >= s[0]), scales[-1])
    if value == 0:
        scale, unit = 1, next(u for s, u in scales if s == 1)
    return f"{_number(value / scale, decimals)} {unit}".rstrip()


def format_field(value: float, fields: Mapping[str, Any]) -> str:
    """Return the text that a panel shows for a value.

    Parameters
    ----------
    value : float
        Value of a series; NaN gives the panel's text for no data.
    fields : mapping
        The panel's ``fieldConfig.defaults``.
    """
    if not math.isfinite(value):
        return str(fields["noValue"])
    for mapping in fields.get("mappings", ()):
        mapped = mapping["options"].get(f"{value:g}") if mapping["type"] == "value" else None
        if mapped:
            return str(mapped["text"])
    return format_value(value, fields["unit"], fields.get("decimals"))


def threshold_colour(value: float, fields: Mapping[str, Any]) -> str:
    """Return the colour that a panel's thresholds give a value."""
    colour = "blue"
    for step in fields.get("thresholds", {}).get("steps", ()):
        if step["value"] is None or value >= step["value"]:
            colour = step["color"]
    return COLOURS[colour]
