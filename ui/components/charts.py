"""How charts look, whatever they show."""

import altair as alt
import streamlit as st

Chart = alt.Chart | alt.LayerChart | alt.FacetChart

INK = "#4d5a61"
"""Of axes and legends; darker than the default, which is below 4.5 : 1 on white."""
NO, LATER, SOON = "#5b8fa8", "#d9a441", "#b5472f"
"""Told apart by lightness too; wherever they are used a name or figure stands beside them."""


def draw(chart: Chart) -> None:
    """Draw a chart as wide as its place."""
    readable = chart.configure_axis(labelColor=INK, titleColor=INK).configure_legend(labelColor=INK)
    st.altair_chart(readable, width="stretch")
