"""The connection that all pages share; a failed request is explained on the page."""

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import streamlit as st
from streamlit.errors import StreamlitDuplicateElementId

from readmission.logs import open_tracer
from readmission.settings import get_settings
from ui.client import ApiClient, ApiUnavailable, RequestRefused
from ui.components import api_errors
from ui.language import _

T = TypeVar("T")


@st.cache_resource
def _client(url: str) -> ApiClient:
    settings = get_settings()
    return ApiClient(url, settings.api_key, open_tracer("ui", settings))


def client() -> ApiClient:
    """Return the client, which all sessions share."""
    return _client(get_settings().api_url)


def fetch(request: Callable[[ApiClient], T]) -> T | None:
    """Return the API's response; if there is none, explain it on the page and return None."""
    try:
        return request(client())
    except ApiUnavailable as error:
        api_errors.show_unavailable(error, client().url)
    except RequestRefused as refused:
        api_errors.show_refused(refused)
    # It runs the whole page again, so one button is enough after several failures.
    with suppress(StreamlitDuplicateElementId):
        st.button(_("Try again"), icon=":material/refresh:", type="primary")
    return None
