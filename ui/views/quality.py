"""Data quality: where all rows are, each gate's result for each batch, and drift."""

import altair as alt
import pandas as pd
import streamlit as st

from readmission.domain.drift import MODERATE, STRONG, Level
from ui.client import Json
from ui.components import charts, service
from ui.wording import fields
from ui.wording.provenance import format_time

ROWS = {
    "raw": ("Received", "All rows that have arrived."),
    "clean": ("Clean", "Rows that models can be trained on."),
    "quarantined": ("Quarantined", "Invalid rows that wait for a decision."),
    "waived": ("Waived", "Quarantined rows that somebody decided to exclude."),
    "rejected": ("Rejected", "Rows of whole batches that a gate has rejected."),
    "on_the_way": ("In progress", "Rows that are being processed."),
    "repeated": ("Repeated", "Rows that had already arrived in an earlier delivery."),
    "superseded": ("Superseded", "Rows that a corrected row has replaced."),
    "erased": ("Erased", "Rows that were deleted for a patient or because of their age."),
}
"""Label and help text of each count of rows."""
COUNTS = {"Rows": "rows", "Clean": "clean", "Quarantined": "quarantined", "Repeated": "repeated"}
LEVELS: dict[str, str] = {
    Level.NONE: "● stable",
    Level.MODERATE: "▲ moderate",
    Level.STRONG: "■ strong",
}
MAX_FIELDS = 15
OUTCOME = "Outcome"
"""Label of the target, which is monitored but is not a field of the form."""
AXIS_HEIGHT = 80
"""Pixels."""


def show() -> None:
    """Draw the page."""
    st.title("Data quality", anchor=False)
    st.markdown(
        "Every batch of encounters must pass quality gates before a model is trained on it."
    )
    quality = service.fetch(lambda api: api.quality())
    if quality is None:
        return
    _show_reports_link(quality["reports_url"])
    st.caption(f"As of {format_time(quality['published_at'])}.")
    if quality["lost"]:
        st.error(f"Some rows are unaccounted for: {quality['lost']}", icon=":material/error:")
    if quality["rows"]:
        _show_rows(quality["rows"])
    if not quality["batches"]:
        st.info("No batch has arrived yet.", icon=":material/hourglass_empty:")
        return
    _show_gates(quality)
    _show_drift(quality["drift"], service.fetch(lambda api: api.schema()) or {"fields": []})


def _show_reports_link(url: str | None) -> None:
    if url:
        st.link_button("Open the reports", url, icon=":material/open_in_new:")
    else:
        st.caption("The address of the full reports is not configured.")


def _show_rows(rows: dict[str, int]) -> None:
    for column, (name, (label, hint)) in zip(st.columns(len(ROWS)), ROWS.items(), strict=True):
        column.metric(label, f"{rows.get(name, 0):,}", help=hint)
    st.caption(":material/check: Every received row counts in exactly one of the other groups.")


def _show_gates(quality: Json) -> None:
    st.header(":material/verified: Gates", anchor=False)
    titles = {gate["name"]: gate["title"] for gate in quality["gates"]}
    statuses = {s["name"]: f"{s['mark']} {s['title']}" for s in quality["statuses"]}
    stopped = [
        f"{batch['batch_id']} ({titles.get(gate, gate)})"
        for batch in quality["batches"]
        for gate in batch["stopped_by"]
    ]
    if stopped:
        st.error(f"Stopped by a gate: {', '.join(stopped)}.", icon=":material/block:")
    counts = {heading: st.column_config.NumberColumn(format="localized") for heading in COUNTS}
    rows = [_gate_row(batch, titles, statuses) for batch in quality["batches"]]
    st.dataframe(pd.DataFrame(rows), hide_index=True, column_config=counts)


def _gate_row(batch: Json, titles: dict[str, str], statuses: dict[str, str]) -> Json:
    results = {title: statuses[batch["gates"][gate]] for gate, title in titles.items()}
    counts = {heading: batch[name] for heading, name in COUNTS.items()}
    return {"Batch": batch["batch_id"], **results, **counts}


def _show_drift(drift: list[Json], schema: Json) -> None:
    if not drift:
        return
    st.header(":material/trending_up: Drift", anchor=False)
    labels = fields.labels(schema)
    largest = pd.DataFrame(drift).nlargest(MAX_FIELDS, "psi")
    largest = largest.assign(
        level=largest["level"].map(lambda level: LEVELS.get(level, level)),
        column=largest["column"].map(lambda name: labels.get(name, OUTCOME)),
    )
    st.caption(
        f"How much `{largest['batch_id'].iloc[0]}` differs from the data that the model was "
        "trained on, as a population stability index. Moderate drift starts at "
        f"{MODERATE:g}, strong drift at {STRONG:g}."
    )
    charts.draw(_drift_chart(largest))


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
            title="Population stability index",
            scale=alt.Scale(domain=[0, 1.25 * max(STRONG, largest["psi"].max())]),
            axis=alt.Axis(tickCount=6),
        ),
        tooltip=["column", "level", alt.Tooltip("psi", format=".3f")],
    )
    bars = base.mark_bar(color=charts.NO)
    levels = base.mark_text(align="left", dx=4).encode(text="level:N")
    return alt.layer(bars, levels).properties(
        height=24 * len(largest) + AXIS_HEIGHT, description="Drift by field"
    )


show()
