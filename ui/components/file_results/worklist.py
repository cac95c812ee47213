"""The worklist: the patients of a file by risk, and whom the team has the capacity to follow up."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from html import escape
from io import BytesIO
from typing import Any

import pandas as pd
import streamlit as st

from ui import followup
from ui.client import Json
from ui.components import service
from ui.file_job import csv_for_people
from ui.language import _, current, formats
from ui.prediction_columns import LINE_NUMBER, PREDICTED

KEYS = ("encounter_id", "patient_nbr", "id")
"""Columns of the caller by which a patient is found again, if the file has them."""
RANK, RISK, FOLLOW_UP = "rank", "risk_within_30_days", "follow_up"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHEET = "worklist"
HEAD = (
    '<!doctype html><html lang="LANGUAGE"><meta charset="utf-8"><style>'
    "body{font:14px sans-serif;margin:2rem}table{border-collapse:collapse;width:100%}"
    "th,td{border-bottom:1px solid #999;padding:.35rem .6rem;text-align:left}"
    "thead{display:table-header-group}tr{break-inside:avoid}</style>"
)


@dataclass(frozen=True)
class Worklist:
    """Patients who left alive, those at highest risk first.

    Parameters
    ----------
    rows : DataFrame
        ``rank``, ``line`` in the file, the caller's keys, ``risk_within_30_days``, ``follow_up``
        and ``predicted_class``.
    threshold : float, optional
        The risk from which a patient is followed up; None if nobody is.
    """

    rows: pd.DataFrame
    threshold: float | None

    @property
    def chosen(self) -> pd.DataFrame:
        """The patients to follow up."""
        return self.rows[self.rows[FOLLOW_UP]]

    def csv(self) -> bytes:
        """Return all patients as CSV for a spreadsheet program."""
        return csv_for_people(self.rows)

    def xlsx(self) -> bytes:
        """Return all patients as an Excel file, without characters that such a file cannot hold."""
        from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE  # Slow to import.

        file, rows = BytesIO(), self.rows.replace(ILLEGAL_CHARACTERS_RE, "", regex=True)
        with pd.ExcelWriter(file, engine="openpyxl") as writer:
            rows.to_excel(writer, index=False, sheet_name=SHEET, freeze_panes=(1, 0))
            for row in writer.sheets[SHEET].iter_rows():
                for cell in row:
                    # A key from the file that begins with "=" is text, not a formula.
                    cell.data_type = "s" if cell.data_type == "f" else cell.data_type
        return file.getvalue()

    def page(
        self,
        title: str,
        headings: Mapping[str, str],
        done: str,
        percent: Callable[[float], str],
        language: str,
    ) -> bytes:
        """Return the patients to follow up as a page to print, with a box to tick for each.

        Parameters
        ----------
        title : str
            Heading of the page.
        headings : mapping of str to str
            The columns to print, each with its heading.
        done : str
            Heading of the boxes.
        percent : callable
            Writes a share as the reader does.
        language : str
            Code of the language of the page.
        """
        shown = [name for name in headings if name in self.rows]
        head = "".join(f"<th>{escape(headings[name])}</th>" for name in shown)
        rows = (
            [_cell(name, row[name], percent) for name in shown]
            for row in self.chosen.to_dict("records")
        )
        lines = "".join(
            f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}<td>☐</td></tr>"
            for cells in rows
        )
        return (
            f"{HEAD.replace('LANGUAGE', language)}<title>{escape(title)}</title>"
            f"<h1>{escape(title)}</h1><table><thead><tr>{head}<th>{escape(done)}</th></tr></thead>"
            f"<tbody>{lines}</tbody></table>"
        ).encode()


def make_worklist(table: pd.DataFrame, risk: str, threshold: float | None) -> Worklist:
    """Rank the predicted rows of a file by their risk of readmission within 30 days.

    The predicted class plays no part: it weighs the classes, so a row of a lower risk can have the
    class of an earlier readmission.

    Parameters
    ----------
    table : DataFrame
        The predicted rows.
    risk : str
        The column with the probability of readmission within 30 days.
    threshold : float, optional
        The risk from which a patient is followed up.
    """
    predicted = table[table[PREDICTED].notna()]
    ranked = predicted.sort_values(risk, ascending=False, kind="stable").reset_index(drop=True)
    keys = [name for name in KEYS if name in ranked and ranked[name].notna().any()]
    rows = ranked[[LINE_NUMBER, *keys, risk, PREDICTED]].rename(columns={risk: RISK})
    chosen = rows[RISK].astype(float) >= (2.0 if threshold is None else threshold)
    rows.insert(len(rows.columns) - 1, FOLLOW_UP, chosen)
    rows.insert(0, RANK, range(1, len(rows) + 1))
    return Worklist(rows, threshold)


def _cell(name: str, value: Any, percent: Callable[[float], str]) -> str:
    if value is None or pd.isna(value):
        return ""
    return percent(value) if name == RISK else str(value)


def show(table: pd.DataFrame, risk: str) -> None:
    """Draw the worklist of a file: how many patients to follow up, and its downloads."""
    model = service.fetch(lambda api: api.model())
    curve = pd.DataFrame(model["card"]["capacity"] if model else [])
    discharged, followed = followup.capacity(st.session_state)
    stored = service.fetch(lambda api: api.follow_up()) or {}
    threshold = stored.get("threshold")
    if threshold is None and not curve.empty:
        curve = curve.sort_values("share")
        threshold = followup.follow_up(curve, followed, discharged).threshold
    worklist = make_worklist(table, risk, threshold)
    st.header(_("Worklist"), anchor=False)
    if threshold is None:
        st.markdown(_("The patients at highest risk of readmission within 30 days come first."))
    elif stored.get("threshold") is not None:
        st.markdown(_by_stored(worklist, stored))
    else:
        st.markdown(_in_words(worklist, followed, discharged, threshold))
    row = st.container(horizontal=True)
    for label, content, name, kind in _files(worklist):
        row.download_button(
            label, content, name, kind, icon=":material/checklist:", on_click="ignore"
        )


def _by_stored(worklist: Worklist, stored: Json) -> str:
    return _(
        "**{chosen} of {rows}** patients have a risk of at least {threshold}, and come first. This "
        "is the stored threshold, chosen by {who} on {day}.",
        chosen=formats.number(len(worklist.chosen)),
        rows=formats.number(len(worklist.rows)),
        threshold=formats.percent(stored["threshold"], 1),
        who=stored["decided_by"],
        day=formats.day(stored["decided_at"]),
    )


def _in_words(worklist: Worklist, followed: int, discharged: int, threshold: float) -> str:
    return _(
        "**{chosen} of {rows}** patients have a risk of at least {threshold}, and come first. This "
        "is the threshold of the page Capacity: {followed} of {discharged} patients per day.",
        chosen=formats.number(len(worklist.chosen)),
        rows=formats.number(len(worklist.rows)),
        threshold=formats.percent(threshold, 1),
        followed=formats.number(followed),
        discharged=formats.number(discharged),
    )


def _files(worklist: Worklist) -> list[tuple[str, Callable[[], bytes], str, str]]:
    """Return the downloads; each is made when it is clicked, as Excel takes seconds."""
    headings = {
        RANK: _("Rank"),
        "line": _("Row"),
        **{name: name for name in KEYS},
        RISK: _("Risk of readmission within 30 days"),
    }
    # Made when it is clicked, outside of a visit.
    page = partial(
        worklist.page, _("Worklist"), headings, _("Done"), formats.percent_writer(1), current()
    )
    return [
        (_("Print the worklist"), page, "worklist.html", "text/html"),
        (_("Worklist as CSV"), worklist.csv, "worklist.csv", "text/csv"),
        (_("Worklist as Excel"), worklist.xlsx, "worklist.xlsx", XLSX),
    ]
