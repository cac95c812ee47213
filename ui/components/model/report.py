"""The figures of the card that a board reads, as of the training."""

import altair as alt
import pandas as pd
import streamlit as st

from ui.client import Json
from ui.components import charts, service
from ui.language import N_, _
from ui.wording import groups, models

NET_BENEFITS = {"model": N_("By the model"), "all": N_("Everybody"), "lace": N_("LACE-like score")}


def show_groups(report: Json) -> None:
    """Draw what the figures say about each group of patients, in sentences."""
    st.header(f":material/groups: {_('Groups of patients')}", anchor=False)
    st.caption(
        _(
            "On validation patients. An AUROC of 1 ranks everybody who comes back within 30 days "
            "above everybody who does not; 0.5 is chance. In brackets: 95 % intervals."
        )
    )
    st.markdown("\n".join(f"- {line}" for line in groups.in_words(report)))


def show(report: Json) -> None:
    """Draw the figures in full, and offer the card as a document."""
    with st.expander(_("The card's figures in full"), icon=":material/fact_check:"):
        st.markdown(_("**Metrics** on validation patients, with 95 % intervals"))
        st.table(models.intervals_table(report["intervals"]), hide_index=True)
        st.markdown(_("**Groups of patients**"))
        st.table(models.groups_table(report["subgroups"]), hide_index=True)
        st.markdown(_("**Calibration**: share readmitted within 30 days, by predicted risk"))
        charts.draw(_line(report["calibration"], "risk", {"observed": N_("Observed share")}))
        st.markdown(_("**Net benefit** of following up patients from a risk on"))
        charts.draw(_line(report["decision_curve"], "threshold", NET_BENEFITS))
        # Fetched when somebody clicks.
        st.download_button(
            _("Download the card (in English)"), service.client().card, "card.html", "text/html",
            icon=":material/download:",
        )  # fmt: skip


def _line(points: list[Json], across: str, names: dict[str, str]) -> charts.Chart:
    """Return one line for each of the named values of the points."""
    table = pd.DataFrame(points).rename(columns={name: _(title) for name, title in names.items()})
    long = table.melt(id_vars=[across], value_vars=[_(title) for title in names.values()])
    return (
        alt.Chart(long)
        .mark_line(point=True)
        .encode(
            x=alt.X(f"{across}:Q", title=_("Risk"), axis=alt.Axis(format=".0%")),
            y=alt.Y("value:Q", title=None),
            color=alt.Color("variable:N", legend=alt.Legend(title=None, orient="top")),
            shape=alt.Shape("variable:N"),
        )
        .properties(height=240, description=", ".join(_(title) for title in names.values()))
    )
