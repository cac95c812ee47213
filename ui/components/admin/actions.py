"""Buttons that reload or roll back the model, after a confirmation with an admin's key."""

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
        Sends the request, given the client and the key.
    """

    name: str
    label: str
    icon: str
    warning: str
    confirm: str
    request: Callable[[ApiClient, SecretStr], Json]


RELOAD = Action(
    "reload", N_("Reload model"), ":material/refresh:",
    N_(
        "The service loads the production version again. Predictions continue during the reload. "
        "If loading fails, the current model stays."
    ),
    N_("Yes, reload"),
    lambda api, key: api.reload(key),
)  # fmt: skip
ROLL_BACK = Action(
    "roll_back", N_("Roll back"), ":material/undo:",
    N_(
        "The previous version goes back into production **for everyone, immediately**. A second "
        "rollback returns to the current version."
    ),
    N_("Yes, roll back"),
    lambda api, key: api.roll_back(key),
)  # fmt: skip
ACTIONS = {action.name: action for action in (RELOAD, ROLL_BACK)}


def show(model: Json | None) -> None:
    """Draw the buttons; without a model there is nothing to roll back."""
    st.header(f":material/admin_panel_settings: {_('For admins')}", anchor=False)
    left, right, _empty = st.columns([1, 1, 2])
    for column, action in ((left, RELOAD), (right, ROLL_BACK)):
        column.button(
            _(action.label),
            icon=action.icon,
            width="stretch",
            disabled=action is ROLL_BACK and model is None,
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
        key = st.text_input(_("Admin key"), type="password", autocomplete="off").strip()
        confirmed = st.form_submit_button(_(action.confirm), type="primary", icon=action.icon)
    if st.button(_("Cancel"), on_click=_close):
        st.rerun()
    if not confirmed:
        return
    if not key:
        st.error(_("Enter the admin key."), icon=":material/key:")
        return
    try:
        response = action.request(service.client(), SecretStr(key))
    except (ApiUnavailable, RequestRefused) as error:
        show_error(error)
        return
    _close()
    st.session_state[RESULT] = _result_in_words(response)
    st.rerun()


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
