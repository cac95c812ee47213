"""Many patients at once: a CSV file in, a table, a chart and a file out."""

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from ui import service
from ui.client import ApiAway, Json
from ui.components import charts, form, prediction
from ui.file_job import WHOLE_ROW, FileJob
from ui.wording import models

JOB = "file_job"
SHOWN = 1_000
BINS = 25
EVERY = 0.5
"""Seconds between two looks at the progress."""

ORDERS = ("Highest risk first", "As in the file")


def show() -> None:
    """Draw the page."""
    st.title("Files", anchor=False)
    st.markdown(
        "Predict a whole CSV file: one line a stay, the first line names the columns as on the "
        "UCI file. Wrong rows are listed and do not stop the others. The file is not kept."
    )
    description = service.ask(lambda api: api.describe())
    health = service.ask(lambda api: api.health()) if description else None
    if description is None or health is None:
        return
    if health["model_loaded"]:
        service.show_source(health)
    else:
        service.show_no_model()
    _upload(description)
    job: FileJob | None = st.session_state.get(JOB)
    if job is None:
        return
    if job.is_running:
        _wait()
    else:
        _show_result(job, description)


def _upload(description: Json) -> None:
    # What the service takes, and what the server of this page lets through to it.
    largest_mb = min(description["limits"]["file_mb"], st.get_option("server.maxUploadSize"))
    file = st.file_uploader("CSV file of encounters", type="csv", max_upload_size=largest_mb)
    row = st.container(horizontal=True)
    pressed = row.button(
        "Predict file", type="primary", icon=":material/play_arrow:", disabled=file is None
    )
    if pressed and file is not None:
        _stop()
        st.session_state[JOB] = FileJob(
            service.client(), tuple(description["classes"]), file.name, file.getvalue()
        )
    row.download_button(
        "A file to fill in", _template(description), "encounters.csv", "text/csv",
        icon=":material/draft:", type="tertiary", on_click="ignore",
    )  # fmt: skip


def _template(description: Json) -> bytes:
    """Return the columns and one usual encounter."""
    usual = {field["name"]: field["example"] for field in form.asked(description)}
    return pd.DataFrame([usual]).to_csv(index=False).encode()


def _stop() -> None:
    if JOB in st.session_state:
        st.session_state[JOB].stop()


@st.fragment(run_every=EVERY)
def _wait() -> None:
    job: FileJob = st.session_state[JOB]
    if not job.is_running:
        st.rerun()
    st.progress(job.progress, f"{job.name}: {job.rows:,} of about {job.expected_rows:,} rows")
    st.caption("You can look at other pages meanwhile and come back.")
    st.button("Stop", icon=":material/stop:", on_click=_stop)


def _show_result(job: FileJob, description: Json) -> None:
    _show_end(job, description)
    if not job.rows:
        return
    table = job.table()
    soon = int((table["class"] == models.soonest(description["classes"])).sum())
    cells = st.columns(4)
    cells[0].metric("Rows", f"{job.rows:,}")
    cells[1].metric("Answered", f"{len(table):,}")
    cells[2].metric("Refused", f"{len(job.reasons):,}")
    cells[3].metric("Expected back within 30 days", f"{soon:,}")
    st.download_button(
        "Download all answers", lambda: _csv(job, table), "predictions.csv", "text/csv",
        icon=":material/download:", type="primary", on_click="ignore",
    )  # fmt: skip
    if job.reasons:
        _show_refused(job, description)
    if len(table):
        _show_charts(table, description["classes"])
        _show_table(table, description["classes"])


def _show_end(job: FileJob, description: Json) -> None:
    if isinstance(job.failure, ApiAway):
        st.error(
            f"**The service stopped answering** after {job.rows:,} rows of {job.name}. What had "
            "come by then is below; predict the file again for the rest.",
            icon=":material/cloud_off:",
        )
    elif job.failure is not None:
        prediction.show_refusal(job.failure, description)
    elif job.was_stopped:
        st.warning(f"Stopped after {job.rows:,} rows of {job.name}.", icon=":material/stop_circle:")
    elif job.broke_off:
        _show_break(job, job.broke_off)
    elif job.summary:
        read = "its only row" if job.rows == 1 else f"all {job.rows:,} rows"
        st.success(
            f"{job.name}: {read} read, by model version {job.summary['model_version']}.",
            icon=":material/done_all:",
        )


def _show_break(job: FileJob, message: str) -> None:
    st.warning(
        f"**{job.name} broke off at row {job.rows:,} of about {job.expected_rows:,}.** The rows "
        "before it are below; nothing after it was read.",
        icon=":material/cut:",
    )
    st.markdown(
        f"What the service says: {message}\n\n"
        "What to do next: open the file at this row. Often a quotation mark is opened there and "
        "not closed, or the file was not saved as *CSV UTF-8*. Correct it and predict the whole "
        "file again."
    )


def _show_refused(job: FileJob, description: Json) -> None:
    labels = {field["name"]: field["label"] for field in description["fields"]}
    labels[WHOLE_ROW] = "The whole row"
    rows = [
        (p.row, labels.get(p.field, p.field), "–" if p.value is None else str(p.value), p.expected)
        for p in job.problems
    ]
    st.header(":material/edit: Rows that were refused", anchor=False)
    st.dataframe(pd.DataFrame(rows, columns=["Row", "Field", "Value", "Expected"]), hide_index=True)
    if len(job.reasons) > len({p.row for p in job.problems}):
        st.caption("The first ones; the download has all.")
    st.caption("Row 1 is the first line below the column names.")


def _show_charts(table: pd.DataFrame, classes: dict[str, str]) -> None:
    left, right = st.columns(2, gap="large")
    counts = table["class"].value_counts()
    by_class = pd.DataFrame(
        {"outcome": list(classes.values()), "rows": [int(counts.get(c, 0)) for c in classes]}
    )
    base = alt.Chart(by_class).encode(
        y=alt.Y(
            "outcome:N", sort=list(by_class["outcome"]), title=None, axis=alt.Axis(labelLimit=260)
        ),
        x=alt.X("rows:Q", title="Rows"),
        tooltip=["outcome", "rows"],
    )
    bars = base.mark_bar(color=charts.NO)
    figures = base.mark_text(align="left", dx=4).encode(text=alt.Text("rows:Q", format=","))
    with left:
        st.header("Answers", anchor=False)
        charts.draw(alt.layer(bars, figures).properties(height=220))
    with right:
        st.header("Risk of coming back within 30 days", anchor=False)
        charts.draw(_histogram(table[models.soonest(classes)].to_numpy()))


def _histogram(risks: np.ndarray) -> alt.Chart:
    """Count here, not in the browser: 100,000 points would freeze it."""
    rows, edges = np.histogram(risks, bins=BINS, range=(0, max(0.5, float(risks.max()))))
    table = pd.DataFrame({"from": edges[:-1], "to": edges[1:], "rows": rows})
    return (
        alt.Chart(table)
        .mark_bar(color=charts.SOON)
        .encode(
            x=alt.X("from:Q", bin="binned", title="Probability", axis=alt.Axis(format=".0%")),
            x2="to:Q",
            y=alt.Y("rows:Q", title="Rows"),
            tooltip=[alt.Tooltip("from", format=".0%"), alt.Tooltip("to", format=".0%"), "rows"],
        )
        .properties(height=220)
    )


def _show_table(table: pd.DataFrame, classes: dict[str, str]) -> None:
    st.header("Rows", anchor=False)
    order = st.segmented_control("Order", ORDERS, default=ORDERS[0], key="file_order")
    chosen = (
        table.nlargest(SHOWN, models.soonest(classes)) if order == ORDERS[0] else table.head(SHOWN)
    )
    shown = pd.DataFrame(
        {
            "Row": chosen["row"],
            "Expected": chosen["class"].astype(str).map(classes),
            **{classes[name]: (100 * chosen[name]).round(1) for name in classes},
            "Risk rank (0 to 100)": chosen["percentile"].round(0),
        }
    )
    percent = {classes[name]: st.column_config.NumberColumn(format="%.1f %%") for name in classes}
    st.dataframe(shown, hide_index=True, column_config=percent)
    if len(table) > SHOWN:
        st.caption(f"{SHOWN:,} of {len(table):,} rows; the download has all.")


def _csv(job: FileJob, table: pd.DataFrame) -> bytes:
    """Return all rows in the order of the file, refused ones with the reason."""
    refused = pd.DataFrame(
        {"row": list(job.reasons), "refused_because": list(job.reasons.values())}
    )
    names = {"class": "predicted_class", "percentile": "risk_percentile"}
    whole = table.rename(columns=names | {c: f"probability_{c}" for c in job.classes})
    whole = pd.concat([whole, refused]).sort_values("row")
    return whole.astype({"row": int}).to_csv(index=False).encode()


show()
