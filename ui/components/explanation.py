"""What drove an answer: the fields that weigh most for one outcome, as bars in plain words."""

import altair as alt
import pandas as pd
import streamlit as st

from ui.client import Json
from ui.components import charts, form
from ui.wording import models

SHOWN = 8
RAISES, LOWERS = "▲ raises the risk", "▼ lowers the risk"
COLOURS = (charts.SOON, "#3f7d99")
HEAD = "What drove it"


def show(explanation: Json, description: Json) -> None:
    """Draw the bars, and offer the same as a table."""
    soonest = models.soonest(description["classes"])
    table = rank(explanation["contributions"], description, soonest)
    with st.container(border=True):
        st.header(HEAD, anchor=False)
        st.caption(
            f"What weighs most for *{description['classes'][soonest].lower()}*, compared with the "
            "average patient. It tells what goes together, not what causes it."
        )
        charts.draw(_chart(table))
        with st.expander("The same as a table"):
            st.table(
                table[["what", "effect", "weight"]].rename(
                    columns={"what": "Entered", "effect": "Effect", "weight": "Weight"}
                ),
                hide_index=True,
            )
            st.caption(
                "Weight: what the field adds to the model's score for this outcome, in "
                f"{explanation['unit']}."
            )


def rank(contributions: list[Json], description: Json, outcome: str) -> pd.DataFrame:
    """Return what weighs most for an outcome, in plain words.

    Returns
    -------
    DataFrame, shape (at most `SHOWN`, 3)
        What was entered, its effect in words and its weight, the strongest first.
    """
    fields = {field["name"]: field for field in description["fields"]}
    missing = description["missing"]
    strongest = sorted(contributions, key=lambda c: -abs(c["by_class"][outcome]))
    rows = [
        (
            f"{c['label']}: {form.in_words(fields[c['field']], c['value'], missing)}",
            RAISES if c["by_class"][outcome] > 0 else LOWERS,
            c["by_class"][outcome],
        )
        for c in strongest[:SHOWN]
        if c["by_class"][outcome]
    ]
    return pd.DataFrame(rows, columns=["what", "effect", "weight"])


def _chart(table: pd.DataFrame) -> charts.Chart:
    order = list(table["what"])
    widest = float(table["weight"].abs().max()) if len(table) else 1.0
    base = alt.Chart(table).encode(
        y=alt.Y("what:N", sort=order, axis=None),
        tooltip=["what", "effect", alt.Tooltip("weight", format="+.3f")],
    )
    bars = base.mark_bar(height=13, yOffset=10).encode(
        x=alt.X("weight:Q", scale=alt.Scale(domain=[-widest, widest]), axis=None),
        color=alt.Color(
            "effect:N",
            scale=alt.Scale(domain=[RAISES, LOWERS], range=list(COLOURS)),
            legend=alt.Legend(title=None, orient="top", labelFontSize=13),
        ),
    )
    names = base.mark_text(align="left", yOffset=-7, fontSize=12, limit=330).encode(
        text="what:N", x=alt.value(0)
    )
    # A stroke beside each bar: one line from top to bottom would cross out the names.
    middle = base.mark_tick(size=17, thickness=1, yOffset=10, color=charts.INK).encode(
        x=alt.datum(0)
    )
    return alt.layer(bars, names, middle).properties(
        height=44 * max(1, len(order)), description="Contribution of each field; table below."
    )
