"""How many readmissions a team catches with the follow-ups it has time for."""

from dataclasses import asdict
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from ui.components import charts, model_caption, service
from ui.followup import FollowUp, follow_up

DISCHARGED = 40
"""Initial number of patients discharged per day."""
COLOURS = (charts.INK, charts.SOON)
NUMBER: dict[str, Any] = {
    "align": "left", "dx": 10, "dy": 12, "fontSize": 14, "fontWeight": "bold"
}  # fmt: skip


def show() -> None:
    """Draw the page."""
    st.title("Capacity", anchor=False)
    st.markdown(
        "How many patients can your team follow up after discharge? The patients at highest risk "
        "of readmission within 30 days come first."
    )
    model = service.fetch(lambda api: api.model())
    if model is None:
        return
    model_caption.show(model)
    curve = pd.DataFrame(model["card"]["capacity"])
    if curve.empty:
        st.info("This model has no capacity data. The next trained model will have it.")
        return
    curve = curve.sort_values("share")
    discharged, chosen = _inputs()
    expected = follow_up(curve, chosen, discharged)
    _show_metrics(expected, chosen)
    charts.draw(_chart(curve, expected))
    st.caption(
        "Measured on validation patients, not on the training data. Results for your own patients "
        "may differ; the page Data quality shows how much the data has drifted."
    )


def _inputs() -> tuple[int, int]:
    discharged = int(
        st.number_input(
            "Patients discharged per day", 1, 10_000, DISCHARGED, key="discharged",
            help="Patients with diabetes, on an average day.",
        )
    )  # fmt: skip
    if discharged < st.session_state.get("followed", 0):
        st.session_state["followed"] = discharged
    st.session_state.setdefault("followed", max(1, discharged // 5))
    chosen = st.slider("Patients we can follow up per day", 0, discharged, key="followed")
    return discharged, int(chosen)


def _show_metrics(expected: FollowUp, chosen: int) -> None:
    cells = st.columns(3)
    cells[0].metric(
        "Risk threshold", _threshold_in_words(expected),
        help="Follow up patients whose probability of readmission within 30 days is at least this.",
    )  # fmt: skip
    cells[1].metric("Readmissions caught", f"{expected.caught:.0%}")
    cells[2].metric("Readmissions missed", f"{1 - expected.caught:.0%}")
    st.markdown(
        f"On an average day, about **{expected.caught_patients:.1f}** of the **{chosen:,}** "
        "patients you follow up are readmitted within 30 days. About "
        f"**{expected.missed_patients:.1f}** other patients are readmitted without a follow-up."
    )


def _threshold_in_words(expected: FollowUp) -> str:
    if expected.threshold is None:
        return "–"
    return f"{expected.threshold:.1%}" + (" or more" if expected.is_lower_bound else "")


def _chart(curve: pd.DataFrame, expected: FollowUp) -> charts.Chart:
    by_chance = {"share": [0.0, 1.0], "caught": [0.0, 1.0], "selection": "Selected at random"}
    lines = pd.concat([curve.assign(selection="Selected by the model"), pd.DataFrame(by_chance)])
    legend = alt.Legend(
        title=None,
        orient="top",
        direction="vertical",
        labelFontSize=13,
        symbolSize=400,
        labelLimit=200,
    )
    percent = alt.Axis(format=".0%")
    curves = (
        alt.Chart(lines)
        .mark_line(strokeWidth=2.5)
        .encode(
            x=alt.X("share:Q", title="Share of patients followed up", axis=percent),
            y=alt.Y("caught:Q", title="Readmissions caught", axis=percent),
            color=alt.Color("selection:N", scale=alt.Scale(range=list(COLOURS)), legend=legend),
            strokeDash=alt.StrokeDash("selection:N", sort="descending", legend=legend),
        )
    )
    current = alt.Chart(pd.DataFrame([asdict(expected)])).encode(x="share:Q")
    rule = current.mark_rule(strokeDash=[2, 2])
    point = current.mark_point(size=140, filled=True, opacity=1, color=COLOURS[1])
    number = current.encode(y="caught:Q", text=alt.Text("caught:Q", format=".0%"))
    # A white outline keeps the number readable where it lies on a line, as on a phone.
    outline = number.mark_text(**NUMBER, stroke="white", strokeWidth=6)
    label = number.mark_text(**NUMBER)
    spoken = f"Following up {expected.share:.0%} of the patients catches {expected.caught:.0%}"
    return alt.layer(curves, rule, point.encode(y="caught:Q"), outline, label).properties(
        height=360, description=spoken
    )


show()
