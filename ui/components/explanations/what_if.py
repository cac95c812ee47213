"""What-if: the risk with other values of one field, as bars and as a table."""

import altair as alt
import pandas as pd
import streamlit as st

from ui.client import Json
from ui.components import charts
from ui.language import _, formats
from ui.wording import fields

CHOSEN = "what_if"
"""Session key of the field that was chosen."""
NEIGHBOURS = 5
"""Values on each side of a number, if it has too many to show all of them."""
FEW = 15


def request(encounter: Json, schema: Json) -> Json:
    """Return the other values to predict, for each modifiable field of an encounter."""
    return {
        field["name"]: _values(field, encounter[field["name"]])
        for field in schema["fields"]
        if field["modifiable"] and field["name"] in encounter
    }


def _values(field: Json, current: int) -> list[str] | list[int]:
    if field["values"]:
        return list(field["values"])
    low, high = field["minimum"], field["maximum"]
    if high - low >= FEW:
        low, high = max(low, current - NEIGHBOURS), min(high, current + NEIGHBOURS)
    return list(range(low, high + 1))


def show(what_if: Json, schema: Json) -> None:
    """Let the reader choose a field, and draw the risk by its values."""
    outcome = fields.soonest(schema["classes"])
    by_name = {found["field"]: found for found in what_if["fields"]}
    labels = fields.labels(schema)
    with st.container(border=True):
        st.header(_("What if a field were different?"), anchor=False)
        st.caption(
            _(
                "Association, not cause: the model compares patients who had this value with "
                "others. It does not say that changing the value would change the outcome."
            )
        )
        name = st.selectbox(
            _("Field to change"),
            list(by_name),
            index=None,
            format_func=labels.__getitem__,
            placeholder=_("Choose a field"),
            key=CHOSEN,
        )
        if name is None:
            return
        table = tabulate(by_name[name], schema, outcome)
        meaning = _(schema["classes"][outcome])
        st.markdown(_("Probability of *{outcome}* by value:", outcome=meaning.lower()))
        charts.draw(_chart(table))
        with st.expander(_("Show all values as a table")):
            st.table(_in_words(table), hide_index=True)


def tabulate(field: Json, schema: Json, outcome: str) -> pd.DataFrame:
    """Return value, probability, change and whether it is the value entered.

    Values after which nothing is predicted are left out.
    """
    described = next(one for one in schema["fields"] if one["name"] == field["field"])
    say = fields.wording(described, schema["missing"])
    rows = [
        (
            say(one["value"]),
            one["probabilities"][outcome],
            one["change"][outcome],
            one["value"] == field["value"],
        )
        for one in field["values"]
        if one["probabilities"]
    ]
    return pd.DataFrame(rows, columns=["value", "probability", "change", "entered"])


def _in_words(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            _("Value"): table["value"],
            _("Probability"): table["probability"].map(lambda share: formats.percent(share, 1)),
            _("Percentage points"): table["change"].map(lambda c: formats.signed(100 * c, 1)),
        }
    )


def _chart(table: pd.DataFrame) -> charts.Chart:
    widest = 1.3 * float(table["probability"].max())
    base = alt.Chart(table).encode(
        # Vega would leave every second label out.
        y=alt.Y(
            "value:N", sort=None, title=None, axis=alt.Axis(labelLimit=170, labelOverlap=False)
        ),
        x=alt.X("probability:Q", scale=alt.Scale(domain=[0, widest]), axis=None),
        tooltip=[
            alt.Tooltip("value", title=_("Value")),
            alt.Tooltip("probability", title=_("Probability"), format=".1%"),
        ],
    )
    # The value entered is darker, and the only one in bold type.
    is_entered = alt.datum.entered
    bars = base.mark_bar(height=14).encode(
        color=alt.condition(is_entered, alt.value(charts.ENTERED), alt.value(charts.NO))
    )
    numbers = base.encode(text=alt.Text("probability:Q", format=".1%"))
    own = numbers.mark_text(align="left", dx=5, fontWeight="bold")
    others = numbers.mark_text(align="left", dx=5)
    return alt.layer(
        bars, own.transform_filter(is_entered), others.transform_filter(~is_entered)
    ).properties(
        height=24 * max(1, len(table)),
        description=_("Probability by value; the same data is in the table below."),
    )
