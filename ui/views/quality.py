"""Whether the data is fit to learn from: what each gate said of each batch, and drift."""

import altair as alt
import pandas as pd
import streamlit as st

from readmission.domain.drift import MODERATE, STRONG, Level
from ui import service
from ui.client import Json
from ui.components import charts

ROWS = {
    "raw": ("Received", "Rows that came in."),
    "clean": ("Clean", "Rows that models may learn from."),
    "quarantined": ("Quarantined", "Rows set aside with a reason, until somebody decides."),
    "waived": ("Waived", "Quarantined rows that were given up."),
    "rejected": ("Rejected", "Rows of batches that a gate has stopped as a whole."),
    "on_the_way": ("On the way", "Rows that are being worked on."),
}
VERDICTS = {"pass": "✓ passed", "warn": "! warning", "fail": "✗ failed", "none": "– not run"}
COUNTS = {"Rows": "rows", "Clean": "clean", "Quarantined": "quarantined"}
GATES = {
    "raw": "Raw data",
    "clean": "Clean data",
    "training": "Training set",
    "predictions": "Model",
}
LEVELS: dict[str, str] = {
    Level.NONE: "● stable",
    Level.MODERATE: "▲ moderate",
    Level.STRONG: "■ strong",
}
SHOWN = 15
OUTCOME = "Outcome: whether and when back"
"""What is watched and is no field of the form."""
AXIS = 80
"""Pixels of a chart that its axis takes."""


def show() -> None:
    """Draw the page."""
    st.title("Data quality", anchor=False)
    st.markdown("Every batch of encounters passes gates before a model learns from it.")
    quality = service.ask(lambda api: api.quality())
    if quality is None:
        return
    _show_link(quality["reports_url"])
    st.caption(f"As of {service.moment(quality['published_at'])}.")
    if quality["lost"]:
        st.error(f"Rows are not accounted for: {quality['lost']}", icon=":material/error:")
    if quality["rows"]:
        _show_rows(quality["rows"])
    if not quality["batches"]:
        st.info("No batch has come in yet.", icon=":material/hourglass_empty:")
        return
    _show_gates(quality["batches"])
    _show_drift(quality["drift"], service.ask(lambda api: api.describe()) or {"fields": []})


def _show_link(url: str | None) -> None:
    if url:
        st.link_button("Open the reports", url, icon=":material/open_in_new:")
    else:
        st.caption("The full reports are not published where this page could link to them.")


def _show_rows(rows: dict[str, int]) -> None:
    for place, (name, (label, hint)) in zip(st.columns(len(ROWS)), ROWS.items(), strict=True):
        place.metric(label, f"{rows.get(name, 0):,}", help=hint)
    st.caption(":material/check: Every row received is in exactly one of the other places.")


def _show_gates(batches: list[Json]) -> None:
    st.header(":material/verified: Gates", anchor=False)
    failed = [batch["batch_id"] for batch in batches if "fail" in batch["gates"].values()]
    if failed:
        st.error(f"A gate has stopped: {', '.join(failed)}.", icon=":material/block:")
    gates = list(dict.fromkeys(gate for batch in batches for gate in batch["gates"]))
    table = [
        {
            "Batch": batch["batch_id"],
            **{
                GATES.get(gate, gate.capitalize()): VERDICTS.get(
                    batch["gates"].get(gate, "none"), batch["gates"].get(gate)
                )
                for gate in gates
            },
            **{head: batch[name] for head, name in COUNTS.items()},
        }
        for batch in batches
    ]
    counts = {name: st.column_config.NumberColumn(format="localized") for name in COUNTS}
    st.dataframe(pd.DataFrame(table), hide_index=True, column_config=counts)


def _show_drift(drift: list[Json], description: Json) -> None:
    if not drift:
        return
    st.header(":material/trending_up: Drift", anchor=False)
    newest = pd.DataFrame(drift).nlargest(SHOWN, "psi")
    labels = {field["name"]: field["label"] for field in description["fields"]}
    newest = newest.assign(
        level=newest["level"].map(lambda level: LEVELS.get(level, level)),
        column=newest["column"].map(lambda name: labels.get(name, OUTCOME)),
    )
    st.caption(
        f"How far `{newest['batch_id'].iloc[0]}` differs from what the model has learned from: "
        "what differs most comes first (population stability index; from "
        f"{MODERATE:g} moderate, from {STRONG:g} strong)."
    )
    base = alt.Chart(newest).encode(
        y=alt.Y(
            "column:N",
            sort=list(newest["column"]),
            title=None,
            axis=alt.Axis(labelLimit=170, labelOverlap=False),
        ),
        # Room on the right for the word behind the longest bar.
        x=alt.X(
            "psi:Q",
            title="Population stability index",
            scale=alt.Scale(domain=[0, 1.25 * max(STRONG, newest["psi"].max())]),
            axis=alt.Axis(tickCount=6),
        ),
        tooltip=["column", "level", alt.Tooltip("psi", format=".3f")],
    )
    bars = base.mark_bar(color=charts.NO)
    words = base.mark_text(align="left", dx=4).encode(text="level:N")
    charts.draw(
        alt.layer(bars, words).properties(
            height=24 * len(newest) + AXIS, description="Drift by field"
        )
    )


show()
