"""Predict a file of encounters."""

import pandas as pd
import streamlit as st

from ui.client import Json
from ui.components import api_errors, form, service
from ui.components.file_results import results
from ui.components.model import caption
from ui.file_job import FileJob
from ui.language import _, formats

JOB = "file_job"
REFRESH_SECONDS = 0.5
SUFFIXES = ["csv", "tsv", "txt", "xlsx", "parquet", "zip", "gz", "bz2", "zst"]
"""Files that the browser offers; the API looks at the content."""


def show() -> None:
    """Draw the page."""
    st.title(_("Files"), anchor=False)
    st.markdown(
        _(
            "Upload a table with one row per hospital stay and the column names of the UCI file: "
            "CSV, Excel (xlsx) or Parquet, or CSVs packed as zip, gzip, bzip2 or zstd. "
            "Rows with errors are listed; the others are predicted. The file is not stored."
        )
    )
    schema = service.fetch(lambda api: api.schema())
    health = service.fetch(lambda api: api.health()) if schema else None
    if schema is None or health is None:
        return
    if health["model_loaded"]:
        caption.show(health)
    else:
        api_errors.show_absence(health)
    _show_upload(schema)
    job: FileJob | None = st.session_state.get(JOB)
    if job is None:
        return
    if job.is_running:
        _show_progress()
    else:
        results.show(job, schema)


def _show_upload(schema: Json) -> None:
    # Both the API and Streamlit's own server limit the size.
    largest_mb = min(schema["limits"]["file_mb"], st.get_option("server.maxUploadSize"))
    file = st.file_uploader(_("File of hospital stays"), type=SUFFIXES, max_upload_size=largest_mb)
    row = st.container(horizontal=True)
    pressed = row.button(
        _("Predict file"), type="primary", icon=":material/play_arrow:", disabled=file is None
    )
    if pressed and file is not None:
        _stop()
        st.session_state[JOB] = FileJob(service.client(), file.name, file.getvalue())
    row.download_button(
        _("Download a template"), _template(schema), "encounters.csv", "text/csv",
        icon=":material/draft:", type="tertiary", on_click="ignore",
    )  # fmt: skip


def _template(schema: Json) -> bytes:
    """Return a CSV file with all columns and one example encounter."""
    example = {field["name"]: field["example"] for field in form.visible_fields(schema)}
    return pd.DataFrame([example]).to_csv(index=False).encode()


def _stop() -> None:
    if JOB in st.session_state:
        st.session_state[JOB].stop()


@st.fragment(run_every=REFRESH_SECONDS)
def _show_progress() -> None:
    job: FileJob = st.session_state[JOB]
    if not job.is_running:
        st.rerun()
    known = {"file": job.name, "rows": formats.number(job.rows)}
    so_far = (
        _(
            "{file}: {rows} of about {expected} rows",
            **known,
            expected=formats.number(job.expected_rows),
        )
        if job.expected_rows
        else _("{file}: {rows} rows", **known)
    )
    st.progress(job.progress, so_far)
    st.caption(_("You can use the other pages in the meantime."))
    st.button(_("Stop"), icon=":material/stop:", on_click=_stop)


show()
