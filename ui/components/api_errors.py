"""Explains on the page why a request to the API failed, and what to do about it."""

import streamlit as st

from ui.client import ApiUnavailable, Json, RequestRefused
from ui.wording import fields

MAX_PROBLEMS = 8
"""Problems listed; a file without the right columns has one for each of them."""


def show_unavailable(error: ApiUnavailable, url: str) -> None:
    """Show where the service was expected and how to start it."""
    st.error(
        f"**The prediction service is not responding.** It should run at {url}.",
        icon=":material/cloud_off:",
    )
    st.markdown(
        "What to do next: if it has just been started, wait a few seconds. Otherwise start it "
        "(`readmission up` on a single machine) and check its log, or ask your administrator. "
        "Your entries are kept as long as this page stays open."
    )
    st.caption(str(error))


def show_refused(refused: RequestRefused) -> None:
    """Show why the API refused a request."""
    if refused.kind == "no_model":
        show_no_model()
        st.caption(refused.message)
    elif refused.kind in ("unauthorized", "forbidden"):
        _show_key_error(refused)
    elif refused.kind == "too_many":
        st.warning(
            "**Too many requests at once.** Wait a second and try again.",
            icon=":material/hourglass_top:",
        )
    else:
        st.error(refused.message, icon=":material/error:")
        if refused.request_id:
            st.caption(f"Request ID in the logs: `{refused.request_id}`.")


def _show_key_error(refused: RequestRefused) -> None:
    """Tell three cases apart: no key, an unknown key, and a key without the role."""
    if refused.kind == "forbidden":
        problem = "**This app's key does not have the required role.**"
        needed = "a key with the role *predict*"
    elif refused.had_key:
        problem = "**The service does not recognise this app's key.** It may have been replaced."
        needed = "the current key"
    else:
        problem = "**The service requires a key, and this app has none.**"
        needed = "one"
    st.error(
        f"{problem} Ask your administrator to set {needed} in `READMISSION_API_KEY` and restart "
        "the app.",
        icon=":material/key_off:",
    )


def show_no_model() -> None:
    """Show that no model is in production yet."""
    st.warning(
        "**There is no model yet.** Predictions start when the pipeline has put its first model "
        "into production. On a single machine, `make demo` does this.",
        icon=":material/hourglass_empty:",
    )


def show_absence(health: Json) -> None:
    """Show why the service has no model: none is in production yet, or it cannot load it."""
    failure = health["last_reload_error"]
    if failure is None or health["waiting_for_first_model"]:
        show_no_model()
        return
    st.error(
        "**The service cannot load its model.** It tries again by itself. If this lasts for more "
        "than a minute, tell your administrator.",
        icon=":material/cloud_off:",
    )


def show_problems(refused: RequestRefused, schema: Json) -> None:
    """List the invalid fields by their labels in the form, or explain any other refusal."""
    if not refused.problems:
        show_refused(refused)
        return
    lines = [
        f"- {fields.problem_in_words(problem, schema)}"
        for problem in refused.problems[:MAX_PROBLEMS]
    ]
    if len(refused.problems) > MAX_PROBLEMS:
        lines.append(f"- and {len(refused.problems) - MAX_PROBLEMS} more")
    st.error("Please correct:\n\n" + "\n".join(lines), icon=":material/edit:")
