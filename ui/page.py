"""The page as a whole: what to show when, and what to do next when something is missing."""

import streamlit as st

from readmission.settings import get_settings
from ui import form, result
from ui.client import ApiAway, ApiClient, Json, Refused

ANSWERED = "answered"
"""Session key of the last answer, with the encounter it belongs to."""

STYLE = """
<style>
.block-container { padding-top: 2.5rem; }
@media (min-width: 900px) {
  [data-testid="stColumn"]:has(.st-key-answer) { position: sticky; top: 4rem; align-self: start; }
}
</style>
"""


@st.cache_resource
def _client(url: str) -> ApiClient:
    return ApiClient(url)


def show() -> None:
    """Draw the page."""
    st.set_page_config(page_title="Readmission risk", page_icon="🏥", layout="wide")
    st.html(STYLE)
    st.title("Readmission risk", anchor=False)
    st.markdown(
        "Will this patient with diabetes be back in hospital, and how soon? "
        "The form starts with a usual patient: change what differs, then press **Predict**."
    )
    client = _client(get_settings().api_url)
    try:
        health, description = client.health(), client.describe()
    except (ApiAway, Refused) as error:
        _show_away(client, error)
        return
    _show_state(health)
    questions, answer = st.columns([2, 1], gap="large")
    with questions:
        encounter = form.show(description)
    with answer, st.container(key="answer"):
        _show_answer(client, encounter, description)


def _show_away(client: ApiClient, error: Exception) -> None:
    form.keep()
    st.error(
        f"**The prediction service does not answer.** It is expected at {client.url}.",
        icon=":material/cloud_off:",
    )
    st.markdown(
        "What to do next: if it was just started, wait a few seconds. Otherwise start it "
        "(on one machine `readmission up` does) and look into its log, or ask whoever runs "
        "the system. Nothing you have entered is lost as long as this page stays open."
    )
    st.caption(str(error))
    st.button("Try again", icon=":material/refresh:", type="primary")


def _show_state(health: Json) -> None:
    if health["model_loaded"]:
        result.show_source(health)
        return
    st.warning(
        "**There is no model yet.** Predictions start as soon as the pipeline has trained a first "
        "model and put it into production; on one machine `make demo` does that. You can fill in "
        "the form meanwhile.",
        icon=":material/hourglass_empty:",
    )
    failure = health["last_reload_error"]
    if failure:
        when = failure["at"][:19].replace("T", " ")
        st.caption(f"Last attempt to load a model, {when} UTC: {failure['message']}")
    st.button("Check again", icon=":material/refresh:")


def _show_answer(client: ApiClient, encounter: Json, description: Json) -> None:
    pressed = st.button(
        "Predict", type="primary", width="stretch", icon=":material/online_prediction:"
    )
    if pressed:
        st.session_state.pop(ANSWERED, None)
        try:
            st.session_state[ANSWERED] = (encounter, client.predict(encounter))
        except Refused as refused:
            result.show_refusal(refused, description)
            return
        except ApiAway:
            st.error(
                "The prediction service stopped answering. Press Predict again in a moment.",
                icon=":material/cloud_off:",
            )
            return
    if ANSWERED not in st.session_state:
        st.info("The answer appears here.", icon=":material/arrow_upward:")
        return
    asked, answer = st.session_state[ANSWERED]
    if asked != encounter:
        st.info(
            "The form has changed since this answer. Press Predict again.", icon=":material/edit:"
        )
    result.show_answer(answer, description["classes"])
