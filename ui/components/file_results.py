"""The predictions for a file: counts, errors, charts, table and download."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from ui.client import ApiUnavailable, Json
from ui.components import api_errors, charts
from ui.file_job import WHOLE_ROW, FileJob
from ui.prediction_columns import PREDICTED, PROBABILITIES, PredictionColumn
from ui.wording import fields

MAX_ROWS = 1_000
"""Rows in the table on the page; the download has all."""
BINS = 25
ORDERS = ("Highest risk first", "As in the file")
HEADINGS = {PREDICTED: "Predicted outcome"}
"""Headings for clinicians; other columns are called as in the API."""


def show(job: FileJob, schema: Json) -> None:
    """Draw the results of a job that has ended."""
    _show_status(job, schema)
    if not job.rows:
        return
    table, classes = job.table(), schema["classes"]
    soonest = fields.soonest(classes)
    cells = st.columns(4)
    cells[0].metric("Rows", f"{job.rows:,}")
    cells[1].metric("Predicted", f"{table[PREDICTED].count():,}")
    cells[2].metric("With errors", f"{len(job.row_errors):,}")
    cells[3].metric(
        "Readmissions predicted within 30 days", f"{(table[PREDICTED] == soonest).sum():,}"
    )
    st.download_button(
        "Download predictions", job.csv, "predictions.csv", "text/csv",
        icon=":material/download:", type="primary", on_click="ignore",
    )  # fmt: skip
    if job.row_errors:
        _show_errors(job, schema)
    if len(table):
        risk = next(c.name for c in job.columns if c.path == (PROBABILITIES, soonest))
        if table[PREDICTED].count():
            _show_charts(table, risk, classes)
        _show_table(table, risk, job.columns, classes)


def _show_status(job: FileJob, schema: Json) -> None:
    if isinstance(job.failure, ApiUnavailable):
        st.error(
            f"**The service stopped responding** after {job.rows:,} rows of {job.name}. The "
            "predictions so far are below. To get the rest, predict the file again.",
            icon=":material/cloud_off:",
        )
    elif job.failure is not None:
        api_errors.show_problems(job.failure, schema)
    elif job.was_stopped:
        st.warning(f"Stopped after {job.rows:,} rows of {job.name}.", icon=":material/stop_circle:")
    elif job.fatal_error:
        _show_fatal_error(job, job.fatal_error)
    elif job.summary:
        rows = "1 row" if job.rows == 1 else f"all {job.rows:,} rows"
        st.success(
            f"{job.name}: {rows} read, model version {job.summary['model_version']}.",
            icon=":material/done_all:",
        )


def _show_fatal_error(job: FileJob, message: str) -> None:
    st.warning(
        f"**{job.name} is unreadable from row {job.rows:,}{job.of_expected}.** The "
        "rows before it are below; the rest was not read.",
        icon=":material/cut:",
    )
    st.markdown(
        f"Message from the service: {message}\n\n"
        "What to do next: open the file at this row. Often a quotation mark is never closed, or "
        "the file is incomplete. Correct it and predict the whole file again."
    )


def _show_errors(job: FileJob, schema: Json) -> None:
    labels = fields.labels(schema) | {WHOLE_ROW: "Whole row"}
    rows = [
        (p.row, labels.get(p.field, p.field), "–" if p.value is None else str(p.value), p.expected)
        for p in job.problems
    ]
    st.header(":material/edit: Rows with errors", anchor=False)
    st.dataframe(pd.DataFrame(rows, columns=["Row", "Field", "Value", "Expected"]), hide_index=True)
    if len(job.row_errors) > len({problem.row for problem in job.problems}):
        st.caption("More rows have errors; the download lists all of them.")
    st.caption("Row 1 is the first line below the column names.")


def _show_charts(table: pd.DataFrame, risk: str, classes: dict[str, str]) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        st.header("Predicted outcomes", anchor=False)
        charts.draw(_outcome_counts(table, classes))
    with right:
        st.header("Risk of readmission within 30 days", anchor=False)
        charts.draw(_histogram(table[risk].dropna().to_numpy(float)))


def _outcome_counts(table: pd.DataFrame, classes: dict[str, str]) -> charts.Chart:
    counts = table[PREDICTED].value_counts()
    by_class = pd.DataFrame(
        {"outcome": list(classes.values()), "rows": [int(counts.get(c, 0)) for c in classes]}
    )
    base = alt.Chart(by_class).encode(
        y=alt.Y(
            "outcome:N", sort=list(by_class["outcome"]), title=None, axis=alt.Axis(labelLimit=260)
        ),
        # Leaves room for the number behind the longest bar.
        x=alt.X(
            "rows:Q",
            title="Rows",
            scale=alt.Scale(domain=[0, 1.2 * by_class["rows"].max()], nice=False),
        ),
        tooltip=["outcome", "rows"],
    )
    bars = base.mark_bar(color=charts.NO)
    numbers = base.mark_text(align="left", dx=4).encode(text=alt.Text("rows:Q", format=","))
    return alt.layer(bars, numbers).properties(height=220)


def _histogram(risks: np.ndarray) -> charts.Chart:
    """Count the rows here: 100,000 points would freeze the browser."""
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


def _show_table(
    table: pd.DataFrame,
    risk: str,
    columns: Sequence[PredictionColumn],
    classes: dict[str, str],
) -> None:
    st.header("Rows", anchor=False)
    order = st.segmented_control("Order", ORDERS, default=ORDERS[0], key="file_order")
    by_risk = order == ORDERS[0]
    ordered = table.sort_values(risk, ascending=False, kind="stable") if by_risk else table
    chosen = ordered.head(MAX_ROWS)
    shown = pd.DataFrame(
        {_heading(c, classes): _in_words(chosen[c.name], c, classes) for c in columns}
    )
    percent = {name: st.column_config.NumberColumn(format="%.1f %%") for name in classes.values()}
    st.dataframe(shown, hide_index=True, column_config=percent)
    if len(table) > MAX_ROWS:
        st.caption(f"{MAX_ROWS:,} of {len(table):,} rows; the download has all of them.")


def _heading(column: PredictionColumn, classes: dict[str, str]) -> str:
    if column.path[0] == PROBABILITIES:
        return classes[column.path[1]]
    return HEADINGS.get(column.name, column.name.replace("_", " ").capitalize())


def _in_words(
    values: "pd.Series[Any]", column: PredictionColumn, classes: dict[str, str]
) -> "pd.Series[Any]":
    if column.path[0] == PROBABILITIES:
        return (100 * values.astype(float)).round(1)
    return values.map(classes) if column.name == PREDICTED else values
