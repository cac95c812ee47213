"""The prediction for one patient: outcome, probabilities and risk percentile."""

import altair as alt
import pandas as pd
import streamlit as st

from ui.client import Json
from ui.components import charts
from ui.language import _, formats
from ui.wording.provenance import is_synthetic

ICONS = (":material/check_circle:", ":material/schedule:", ":material/priority_high:")
"""One for each outcome, in the API's order: from no readmission to the soonest."""
COLOURS = (charts.NO, charts.LATER, charts.SOON)


def show(prediction: Json, classes: dict[str, str], labels: dict[str, str]) -> None:
    """Draw a prediction.

    Parameters
    ----------
    prediction : dict
        Response of the API to one encounter.
    classes : dict
        Meaning of each outcome, in the language of the visit.
    labels : dict
        Label of each field, in the language of the visit.
    """
    predicted, probabilities = prediction["predicted_class"], prediction["probabilities"]
    if predicted is None:
        with st.container(border=True):
            st.header(_("No prediction"), anchor=False)
            st.markdown(_("The patient died, so there is nothing to predict."))
            _show_readings(prediction, labels)
        return
    with st.container(border=True):
        st.caption(_("Expected after discharge"))
        icon = dict(zip(classes, ICONS, strict=False)).get(predicted, "")
        st.header(f"{icon} {classes.get(predicted, prediction['meaning'])}", anchor=False)
        charts.draw(_chart(probabilities, classes))
        if probabilities[predicted] < max(probabilities.values()):
            st.caption(
                _(
                    "This outcome does not have the highest probability: the model gives more "
                    "weight to the rarer outcomes, so that fewer of them are missed."
                )
            )
        st.markdown(_percentile_in_words(prediction["risk_percentile"]))
        _show_follow_up(prediction.get("follow_up"))
        _show_readings(prediction, labels)
        _show_history(prediction["history"])
        flag = f" · {_('synthetic data')}" if is_synthetic(prediction["data_source"]) else ""
        model = _(
            "{model}, version {version}",
            model=prediction["model_name"],
            version=prediction["model_version"],
        )
        request = _("Request {id}", id=prediction["request_id"])
        st.caption(f"{model}{flag}  \n{request}")
    st.caption(_("Supports clinical judgement; does not replace it."))


def _show_readings(prediction: Json, labels: dict[str, str]) -> None:
    """Say which values were interpreted, such as a code of ICD-10."""
    for one in prediction["read_as"]:
        field, sent, value = labels.get(one["field"], one["field"]), one["sent"], one["value"]
        read = _("{field}: {sent} was read as {value}", field=field, sent=sent, value=value)
        st.caption(read)


def _show_follow_up(decided: bool | None) -> None:
    """Say whether the risk reaches the stored threshold, if one is stored."""
    if decided:
        st.markdown(_("The risk reaches the stored threshold: follow this patient up."))
    elif decided is not None:
        st.markdown(_("The risk is below the stored threshold of follow-up."))


def _show_history(history: str | None) -> None:
    """Say whether the patient's earlier stays were used, if the model takes them."""
    if history in {"used", "caller"}:
        st.caption(_("The patient's earlier stays were taken into account."))
    elif history is not None and history.startswith("used"):
        st.caption(
            _(
                "This stay has not been delivered, so all delivered stays of the patient were "
                "taken into account; a later one may be among them."
            )
        )
    elif history is not None:
        st.caption(_("Earlier stays of the patient were not taken into account."))


def _percentile_in_words(percentile: float) -> str:
    """Compare with the validation patients; 99 of 100 at most, because no risk is above all."""
    below = min(99, round(percentile))
    return _(
        "Risk of readmission within 30 days: higher than for **{below} of 100** validation "
        "patients.",
        below=below,
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
        tooltip=[
            alt.Tooltip("outcome", title=_("Outcome")),
            alt.Tooltip("probability", title=_("Probability"), format=".1%"),
        ],
    )
    bars = base.mark_bar(height=16, cornerRadiusEnd=3, yOffset=10).encode(
        color=alt.Color(
            "outcome:N", scale=alt.Scale(domain=order, range=list(COLOURS)), legend=None
        )
    )
    names = base.mark_text(align="left", yOffset=-9, fontSize=13).encode(
        text="outcome:N", x=alt.value(0)
    )
    numbers = base.mark_text(align="left", dx=6, yOffset=10, fontSize=14, fontWeight="bold").encode(
        text=alt.Text("probability:Q", format=".0%")
    )
    spoken = ", ".join(
        f"{outcome} {formats.percent(share)}"
        for outcome, share in zip(order, table["probability"], strict=True)
    )
    return alt.layer(bars, names, numbers).properties(
        height=54 * len(order), description=_("Probabilities: {outcomes}", outcomes=spoken)
    )
