"""Explains on the page why a request to the API failed, and what to do about it."""

import streamlit as st

from ui.client import ApiUnavailable, Json, RequestRefused
from ui.language import _, choice, ngettext
from ui.wording import fields, refusals

MAX_PROBLEMS = 8
"""Problems listed; a file without the right columns has one for each of them."""


def show_unavailable(error: ApiUnavailable, url: str) -> None:
    """Show where the service was expected and how to start it."""
    st.error(
        _("**The prediction service is not responding.** It should run at {url}.", url=url),
        icon=":material/cloud_off:",
    )
    st.markdown(
        _(
            "What to do next: if it has just been started, wait a few seconds. Otherwise start it "
            "(`readmission up` on a single machine) and check its log, or ask your administrator. "
            "Your entries are kept as long as this page stays open."
        )
    )
    if choice.current() == choice.SOURCE:
        st.caption(str(error))


def show_refused(refused: RequestRefused) -> None:
    """Show why the API refused a request."""
    if refused.kind == "no_model":
        show_no_model()
        if refusals.is_worded(refused):
            st.caption(refused.message)
    elif refused.kind in ("unauthorized", "forbidden"):
        _show_key_error(refused)
    elif refused.kind == "too_many":
        st.warning(
            _("**Too many requests at once.** Wait a second and try again."),
            icon=":material/hourglass_top:",
        )
    else:
        st.error(refusals.in_words(refused), icon=":material/error:")
        if refused.request_id:
            st.caption(_("Request ID in the logs: `{id}`.", id=refused.request_id))


def _show_key_error(refused: RequestRefused) -> None:
    """Tell three cases apart: no key, an unknown key, and a key without the role."""
    if refused.kind == "forbidden":
        problem = _(
            "**This app's key does not have the required role.** Ask your administrator to set a "
            "key with the role *predict* in `READMISSION_API_KEY` and restart the app."
        )
    elif refused.had_key:
        problem = _(
            "**The service does not recognise this app's key.** It may have been replaced. Ask "
            "your administrator to set the current key in `READMISSION_API_KEY` and restart the "
            "app."
        )
    else:
        problem = _(
            "**The service requires a key, and this app has none.** Ask your administrator to set "
            "one in `READMISSION_API_KEY` and restart the app."
        )
    st.error(problem, icon=":material/key_off:")


def show_no_model() -> None:
    """Show that no model is in production yet."""
    st.warning(
        _(
            "**There is no model yet.** Predictions start when the pipeline has put its first "
            "model into production. On a single machine, `make demo` does this."
        ),
        icon=":material/hourglass_empty:",
    )


def show_absence(health: Json) -> None:
    """Show why the service has no model: none is in production yet, or it cannot load it."""
    failure = health["last_reload_error"]
    if failure is None or health["waiting_for_first_model"]:
        show_no_model()
        return
    st.error(
        _(
            "**The service cannot load its model.** It tries again by itself. If this lasts for "
            "more than a minute, tell your administrator."
        ),
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
    more = len(refused.problems) - MAX_PROBLEMS
    if more > 0:
        lines.append("- " + ngettext("and {count} more", "and {count} more", more, count=more))
    st.error(f"{_('Please correct:')}\n\n" + "\n".join(lines), icon=":material/edit:")
