"""Buttons that reload or roll back the model or unpin it, confirmed with an admin's key."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st
from pydantic import SecretStr

from ui.client import ApiClient, ApiUnavailable, Json, RequestRefused
from ui.components import service
from ui.language import N_, _
from ui.wording import refusals

RESULT, CONFIRMING = "admin_action_result", "admin_action_confirming"
"""Session keys: what the last action did, and the name of the action in the open dialog."""


@dataclass(frozen=True)
class Action:
    """Something that an admin can do to the service.

    Parameters
    ----------
    name, label, icon : str
        Name in the session; text and icon of the button.
    warning, confirm : str
        What the dialog says, and the text of its button.
    request : callable
        Sends the request, given the client, the key and the decision.
    is_decision : bool
        Whether it needs a reason, which is stored with the person.
    """

    name: str
    label: str
    icon: str
    warning: str
    confirm: str
    request: Callable[[ApiClient, SecretStr, Json], Json]
    is_decision: bool = True


RELOAD = Action(
    "reload", N_("Reload model"), ":material/refresh:",
    N_(
        "The service loads the production version again. Predictions continue during the reload. "
        "If loading fails, the current model stays."
    ),
    N_("Yes, reload"),
    lambda api, key, _decision: api.reload(key),
    is_decision=False,
)  # fmt: skip
ROLL_BACK = Action(
    "roll_back", N_("Roll back"), ":material/undo:",
    N_(
        "The previous version goes back into production **for everyone, immediately**, and stays "
        "until its pin is removed. A second rollback returns to the current version."
    ),
    N_("Yes, roll back"),
    lambda api, key, decision: api.roll_back(key, decision),
)  # fmt: skip
UNPIN = Action(
    "unpin", N_("Remove the pin"), ":material/keep_off:",
    N_(
        "From the next batch on, a better model replaces the pinned version. Nothing changes until "
        "then."
    ),
    N_("Yes, remove the pin"),
    lambda api, key, decision: api.unpin(key, decision),
)  # fmt: skip
ACTIONS = {action.name: action for action in (RELOAD, ROLL_BACK, UNPIN)}


def show(model: Json | None) -> None:
    """Draw the buttons of what can be done to the model in production, if there is one."""
    st.header(f":material/admin_panel_settings: {_('For admins')}", anchor=False)
    possible = {RELOAD: True, ROLL_BACK: model is not None, UNPIN: bool(model and model["pinned"])}
    for column, (action, enabled) in zip(st.columns(4), possible.items(), strict=False):
        column.button(
            _(action.label),
            icon=action.icon,
            width="stretch",
            disabled=not enabled,
            on_click=st.session_state.__setitem__,
            args=(CONFIRMING, action.name),
        )
    if CONFIRMING in st.session_state:
        # A decorator would keep the title of the language in which the module was imported.
        dialog = st.dialog(_("Are you sure?"), on_dismiss=_close)(_confirm)
        dialog(ACTIONS[st.session_state[CONFIRMING]])


def show_result() -> None:
    """Show what the last action did, once."""
    if RESULT in st.session_state:
        st.success(st.session_state.pop(RESULT), icon=":material/check_circle:")


def _close() -> None:
    st.session_state.pop(CONFIRMING, None)


def _confirm(action: Action) -> None:
    st.markdown(_(action.warning))
    # `clear_on_submit` keeps the key out of the session and the browser.
    with st.form(action.name, clear_on_submit=True, border=False):
        decision = _ask_for_the_decision() if action.is_decision else {}
        key = st.text_input(_("Admin key"), type="password", autocomplete="off").strip()
        confirmed = st.form_submit_button(_(action.confirm), type="primary", icon=action.icon)
    if st.button(_("Cancel"), on_click=_close):
        st.rerun()
    if not confirmed:
        return
    if not key or (action.is_decision and not decision["reason"]):
        both = _("Enter the reason and the admin key.")
        st.error(both if action.is_decision else _("Enter the admin key."), icon=":material/key:")
        return
    try:
        response = action.request(service.client(), SecretStr(key), decision)
    except (ApiUnavailable, RequestRefused) as error:
        show_error(error)
        return
    _close()
    st.session_state[RESULT] = _result_in_words(response)
    st.rerun()


def _ask_for_the_decision() -> Json:
    reason = st.text_input(_("Reason"), max_chars=500).strip()
    who = st.text_input(_("Who decided"), max_chars=100).strip()
    return {"reason": reason, "by": who or None}


def show_error(error: ApiUnavailable | RequestRefused) -> None:
    """Explain why nothing was changed."""
    if isinstance(error, ApiUnavailable):
        st.error(
            _(
                "The service is not responding. Check which version is in production before you "
                "try again."
            ),
            icon=":material/cloud_off:",
        )
    elif error.kind == "unauthorized":
        st.error(_("This key is unknown. Nothing was changed."), icon=":material/key_off:")
    elif error.kind == "forbidden":
        st.error(_("This is not an admin key. Nothing was changed."), icon=":material/block:")
    else:
        st.error(refusals.in_words(error), icon=":material/error:")


def _result_in_words(response: Json) -> str:
    if response["status"] == "unpinned":
        return _("The pin was removed.")
    version, previous = response["model_version"], response["previous_version"]
    if version == previous:
        return _("Version {version} was loaded again.", version=version)
    if previous:
        return _(
            "Version {version} is now in use. It replaced version {previous}.",
            version=version,
            previous=previous,
        )
    return _("Version {version} is now in use.", version=version)
