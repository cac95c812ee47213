"""Which model makes the predictions on a page, and a warning if its data was synthetic."""

import streamlit as st

from ui.client import Json
from ui.wording import provenance


def show(model: Json) -> None:
    """Draw the caption from a response that names a model."""
    data_source = str(model["data_source"])
    st.caption(
        f":material/model_training: Model **{model['model_name']}**, version "
        f"**{model['model_version']}**, trained on {provenance.origin_in_words(data_source)}."
    )
    if provenance.is_synthetic(data_source):
        st.warning(
            "**Synthetic data.** This model was trained on made-up patients. Its predictions "
            "demonstrate the app and mean nothing for a real patient.",
            icon=":material/science:",
        )
