"""The answer, in the words of a clinician."""

import altair as alt
import pandas as pd
import streamlit as st

from ui.client import Json, Refused
from ui.components import charts
from ui.components.form import expectation
from ui.service import is_synthetic, show_refused

ICONS = (":material/check_circle:", ":material/schedule:", ":material/priority_high:")
"""Of the outcomes, in the order of the service: from none to the soonest."""
SHOWN = 8
"""Problems that are listed; a file of another kind has one for every column."""
COLOURS = (charts.NO, charts.LATER, charts.SOON)


def show_answer(answer: Json, classes: dict[str, str]) -> None:
    """Show the class in plain words, the probabilities and which model said so."""
    label = answer["predicted_class"]
    with st.container(border=True):
        st.caption("Expected after discharge")
        icon = dict(zip(classes, ICONS, strict=False)).get(label, "")
        st.header(f"{icon} {answer['meaning']}", anchor=False)
        charts.draw(_chart(answer["probabilities"], classes))
        if answer["probabilities"][label] < max(answer["probabilities"].values()):
            st.caption(
                "This is not the longest bar: the model is set to weigh the rarer outcomes more, "
                "so that fewer of them are missed."
            )
        st.markdown(_rank(answer["risk_percentile"]))
        flag = " · synthetic data" if is_synthetic(answer["data_source"]) else ""
        st.caption(
            f"{answer['model_name']}, version {answer['model_version']}{flag}  \n"
            f"Request {answer['request_id']}"
        )
    st.caption("Supports a decision and does not replace clinical judgement.")


def _rank(percentile: float) -> str:
    """Say where a patient stands; nobody is above all of those set aside."""
    below = min(99, round(percentile))
    return (
        f"Risk of coming back within 30 days: higher than that of **{below} of 100** "
        "patients set aside to check the model."
    )


def _chart(probabilities: dict[str, float], classes: dict[str, str]) -> charts.Chart:
    table = pd.DataFrame(
        {
            "outcome": [classes[name] for name in probabilities],
            "probability": list(probabilities.values()),
        }
    )
    order = list(table["outcome"])
    base = alt.Chart(table).encode(
        y=alt.Y("outcome:N", sort=order, title=None, axis=None),
        x=alt.X("probability:Q", scale=alt.Scale(domain=[0, 1]), axis=None),
        tooltip=["outcome", alt.Tooltip("probability", format=".1%")],
    )
    bars = base.mark_bar(height=16, cornerRadiusEnd=3, yOffset=10).encode(
        color=alt.Color(
            "outcome:N", scale=alt.Scale(domain=order, range=list(COLOURS)), legend=None
        )
    )
    names = base.mark_text(align="left", yOffset=-9, fontSize=13).encode(
        text="outcome:N", x=alt.value(0)
    )
    figures = base.mark_text(align="left", dx=6, yOffset=10, fontSize=14, fontWeight="bold").encode(
        text=alt.Text("probability:Q", format=".0%")
    )
    said = ", ".join(f"{o} {p:.0%}" for o, p in zip(order, table["probability"], strict=True))
    return alt.layer(bars, names, figures).properties(
        height=54 * len(order), description=f"Probabilities: {said}"
    )


def show_refusal(refused: Refused, description: Json) -> None:
    """Say which field is wrong, by the label it has in the form."""
    if not refused.problems:
        show_refused(refused)
        return
    lines = [f"- {_in_words(problem, description)}" for problem in refused.problems[:SHOWN]]
    if len(refused.problems) > SHOWN:
        lines.append(f"- and {len(refused.problems) - SHOWN} more")
    st.error("Please correct:\n\n" + "\n".join(lines), icon=":material/edit:")


def _in_words(problem: Json, description: Json) -> str:
    labels = {field["name"]: field["label"] for field in description["fields"]}
    name = problem["field"]
    if name not in labels:
        return f"`{name}` is unknown; expected {problem['expected']}"
    expected = expectation(problem["expected"], description["missing"])
    if problem["value"] is None:
        return f"**{labels[name]}** (`{name}`) is missing; expected {expected}"
    return f"**{labels[name]}**: `{problem['value']}` is not possible; expected {expected}"
