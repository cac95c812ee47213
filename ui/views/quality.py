"""Data quality: where all rows are, each gate's result for each batch, and drift."""

from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from readmission.domain.drift import MODERATE, STRONG, Level
from ui.client import Json
from ui.components import charts, service
from ui.language import N_, _, formats, sentences
from ui.wording import fields

ROWS = {
    "raw": (N_("Received"), N_("All rows that have arrived.")),
    "clean": (N_("Clean"), N_("Rows that models can be trained on.")),
    "quarantined": (N_("Quarantined"), N_("Invalid rows that wait for a decision.")),
    "waived": (N_("Waived"), N_("Quarantined rows that somebody decided to exclude.")),
    "rejected": (N_("Rejected"), N_("Rows of whole batches that a gate has rejected.")),
    "on_the_way": (N_("In progress"), N_("Rows that are being processed.")),
    "repeated": (N_("Repeated"), N_("Rows that had already arrived in an earlier delivery.")),
    "superseded": (N_("Superseded"), N_("Rows that a corrected row has replaced.")),
    "erased": (N_("Erased"), N_("Rows that were deleted for a patient or because of their age.")),
}
"""Label and help text of each count of rows."""
COUNTS = {
    N_("Rows"): "rows",
    N_("Clean"): "clean",
    N_("Quarantined"): "quarantined",
    N_("Repeated"): "repeated",
}
LEVELS: dict[str, str] = {
    Level.NONE: N_("● stable"),
    Level.MODERATE: N_("▲ moderate"),
    Level.STRONG: N_("■ strong"),
}
MAX_FIELDS = 15
OUTCOME = N_("Outcome")
"""Label of the target, which is monitored but is not a field of the form."""
AXIS_HEIGHT = 80
"""Pixels."""


def show() -> None:
    """Draw the page."""
    st.title(_("Data quality"), anchor=False)
    st.markdown(
        _("Every batch of encounters must pass quality gates before a model is trained on it.")
    )
    quality = service.fetch(lambda api: api.quality())
    if quality is None:
        return
    _show_reports_link(quality["reports_url"])
    st.caption(_("As of {time}.", time=formats.time(quality["published_at"])))
    if quality["lost"]:
        details = sentences.translation(quality["lost"])
        lost = _(
            "Some rows are unaccounted for: {details}",
            details=details or _("the full reports have the details."),
        )
        st.error(lost, icon=":material/error:")
    if quality["rows"]:
        _show_rows(quality["rows"])
    if not quality["batches"]:
        st.info(_("No batch has arrived yet."), icon=":material/hourglass_empty:")
        return
    _show_gates(quality)
    _show_drift(quality["drift"], service.fetch(lambda api: api.schema()) or {"fields": []})


def _show_reports_link(url: str | None) -> None:
    if url:
        st.link_button(_("Open the reports"), url, icon=":material/open_in_new:")
    else:
        st.caption(_("The address of the full reports is not configured."))


def _show_rows(rows: dict[str, int]) -> None:
    with st.container(key="rows"):
        columns = st.columns(len(ROWS))
    for column, (name, (label, hint)) in zip(columns, ROWS.items(), strict=True):
        column.metric(_(label), formats.number(rows.get(name, 0)), help=_(hint))
    sums = _("Every received row counts in exactly one of the other groups.")
    st.caption(f":material/check: {sums}")


def _show_gates(quality: Json) -> None:
    st.header(f":material/verified: {_('Gates')}", anchor=False)
    titles = {gate["name"]: _(gate["title"]) for gate in quality["gates"]}
    statuses = {s["name"]: f"{s['mark']} {_(s['title'])}" for s in quality["statuses"]}
    stopped = [
        f"{batch['batch_id']} ({titles.get(gate, gate)})"
        for batch in quality["batches"]
        for gate in batch["stopped_by"]
    ]
    if stopped:
        batches = ", ".join(stopped)
        st.error(_("Stopped by a gate: {batches}.", batches=batches), icon=":material/block:")
    written: dict[Any, Any] = {_(heading): formats.number for heading in COUNTS}
    rows = [_gate_row(batch, titles, statuses) for batch in quality["batches"]]
    st.dataframe(pd.DataFrame(rows).style.format(written), hide_index=True)


def _gate_row(batch: Json, titles: dict[str, str], statuses: dict[str, str]) -> Json:
    results = {title: statuses[batch["gates"][gate]] for gate, title in titles.items()}
    counts = {_(heading): batch[name] for heading, name in COUNTS.items()}
    return {_("Batch"): batch["batch_id"], **results, **counts}


def _show_drift(drift: list[Json], schema: Json) -> None:
    if not drift:
        return
    st.header(f":material/trending_up: {_('Drift')}", anchor=False)
    labels = fields.labels(schema)
    largest = pd.DataFrame(drift).nlargest(MAX_FIELDS, "psi")
    largest = largest.assign(
        level=largest["level"].map(_level_in_words),
        column=largest["column"].map(lambda name: labels.get(name, _(OUTCOME))),
    )
    st.caption(
        _(
            "How much `{batch}` differs from the data that the model was trained on, as a "
            "population stability index. Moderate drift starts at {moderate}, strong drift at "
            "{strong}.",
            batch=largest["batch_id"].iloc[0],
            moderate=formats.number(MODERATE, 2),
            strong=formats.number(STRONG, 2),
        )
    )
    charts.draw(_drift_chart(largest))


def _level_in_words(level: str) -> str:
    return _(LEVELS.get(level, level))


def _drift_chart(largest: pd.DataFrame) -> charts.Chart:
    base = alt.Chart(largest).encode(
        y=alt.Y(
            "column:N",
            sort=list(largest["column"]),
            title=None,
            axis=alt.Axis(labelLimit=220, labelOverlap=False),
        ),
        # Leaves room for the level behind the longest bar.
        x=alt.X(
            "psi:Q",
            title=_("Population stability index"),
            scale=alt.Scale(domain=[0, 1.25 * max(STRONG, largest["psi"].max())]),
            axis=alt.Axis(tickCount=6),
        ),
        tooltip=[
            alt.Tooltip("column", title=_("Field")),
            alt.Tooltip("level", title=_("Drift")),
            alt.Tooltip("psi", title=_("Population stability index"), format=".3f"),
        ],
    )
    bars = base.mark_bar(color=charts.NO)
    levels = base.mark_text(align="left", dx=4).encode(text="level:N")
    return alt.layer(bars, levels).properties(
        height=24 * len(largest) + AXIS_HEIGHT, description=_("Drift by field")
    )


show()
