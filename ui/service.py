"""The service behind the pages: asking it, and what to say when it gives no answer."""

from collections.abc import Callable

import streamlit as st

from readmission.settings import get_settings
from ui.client import ApiAway, ApiClient, Json, Refused

SOURCES = {
    "uci": "encounters of 130 US hospitals, 1999 to 2008 (UCI)",
    "file": "encounters from a file of your own",
    "synthetic": "synthetic encounters",
}


@st.cache_resource
def _client(url: str) -> ApiClient:
    return ApiClient(url, get_settings().api_key)


def client() -> ApiClient:
    """Return the way to the service, one for all who look at the page."""
    return _client(get_settings().api_url)


def ask(question: Callable[[ApiClient], Json]) -> Json | None:
    """Return the answer to a question, or say on the page why there is none."""
    try:
        return question(client())
    except ApiAway as error:
        _show_away(error)
    except Refused as refused:
        show_refused(refused)
        st.button("Try again", icon=":material/refresh:", type="primary")
    return None


def _show_away(error: ApiAway) -> None:
    st.error(
        f"**The prediction service does not answer.** It is expected at {client().url}.",
        icon=":material/cloud_off:",
    )
    st.markdown(
        "What to do next: if it was just started, wait a few seconds. Otherwise start it "
        "(on one machine `readmission up` does) and look into its log, or ask whoever runs "
        "the system. Nothing you have entered is lost as long as this page stays open."
    )
    st.caption(str(error))
    st.button("Try again", icon=":material/refresh:", type="primary")


def show_refused(refused: Refused) -> None:
    """Say why the service refuses, and what would help."""
    if refused.kind == "no_model":
        show_no_model()
    elif refused.kind in ("unauthorized", "forbidden"):
        _show_key(refused)
    elif refused.kind == "too_many":
        st.warning(
            "**Many people are asking at once.** Wait a second and try again.",
            icon=":material/hourglass_top:",
        )
    else:
        st.error(refused.message, icon=":material/error:")
        if refused.request_id:
            st.caption(f"The logs have it as request `{refused.request_id}`.")


def _show_key(refused: Refused) -> None:
    """Tell a key that is missing from one that is wrong and one that is for something else."""
    if refused.kind == "forbidden":
        said = "**The key of this page is known to the service but is not for this.**"
        help_ = "puts one with the role *predict* into"
    elif refused.had_key:
        said = "**The service does not know the key of this page.** It may have been replaced."
        help_ = "puts the present one into"
    else:
        said = "**The service asks for a key, and this page has none.**"
        help_ = "puts one into"
    st.error(
        f"{said} Whoever runs the system {help_} `READMISSION_API_KEY` and starts this page again.",
        icon=":material/key_off:",
    )


def show_no_model() -> None:
    """Say that there is no model yet, and what brings one."""
    st.warning(
        "**There is no model yet.** Predictions start as soon as the pipeline has trained a first "
        "model and put it into production; on one machine `make demo` does that.",
        icon=":material/hourglass_empty:",
    )


def is_synthetic(data_source: str | None) -> bool:
    """Whether made-up patients are among what the model has learned from."""
    return "synthetic" in (data_source or "").split("+")


def in_words(data_source: str) -> str:
    """Return where encounters came from, for people."""
    return " and ".join(SOURCES.get(source, source) for source in data_source.split("+"))


def show_source(model: Json) -> None:
    """Say which model answers and what it has learned from."""
    source = str(model["data_source"])
    st.caption(
        f":material/model_training: Model **{model['model_name']}**, version "
        f"**{model['model_version']}**, trained on {in_words(source)}."
    )
    if is_synthetic(source):
        st.warning(
            "**Synthetic data.** This model has learned from made-up patients. Its answers show "
            "how the page works and mean nothing for a real patient.",
            icon=":material/science:",
        )


def moment(iso: str | None) -> str:
    """Return an ISO time for people."""
    return f"{iso[:16].replace('T', ' ')} UTC" if iso else "not recorded"
