"""Reloading the model and going back to the one before: asked again, with an admin's key."""

from dataclasses import dataclass

import streamlit as st
from pydantic import SecretStr

from ui import service
from ui.client import ApiAway, Json, Refused

OUTCOME, CONFIRMING = "operated", "confirming"


@dataclass(frozen=True)
class Action:
    """Something an admin can do to the service."""

    name: str
    label: str
    icon: str
    warning: str
    confirm: str


RELOAD = Action(
    "reload", "Reload model", ":material/refresh:",
    "The service loads the version in production again. Answers go on meanwhile; if it cannot "
    "be loaded, the old one stays.",
    "Yes, reload",
)  # fmt: skip
ROLL_BACK = Action(
    "roll_back", "Roll back", ":material/undo:",
    "The version before becomes the one in production, **for everybody, at once**. Doing it "
    "again comes back to the present one.",
    "Yes, roll back",
)  # fmt: skip


def show_buttons(model: Json | None) -> None:
    """Offer both; rolling back needs a model to go back from."""
    st.header(":material/admin_panel_settings: For admins", anchor=False)
    left, right, _ = st.columns([1, 1, 2])
    for place, action in ((left, RELOAD), (right, ROLL_BACK)):
        place.button(
            action.label,
            icon=action.icon,
            width="stretch",
            disabled=action is ROLL_BACK and model is None,
            on_click=st.session_state.__setitem__,
            args=(CONFIRMING, action.name),
        )
    if CONFIRMING in st.session_state:
        _confirm(next(a for a in (RELOAD, ROLL_BACK) if a.name == st.session_state[CONFIRMING]))


def _close() -> None:
    st.session_state.pop(CONFIRMING, None)


@st.dialog("Are you sure?", on_dismiss=_close)
def _confirm(action: Action) -> None:
    st.markdown(action.warning)
    # A form that is cleared: the key stays neither in the session nor in the browser.
    with st.form(action.name, clear_on_submit=True, border=False):
        typed = st.text_input("Admin key", type="password", autocomplete="off")
        sure = st.form_submit_button(action.confirm, type="primary", icon=action.icon)
    if st.button("Cancel", on_click=_close):
        st.rerun()
    if not sure:
        return
    if not typed.strip():
        st.error("Enter the admin key.", icon=":material/key:")
        return
    try:
        answer = _do(action, SecretStr(typed.strip()))
    except (ApiAway, Refused) as error:
        _explain(error)
        return
    _close()
    st.session_state[OUTCOME] = _said(answer)
    st.rerun()


def _do(action: Action, key: SecretStr) -> Json:
    api = service.client()
    return api.reload(key) if action.name == RELOAD.name else api.roll_back(key)


def _explain(error: ApiAway | Refused) -> None:
    if isinstance(error, ApiAway):
        st.error("The service does not answer; nothing was done.", icon=":material/cloud_off:")
    elif error.kind == "unauthorized":
        st.error("This key is not known. Nothing was done.", icon=":material/key_off:")
    elif error.kind == "forbidden":
        st.error("This key is not an admin's. Nothing was done.", icon=":material/block:")
    else:
        st.error(error.message, icon=":material/error:")


def _said(answer: Json) -> str:
    version, previous = answer["model_version"], answer["previous_version"]
    if version == previous:
        return f"Loaded again: version {version}, which was in use before."
    return f"Version {version} is in use now; before it was version {previous or '–'}."


def show_outcome() -> None:
    """Say once how the last action went."""
    if OUTCOME in st.session_state:
        st.success(st.session_state.pop(OUTCOME), icon=":material/check_circle:")
