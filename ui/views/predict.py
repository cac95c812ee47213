"""Predict one patient: form, prediction and explanation."""

import streamlit as st

from ui.client import ApiUnavailable, Json, RequestRefused
from ui.components import api_errors, form, form_link, prediction, service
from ui.components.explanations import contributions, what_if
from ui.components.model import caption
from ui.language import _, formats, sentences
from ui.wording import fields

PREDICTION = "prediction"
"""Session key of the last prediction, together with its encounter."""


def show() -> None:
    """Draw the page."""
    st.title(_("Readmission risk"), anchor=False)
    st.markdown(
        _(
            "Will this patient with diabetes be readmitted, and how soon? The form starts with a "
            "typical patient: change what differs, then press **Predict**."
        )
    )
    schema = service.fetch(lambda api: api.schema())
    health = service.fetch(lambda api: api.health()) if schema else None
    if schema is None or health is None:
        return
    _show_model(health)
    form_link.open_from_address(schema)
    form.show_presets(schema.get("presets", []), form.visible_fields(schema))
    left, right = st.columns([2, 1], gap="large")
    with left:
        encounter = form.show(schema)
    with right, st.container(key="prediction"):
        _show_prediction(encounter, schema)
        form_link.show(encounter, schema)


def _show_model(health: Json) -> None:
    if health["model_loaded"]:
        caption.show(health)
        return
    api_errors.show_absence(health)
    st.caption(_("You can already fill in the form."))
    failure = health["last_reload_error"]
    if failure:
        attempt = _("Last attempt to load a model, {time}:", time=formats.time(failure["at"]))
        reason = sentences.translation(failure["message"])
        st.caption(f"{attempt} {reason or _('The log of the service has the details.')}")
    st.button(_("Check again"), icon=":material/refresh:")


def _show_prediction(encounter: Json, schema: Json) -> None:
    with st.container(key="predict_button"):
        pressed = st.button(
            _("Predict"), type="primary", width="stretch", icon=":material/online_prediction:"
        )
    if pressed and not _predict(encounter, schema):
        return
    if PREDICTION not in st.session_state:
        st.info(_("The prediction appears here."), icon=":material/arrow_upward:")
        return
    predicted_encounter, response = st.session_state[PREDICTION]
    if predicted_encounter != encounter:
        st.info(
            _("The form has changed since this prediction. Press Predict again."),
            icon=":material/edit:",
        )
    stale = "stale" if predicted_encounter != encounter else "current"
    with st.container(key=f"{stale}_prediction"):
        _show_response(response, schema)


def _show_response(response: Json, schema: Json) -> None:
    prediction.show(response, fields.outcomes(schema), fields.labels(schema))
    if response.get("contributions"):
        contributions.show(response, schema)
        if response.get("what_if"):
            what_if.show(response["what_if"], schema)
    elif response["predicted_class"] is not None:
        st.caption(_("The explanation of this prediction is not available at the moment."))


def _predict(encounter: Json, schema: Json) -> bool:
    """Store a new prediction in the session, or show why there is none."""
    st.session_state.pop(PREDICTION, None)
    try:
        st.session_state[PREDICTION] = (encounter, _request(encounter, schema))
    except RequestRefused as refused:
        api_errors.show_problems(refused, schema)
        return False
    except ApiUnavailable:
        st.error(
            _("The prediction service is not responding. Press Predict again in a moment."),
            icon=":material/cloud_off:",
        )
        return False
    return True


def _request(encounter: Json, schema: Json) -> Json:
    """Return the prediction with its explanation; without one if only the explanation fails."""
    try:
        return service.client().explain(encounter, what_if.request(encounter, schema))
    except RequestRefused as refused:
        if refused.kind != "internal":
            raise
        return service.client().predict(encounter)


show()
