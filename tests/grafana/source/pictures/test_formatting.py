"""Values are formatted as Grafana formats them."""

import pytest

from grafana.source.pictures.formatting import format_value


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
