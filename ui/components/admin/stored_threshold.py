"""The stored threshold of follow-up, and a form by which an admin stores another one."""

import streamlit as st
from pydantic import SecretStr

from ui.client import ApiUnavailable, Json, RequestRefused
from ui.components import service
from ui.components.admin import actions
from ui.language import _, formats


def show(threshold: float | None, followed: int, discharged: int) -> None:
    """Say which threshold is stored, and offer to store the one that was chosen on this page.

    Parameters
    ----------
    threshold : float, optional
        The one that was chosen; None if nobody is followed up.
    followed, discharged : int
        Patients per day for which it was chosen.
    """
    stored = service.fetch(lambda api: api.follow_up())
    if stored is None:
        return
    st.header(_("Stored threshold"), anchor=False)
    st.markdown(in_words(stored))
    if threshold is not None:
        choice = {"threshold": threshold, "followed": followed, "discharged": discharged}
        _offer(choice)


def in_words(stored: Json) -> str:
    """Return which threshold is stored, by whom, when and why."""
    if stored["threshold"] is None:
        return _("No threshold is stored, so no prediction says whether to follow a patient up.")
    return _(
        "From a risk of **{threshold}**, predictions say that the patient is to be followed up. "
        "Chosen by {who} on {day}: {why}",
        threshold=formats.percent(stored["threshold"], 1),
        who=stored["decided_by"],
        day=formats.day(stored["decided_at"]),
        why=stored["why"],
    )


def _offer(choice: Json) -> None:
    # `clear_on_submit` keeps the key out of the session and the browser.
    with (
        st.expander(_("Store the threshold of this page"), icon=":material/admin_panel_settings:"),
        st.form("threshold", clear_on_submit=True, border=False),
    ):
        st.markdown(
            _(
                "Every prediction and worklist uses {threshold} from then on, for everyone.",
                threshold=formats.percent(choice["threshold"], 1),
            )
        )
        reason = st.text_input(_("Reason"), max_chars=500).strip()
        who = st.text_input(_("Who decided"), max_chars=100).strip()
        key = st.text_input(_("Admin key"), type="password", autocomplete="off").strip()
        confirmed = st.form_submit_button(_("Store"), type="primary")
    if not confirmed:
        return
    if not key or not reason:
        st.error(_("Enter the reason and the admin key."), icon=":material/key:")
        return
    _store(key, choice | {"reason": reason, "by": who or None})


def _store(key: str, choice: Json) -> None:
    try:
        service.client().store_follow_up(SecretStr(key), choice)
    except (ApiUnavailable, RequestRefused) as error:
        actions.show_error(error)
        return
    st.rerun()
