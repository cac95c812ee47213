"""How many readmissions a team catches with the follow-ups it has time for."""

from dataclasses import asdict
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from ui.components import charts, service
from ui.components.admin import stored_threshold
from ui.components.model import caption
from ui.followup import DISCHARGED, FollowUp, follow_up
from ui.language import _, formats

COLOURS = (charts.NO, charts.INK)
DASHES = [[1, 0], [4, 2]]
"""Line styles of the model's curve and of random selection."""
NUMBER: dict[str, Any] = {
    "align": "left", "dx": 10, "dy": 12, "fontSize": 14, "fontWeight": "bold"
}  # fmt: skip


def show() -> None:
    """Draw the page."""
    st.title(_("Capacity"), anchor=False)
    st.markdown(
        _(
            "How many patients can your team follow up after discharge? The patients at highest "
            "risk of readmission within 30 days come first."
        )
    )
    model = service.fetch(lambda api: api.model())
    if model is None:
        return
    caption.show(model)
    curve = pd.DataFrame(model["card"]["capacity"])
    if curve.empty:
        st.info(_("This model has no capacity data. The next trained model will have it."))
        return
    curve = curve.sort_values("share")
    discharged, chosen = _inputs()
    expected = follow_up(curve, chosen, discharged)
    _show_metrics(expected, chosen)
    _show_value(expected)
    charts.draw(_chart(curve, expected))
    st.caption(
        _(
            "Measured on validation patients, not on the training data. Results for your own "
            "patients may differ; the page Data quality shows how much the data has drifted."
        )
    )
    stored_threshold.show(expected.threshold, chosen, discharged)


def _inputs() -> tuple[int, int]:
    # Other pages keep these entries in the session, so the widget has no default of its own.
    st.session_state.setdefault("discharged", DISCHARGED)
    discharged = int(
        st.number_input(
            _("Patients discharged per day"), 1, 10_000, key="discharged",
            help=_("Patients with diabetes, on an average day."),
        )
    )  # fmt: skip
    if discharged < st.session_state.get("followed", 0):
        st.session_state["followed"] = discharged
    st.session_state.setdefault("followed", max(1, discharged // 5))
    chosen = st.slider(_("Patients we can follow up per day"), 0, discharged, key="followed")
    return discharged, int(chosen)


def _show_metrics(expected: FollowUp, chosen: int) -> None:
    cells = st.columns(3)
    cells[0].metric(
        _("Risk threshold"),
        _threshold_in_words(expected),
        help=_(
            "Follow up patients whose probability of readmission within 30 days is at least this."
        ),
    )
    cells[1].metric(_("Readmissions caught"), formats.percent(expected.caught))
    cells[2].metric(_("Readmissions missed"), formats.percent(1 - expected.caught))
    st.markdown(
        _(
            "On an average day, about **{caught}** of the **{followed}** patients you follow up "
            "are readmitted within 30 days. About **{missed}** other patients are readmitted "
            "without a follow-up.",
            caught=formats.number(expected.caught_patients, 1),
            followed=formats.number(chosen),
            missed=formats.number(expected.missed_patients, 1),
        )
    )
    if expected.needed:
        needed, low, high = (formats.number(number, 1) for number in expected.needed)
        st.markdown(
            _(
                "Number needed to follow: **{needed}** (95 % interval: {low} to {high}). For each "
                "patient who is readmitted within 30 days, this many are followed up.",
                needed=needed,
                low=low,
                high=high,
            )
        )


def _show_value(expected: FollowUp) -> None:
    """Show what a follow-up costs for each readmission, and the net benefit."""
    st.session_state.setdefault("cost", 0)
    cost = st.number_input(
        _("Cost of one follow-up"), 0, 1_000_000, key="cost", help=_("In your currency; optional.")
    )
    if cost and expected.needed:
        price, low, high = (formats.number(cost * number) for number in expected.needed)
        st.markdown(
            _(
                "Cost per patient who is followed up and readmitted within 30 days: **{price}** "
                "(95 % interval: {low} to {high}).",
                price=price,
                low=low,
                high=high,
            )
        )
    if expected.net_benefit is not None and expected.for_all is not None:
        st.markdown(
            _(
                "Net benefit: **{benefit}** per 100 discharged patients; {all} if everyone is "
                "followed up, 0 if nobody is. Each readmitted patient who is followed up counts 1; "
                "for each other patient who is followed up, the odds of the threshold are "
                "subtracted.",
                benefit=formats.number(100 * expected.net_benefit, 1),
                all=formats.number(100 * expected.for_all, 1),
            )
        )


def _threshold_in_words(expected: FollowUp) -> str:
    if expected.threshold is None:
        return "–"
    threshold = formats.percent(expected.threshold, 1)
    return _("{risk} or more", risk=threshold) if expected.is_lower_bound else threshold


def _chart(curve: pd.DataFrame, expected: FollowUp) -> charts.Chart:
    by_chance = {"share": [0.0, 1.0], "caught": [0.0, 1.0], "selection": _("Selected at random")}
    lines = pd.concat([curve.assign(selection=_("Selected by the model")), pd.DataFrame(by_chance)])
    names = [_("Selected by the model"), _("Selected at random")]
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
            x=alt.X("share:Q", title=_("Share of patients followed up"), axis=percent),
            y=alt.Y("caught:Q", title=_("Readmissions caught"), axis=percent),
            color=alt.Color(
                "selection:N",
                scale=alt.Scale(domain=names, range=list(COLOURS)),
                legend=legend,
            ),
            strokeDash=alt.StrokeDash(
                "selection:N", scale=alt.Scale(domain=names, range=DASHES), legend=legend
            ),
        )
    )
    current = alt.Chart(pd.DataFrame([asdict(expected)])).encode(x="share:Q")
    rule = current.mark_rule(strokeDash=[2, 2])
    point = current.mark_point(size=140, filled=True, opacity=1, color=COLOURS[0])
    number = current.encode(y="caught:Q", text=alt.Text("caught:Q", format=".0%"))
    # A white outline keeps the number readable where it lies on a line, as on a phone.
    outline = number.mark_text(**NUMBER, stroke="white", strokeWidth=6)
    label = number.mark_text(**NUMBER)
    spoken = _(
        "Following up {share} of the patients catches {caught}",
        share=formats.percent(expected.share),
        caught=formats.percent(expected.caught),
    )
    return alt.layer(curves, rule, point.encode(y="caught:Q"), outline, label).properties(
        height=360, description=spoken
    )


show()
