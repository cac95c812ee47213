"""The style that all charts share."""

import altair as alt
import streamlit as st

from ui.language import choice

Chart = alt.Chart | alt.LayerChart | alt.FacetChart

INK = "#4d5a61"
"""Colour of axes and legends; Altair's default has a contrast below 4.5 : 1 on white."""
NO, LATER, SOON = "#5b8fa8", "#d9a441", "#b5472f"
"""Colours of the outcomes. They differ in lightness too, and a name or a number is always shown
next to them."""
ENTERED = "#24495c"
"""Colour of what was entered among other values, which have that of `NO`."""


def draw(chart: Chart) -> None:
    """Draw a chart in the width of its container."""
    styled = chart.configure(
        axis=alt.AxisConfig(labelColor=INK, titleColor=INK),
        legend=alt.LegendConfig(labelColor=INK),
        locale=_locale(),
    )
    st.altair_chart(styled, width="stretch")


def _locale() -> alt.Locale:
    """Return how numbers in charts are written."""
    locale = choice.locale()
    symbols = locale.number_symbols["latn"]
    return alt.Locale(
        number=alt.NumberLocale(
            decimal=symbols["decimal"],
            thousands=symbols["group"],
            grouping=[3],
            currency=["", ""],
            percent=locale.percent_formats[None].suffix[0],
        )
    )
