"""How many patients a team can follow up, and whom it would reach and miss."""

from dataclasses import asdict
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from ui import service
from ui.components import charts
from ui.followup import FollowUp, follow_up

PATIENTS = 40
"""Discharges a day to start with."""
COLOURS = (charts.INK, charts.SOON)
FIGURE: dict[str, Any] = {
    "align": "left", "dx": 10, "dy": 12, "fontSize": 14, "fontWeight": "bold"
}  # fmt: skip


def show() -> None:
    """Draw the page."""
    st.title("Capacity", anchor=False)
    st.markdown(
        "How many patients can your team follow up after discharge? Those at highest risk of "
        "coming back within 30 days come first."
    )
    model = service.ask(lambda api: api.model())
    if model is None:
        return
    service.show_source(model)
    curve = pd.DataFrame(model["card"]["capacity"])
    if curve.empty:
        st.info("This model has no such figures. The next one that is trained will.")
        return
    curve = curve.sort_values("share")
    discharged, chosen = _ask()
    expected = follow_up(curve, chosen, discharged)
    _show_figures(expected, chosen)
    charts.draw(_chart(curve, expected))
    st.caption(
        "Measured on validation patients, whom the model has not learned from. On your own "
        "patients it may differ; the page on data quality says how far they drift."
    )


def _ask() -> tuple[int, int]:
    discharged = int(
        st.number_input(
            "Patients discharged a day", 1, 10_000, PATIENTS, key="discharged",
            help="Patients with diabetes, on an average day.",
        )
    )  # fmt: skip
    if discharged < st.session_state.get("followed", 0):
        st.session_state["followed"] = discharged
    st.session_state.setdefault("followed", max(1, discharged // 5))
    chosen = st.slider("Patients we can follow up a day", 0, discharged, key="followed")
    return discharged, int(chosen)


def _show_figures(expected: FollowUp, chosen: int) -> None:
    cells = st.columns(3)
    cells[0].metric(
        "Follow up from a risk of", _threshold(expected),
        help="The probability of coming back within 30 days that a patient must reach.",
    )  # fmt: skip
    cells[1].metric("Caught of those who come back", f"{expected.caught:.0%}")
    cells[2].metric("Missed of those who come back", f"{1 - expected.caught:.0%}")
    st.markdown(
        f"On an average day about **{expected.caught_patients:.1f}** of the **{chosen:,}** "
        "patients followed up are among those who come back within 30 days; about "
        f"**{expected.missed_patients:.1f}** who come back are not followed up."
    )


def _threshold(expected: FollowUp) -> str:
    if expected.threshold is None:
        return "–"
    return f"{expected.threshold:.1%}" + (" or more" if expected.is_floor else "")


def _chart(curve: pd.DataFrame, expected: FollowUp) -> charts.Chart:
    chance = pd.DataFrame({"share": [0.0, 1.0], "caught": [0.0, 1.0], "how": "Chosen by chance"})
    lines = pd.concat([curve.assign(how="Chosen by the model"), chance])
    legend = alt.Legend(
        title=None,
        orient="top",
        direction="vertical",
        labelFontSize=13,
        symbolSize=400,
        labelLimit=200,
    )
    percent = alt.Axis(format=".0%")
    drawn = (
        alt.Chart(lines)
        .mark_line(strokeWidth=2.5)
        .encode(
            x=alt.X("share:Q", title="Share of patients followed up", axis=percent),
            y=alt.Y("caught:Q", title="Caught of those who come back", axis=percent),
            color=alt.Color("how:N", scale=alt.Scale(range=list(COLOURS)), legend=legend),
            strokeDash=alt.StrokeDash("how:N", sort="descending", legend=legend),
        )
    )
    mark = alt.Chart(pd.DataFrame([asdict(expected)])).encode(x="share:Q")
    rule = mark.mark_rule(strokeDash=[2, 2])
    here = mark.mark_point(size=140, filled=True, opacity=1, color=COLOURS[1]).encode(y="caught:Q")
    figure = mark.encode(y="caught:Q", text=alt.Text("caught:Q", format=".0%"))
    # On a ground of its own: on a phone the figure lies over the lines.
    ground = figure.mark_text(**FIGURE, stroke="white", strokeWidth=6)
    written = figure.mark_text(**FIGURE)
    said = f"Following up {expected.share:.0%} of patients catches {expected.caught:.0%}"
    return alt.layer(drawn, rule, here, ground, written).properties(height=360, description=said)


show()
