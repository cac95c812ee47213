"""The predictions for a file: counts, errors, charts, table and download."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from ui.client import ApiUnavailable, Json, RequestRefused
from ui.components import api_errors, charts
from ui.components.file_results import worklist
from ui.file_job import WHOLE_ROW, FileJob, RowProblem
from ui.language import N_, _, formats, ngettext, sentences, translator
from ui.prediction_columns import PREDICTED, PROBABILITIES, PredictionColumn
from ui.wording import fields, refusals

MAX_ROWS = 1_000
"""Rows in the table on the page; the download has all."""
BINS = 25
ORDERS = (N_("Highest risk first"), N_("As in the file"))
HEADINGS = {
    PREDICTED: N_("Predicted outcome"),
    "line": N_("Row"),
    "logged": N_("Logged"),
    "model_name": N_("Model name"),
    "model_version": N_("Model version"),
    "data_source": N_("Data source"),
    "risk_percentile": N_("Risk percentile"),
}
"""Headings for clinicians; other columns are called as in the API."""


def show(job: FileJob, schema: Json) -> None:
    """Draw the results of a job that has ended."""
    _show_status(job, schema)
    if not job.rows:
        return
    table, classes = job.table(), fields.outcomes(schema)
    soonest = fields.soonest(classes)
    cells = st.columns(4)
    cells[0].metric(_("Rows"), formats.number(job.rows))
    cells[1].metric(_("Predicted"), formats.number(int(table[PREDICTED].count())))
    cells[2].metric(_("With errors"), formats.number(len(job.row_errors)))
    cells[3].metric(
        _("Readmissions predicted within 30 days"),
        formats.number(int((table[PREDICTED] == soonest).sum())),
    )
    st.download_button(
        _("Download predictions"), job.csv, "predictions.csv", "text/csv",
        icon=":material/download:", type="primary", on_click="ignore",
    )  # fmt: skip
    if job.row_errors:
        _show_errors(job, schema)
    if len(table):
        risk = next(c.name for c in job.columns if c.path == (PROBABILITIES, soonest))
        if table[PREDICTED].count():
            worklist.show(table, risk)
            _show_charts(table, risk, classes)
        _show_table(table, risk, job.columns, classes)


def _show_status(job: FileJob, schema: Json) -> None:
    if isinstance(job.failure, ApiUnavailable):
        st.error(
            ngettext(
                "**The service stopped responding** after {rows} row of {file}. The predictions so "
                "far are below. To get the rest, predict the file again.",
                "**The service stopped responding** after {rows} rows of {file}. The predictions "
                "so far are below. To get the rest, predict the file again.",
                job.rows,
                rows=formats.number(job.rows),
                file=job.name,
            ),
            icon=":material/cloud_off:",
        )
    elif job.failure is not None:
        api_errors.show_problems(job.failure, schema)
    elif job.was_stopped:
        stopped = ngettext(
            "Stopped after {rows} row of {file}.",
            "Stopped after {rows} rows of {file}.",
            job.rows,
            rows=formats.number(job.rows),
            file=job.name,
        )
        st.warning(stopped, icon=":material/stop_circle:")
    elif job.fatal_error:
        _show_fatal_error(job, RequestRefused(job.fatal_kind, job.fatal_error))
    elif job.summary:
        read = ngettext(
            "{file}: {rows} row read, model version {version}.",
            "{file}: all {rows} rows read, model version {version}.",
            job.rows,
            file=job.name,
            rows=formats.number(job.rows),
            version=job.summary["model_version"],
        )
        st.success(read, icon=":material/done_all:")


def _show_fatal_error(job: FileJob, refused: RequestRefused) -> None:
    known = {"file": job.name, "row": formats.number(job.rows)}
    unreadable = (
        _(
            "**{file} is unreadable from row {row} of about {rows}.** The rows before it are "
            "below; the rest was not read.",
            **known,
            rows=formats.number(job.expected_rows),
        )
        if job.expected_rows
        else _(
            "**{file} is unreadable from row {row}.** The rows before it are below; the rest was "
            "not read.",
            **known,
        )
    )
    st.warning(unreadable, icon=":material/cut:")
    st.markdown(_("Message from the service: {message}", message=refusals.in_words(refused)))
    st.markdown(
        _(
            "What to do next: open the file at this row. Often a quotation mark is never closed, "
            "or the file is incomplete. Correct it and predict the whole file again."
        )
    )


def _show_errors(job: FileJob, schema: Json) -> None:
    labels = fields.labels(schema) | {WHOLE_ROW: _("Whole row")}
    rows = [
        {
            _("Row"): problem.row,
            _("Field"): labels.get(problem.field, problem.field),
            _("Value"): "–" if problem.value is None else str(problem.value),
            _("Expected"): _expected(problem),
        }
        for problem in job.problems
    ]
    st.header(f":material/edit: {_('Rows with errors')}", anchor=False)
    st.dataframe(pd.DataFrame(rows), hide_index=True)
    if len(job.row_errors) > len({problem.row for problem in job.problems}):
        st.caption(_("More rows have errors; the download lists all of them."))
    st.caption(_("Row 1 is the first line below the column names."))


def _expected(problem: RowProblem) -> str:
    if problem.field == WHOLE_ROW and problem.kind:
        return refusals.in_words(RequestRefused(problem.kind, problem.expected))
    return sentences.translate(problem.expected)


def _show_charts(table: pd.DataFrame, risk: str, classes: dict[str, str]) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        st.header(_("Predicted outcomes"), anchor=False)
        charts.draw(_outcome_counts(table, classes))
    with right:
        st.header(_("Risk of readmission within 30 days"), anchor=False)
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
            title=_("Rows"),
            scale=alt.Scale(domain=[0, 1.2 * by_class["rows"].max()], nice=False),
        ),
        tooltip=[
            alt.Tooltip("outcome", title=_("Outcome")),
            alt.Tooltip("rows", title=_("Rows"), format=","),
        ],
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
            x=alt.X("from:Q", bin="binned", title=_("Probability"), axis=alt.Axis(format=".0%")),
            x2="to:Q",
            y=alt.Y("rows:Q", title=_("Rows"), axis=alt.Axis(format=",d")),
            tooltip=[
                alt.Tooltip("from", title=_("From"), format=".0%"),
                alt.Tooltip("to", title=_("To"), format=".0%"),
                alt.Tooltip("rows", title=_("Rows"), format=","),
            ],
        )
        .properties(height=220)
    )


def _show_table(
    table: pd.DataFrame,
    risk: str,
    columns: Sequence[PredictionColumn],
    classes: dict[str, str],
) -> None:
    st.header(_("Rows"), anchor=False)
    order = st.segmented_control(
        _("Order"), ORDERS, default=ORDERS[0], format_func=translator(), key="file_order"
    )
    by_risk = order == ORDERS[0]
    ordered = table.sort_values(risk, ascending=False, kind="stable") if by_risk else table
    chosen = ordered.head(MAX_ROWS)
    shown = pd.DataFrame(
        {_heading(c, classes): _in_words(chosen[c.name], c, classes) for c in columns}
    )
    written: dict[Any, Any] = {heading: formats.percent_writer(1) for heading in classes.values()}
    st.dataframe(shown.style.format(written), hide_index=True)
    if len(table) > MAX_ROWS:
        st.caption(
            _(
                "{shown} of {rows} rows; the download has all of them.",
                shown=formats.number(MAX_ROWS),
                rows=formats.number(len(table)),
            )
        )


def _heading(column: PredictionColumn, classes: dict[str, str]) -> str:
    if column.path[0] == PROBABILITIES:
        return classes[column.path[1]]
    return _(HEADINGS.get(column.name, column.name.replace("_", " ").capitalize()))


def _in_words(
    values: "pd.Series[Any]", column: PredictionColumn, classes: dict[str, str]
) -> "pd.Series[Any]":
    if column.path[0] == PROBABILITIES:
        return values.astype(float)
    return values.map(classes) if column.name == PREDICTED else values
