"""The style that all charts share."""

import altair as alt
import streamlit as st

Chart = alt.Chart | alt.LayerChart | alt.FacetChart

INK = "#4d5a61"
"""Colour of axes and legends; Altair's default has a contrast below 4.5 : 1 on white."""
NO, LATER, SOON = "#5b8fa8", "#d9a441", "#b5472f"
"""Colours of the outcomes. They differ in lightness too, and a name or a number is always shown
next to them."""


def draw(chart: Chart) -> None:
    """Draw a chart in the width of its container."""
    styled = chart.configure_axis(labelColor=INK, titleColor=INK).configure_legend(labelColor=INK)
    st.altair_chart(styled, width="stretch")
