"""One patient: the form, the answer and what drove it."""

import streamlit as st

from ui import service
from ui.client import ApiAway, Json, Refused
from ui.components import explanation, form, form_link, prediction

ANSWERED = "answered"
"""Session key of the last answer, with the encounter it belongs to."""


def show() -> None:
    """Draw the page."""
    st.title("Readmission risk", anchor=False)
    st.markdown(
        "Will this patient with diabetes be back in hospital, and how soon? "
        "The form starts with a usual patient: change what differs, then press **Predict**."
    )
    description = service.ask(lambda api: api.describe())
    health = service.ask(lambda api: api.health()) if description else None
    if description is None or health is None:
        return
    _show_state(health)
    form_link.take(description)
    form.show_presets(description.get("presets", []), form.asked(description))
    questions, answer = st.columns([2, 1], gap="large")
    with questions:
        encounter = form.show(description)
    with answer, st.container(key="answer"):
        _show_answer(encounter, description)
        form_link.show(encounter, description)


def _show_state(health: Json) -> None:
    if health["model_loaded"]:
        service.show_source(health)
        return
    service.show_no_model()
    st.caption("You can fill in the form meanwhile.")
    failure = health["last_reload_error"]
    if failure:
        st.caption(
            f"Last attempt to load a model, {service.moment(failure['at'])}: {failure['message']}"
        )
    st.button("Check again", icon=":material/refresh:")


def _show_answer(encounter: Json, description: Json) -> None:
    pressed = st.button(
        "Predict", type="primary", width="stretch", icon=":material/online_prediction:"
    )
    if pressed:
        st.session_state.pop(ANSWERED, None)
        try:
            st.session_state[ANSWERED] = (encounter, _answer(encounter))
        except Refused as refused:
            prediction.show_refusal(refused, description)
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
    prediction.show_answer(answer, description["classes"])
    if "contributions" in answer:
        explanation.show(answer, description)
    else:
        st.caption("What drove this answer cannot be told at the moment.")


def _answer(encounter: Json) -> Json:
    """Ask for the answer with what drove it; without, if only that cannot be told."""
    try:
        return service.client().explain(encounter)
    except Refused as refused:
        if refused.kind != "internal":
            raise
        return service.client().predict(encounter)


show()
