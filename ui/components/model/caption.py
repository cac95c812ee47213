"""Which model makes the predictions on a page, and a warning if its data was synthetic."""

import streamlit as st

from ui.client import Json
from ui.language import _
from ui.wording import provenance


def show(model: Json) -> None:
    """Draw the caption from a response that names a model."""
    data_source = str(model["data_source"])
    trained = _(
        "Model **{model}**, version **{version}**, trained on {origin}.",
        model=model["model_name"],
        version=model["model_version"],
        origin=provenance.origin_in_words(data_source),
    )
    st.caption(f":material/model_training: {trained}")
    if provenance.is_synthetic(data_source):
        st.warning(
            _(
                "**Synthetic data.** This model was trained on made-up patients. Its predictions "
                "demonstrate the app and mean nothing for a real patient."
            ),
            icon=":material/science:",
        )
