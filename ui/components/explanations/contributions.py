"""What drove a prediction: the fields that contribute most, as bars in plain words."""

import altair as alt
import pandas as pd
import streamlit as st

from ui.client import Json
from ui.components import charts
from ui.language import N_, _, formats, sentences
from ui.wording import fields

MAX_BARS = 8
RAISES, LOWERS = N_("▲ raises the risk"), N_("▼ lowers the risk")
COLOURS = (charts.SOON, "#3f7d99")


def show(explanation: Json, schema: Json) -> None:
    """Draw the bars, and offer the same data as a table."""
    outcome = fields.soonest(schema["classes"])
    table = rank(explanation["contributions"], schema, outcome)
    with st.container(border=True):
        st.header(_("What drove this prediction"), anchor=False)
        st.caption(
            _(
                "Strongest effects on the outcome *{outcome}*, compared with the average patient. "
                "These are associations, not causes.",
                outcome=_(schema["classes"][outcome]).lower(),
            )
        )
        charts.draw(_chart(table))
        with st.expander(_("Show as table")):
            weights = table["weight"].map(lambda weight: formats.signed(weight, 4))
            st.table(
                pd.DataFrame(
                    {
                        _("Entry"): table["entry"],
                        _("Effect"): table["effect"],
                        _("Weight"): weights,
                    }
                ),
                hide_index=True,
            )
            st.caption(
                _(
                    "Weight: what the entry adds to the model's score for this outcome, in {unit}.",
                    unit=sentences.translate(explanation["unit"]),
                )
            )


def rank(contributions: list[Json], schema: Json, outcome: str) -> pd.DataFrame:
    """Return the strongest contributions to one outcome, in plain words.

    Returns
    -------
    DataFrame, shape (at most `MAX_BARS`, 3)
        Each field with its value, its effect in words and its weight, the strongest first.
    """
    by_name = {field["name"]: field for field in schema["fields"]}
    strongest = sorted(contributions, key=lambda c: -abs(c["by_class"][outcome]))
    rows = []
    for contribution in strongest[:MAX_BARS]:
        weight = contribution["by_class"][outcome]
        if weight:
            value = fields.value_in_words(
                by_name[contribution["field"]], contribution["value"], schema["missing"]
            )
            rows.append(
                (
                    f"{_(contribution['label'])}: {value}",
                    _(RAISES if weight > 0 else LOWERS),
                    weight,
                )
            )
    return pd.DataFrame(rows, columns=["entry", "effect", "weight"])


def _chart(table: pd.DataFrame) -> charts.Chart:
    order = list(table["entry"])
    widest = float(table["weight"].abs().max()) if len(table) else 1.0
    base = alt.Chart(table).encode(
        y=alt.Y("entry:N", sort=order, axis=None),
        tooltip=[
            alt.Tooltip("entry", title=_("Entry")),
            alt.Tooltip("effect", title=_("Effect")),
            alt.Tooltip("weight", title=_("Weight"), format="+.3f"),
        ],
    )
    bars = base.mark_bar(height=13, yOffset=10).encode(
        x=alt.X("weight:Q", scale=alt.Scale(domain=[-widest, widest]), axis=None),
        color=alt.Color(
            "effect:N",
            scale=alt.Scale(domain=[_(RAISES), _(LOWERS)], range=list(COLOURS)),
            legend=alt.Legend(title=None, orient="top", labelFontSize=13),
        ),
    )
    names = base.mark_text(align="left", yOffset=-7, fontSize=12, limit=330).encode(
        text="entry:N", x=alt.value(0)
    )
    # A tick at each bar marks zero; one line over the full height would run through the names.
    zero = base.mark_tick(size=17, thickness=1, yOffset=10, color=charts.INK).encode(x=alt.datum(0))
    return alt.layer(bars, names, zero).properties(
        height=44 * max(1, len(order)),
        description=_("Contribution of each field; the same data is in the table below."),
    )
