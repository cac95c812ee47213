"""The answer, in the words of a clinician."""

import altair as alt
import pandas as pd
import streamlit as st

from ui.client import Json, Refused
from ui.form import expectation

ICONS = {
    "NO": ":material/check_circle:",
    ">30": ":material/schedule:",
    "<30": ":material/priority_high:",
}
COLOURS = ("#5b8fa8", "#d9a441", "#b5472f")
"""Told apart by lightness too, and every bar carries its name and figure."""

SOURCES = {
    "uci": "encounters of 130 US hospitals, 1999 to 2008 (UCI)",
    "file": "encounters from a file of your own",
    "synthetic": "synthetic encounters",
}


def is_synthetic(data_source: str | None) -> bool:
    """Whether made-up patients are among what the model has learned from."""
    return "synthetic" in (data_source or "").split("+")


def _in_words(data_source: str) -> str:
    return " and ".join(SOURCES.get(source, source) for source in data_source.split("+"))


def show_source(health: Json) -> None:
    """Say which model answers and what it has learned from."""
    source = str(health["data_source"])
    st.caption(
        f":material/model_training: Model **{health['model_name']}**, version "
        f"**{health['model_version']}**, trained on {_in_words(source)}."
    )
    if is_synthetic(source):
        st.warning(
            "**Synthetic data.** This model has learned from made-up patients. Its answers show "
            "how the page works and mean nothing for a real patient.",
            icon=":material/science:",
        )


def show_answer(answer: Json, classes: dict[str, str]) -> None:
    """Show the class in plain words, the probabilities and which model said so."""
    label = answer["predicted_class"]
    with st.container(border=True):
        st.caption("Expected after discharge")
        st.markdown(f"### {ICONS.get(label, '')} {answer['meaning']}")
        st.altair_chart(_chart(answer["probabilities"], classes), width="stretch")
        if answer["probabilities"][label] < max(answer["probabilities"].values()):
            st.caption(
                "This is not the longest bar: the model is set to weigh the rarer outcomes more, "
                "so that fewer of them are missed."
            )
        flag = " · synthetic data" if is_synthetic(answer["data_source"]) else ""
        st.caption(
            f"{answer['model_name']}, version {answer['model_version']}{flag}  \n"
            f"Request {answer['request_id']}"
        )
    st.caption("Supports a decision and does not replace clinical judgement.")


def _chart(
    probabilities: dict[str, float], classes: dict[str, str]
) -> alt.LayerChart | alt.FacetChart:
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
    return alt.layer(bars, names, figures).properties(height=54 * len(order))


def show_refusal(refused: Refused, description: Json) -> None:
    """Say which field is wrong, by the label it has in the form."""
    if refused.kind == "no_model":
        st.error(
            "There is no model yet that could answer. What you have entered stays here; "
            "press Predict again later.",
            icon=":material/hourglass_empty:",
        )
        return
    if not refused.problems:
        st.error(refused.message, icon=":material/error:")
        return
    labels = {field["name"]: field["label"] for field in description["fields"]}
    lines = [
        f"- **{labels.get(problem['field'], problem['field'])}**: `{problem['value']}` "
        f"is not possible; expected {expectation(problem['expected'], description['missing'])}"
        for problem in refused.problems
    ]
    st.error("Please correct:\n\n" + "\n".join(lines), icon=":material/edit:")
