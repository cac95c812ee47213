"""Values are formatted as Grafana formats them."""

import pytest

from grafana.source.pictures.formatting import format_value, tick_step


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "text"),
    [
        (0.00042, "s", None, "420 µs"),
        (0.05, "s", None, "50 ms"),
        (90, "s", None, "1.5 min"),
        (0, "s", None, "0 s"),
        (2 * 86_400, "s", None, "2 d"),
        (-7_200, "s", None, "-2 h"),
        (0.995, "percentunit", 1, "99.5 %"),
        (3 << 20, "bytes", None, "3 MiB"),
        (12, "reqps", None, "12 req/s"),
        (14.4, "suffix: x", None, "14.4 x"),
        (101_766, "short", None, "102 K"),
        (999, "short", None, "999"),
        (4, "string", None, "4"),
    ],
)
def test_a_value_is_formatted_in_its_unit(
    value: float, unit: str, decimals: int | None, text: str
) -> None:
    assert format_value(value, unit, decimals) == text


@pytest.mark.parametrize(
    ("length", "unit", "step"),
    [
        (25 * 60, "s", 600),
        (7 * 3_600, "s", 2 * 3_600),
        (40, "s", None),
        (50 << 20, "bytes", 16 << 20),
        (300, "short", None),
    ],
)
def test_an_axis_is_divided_at_whole_units(length: float, unit: str, step: float | None) -> None:
    assert tick_step(length, unit) == step
