"""Each page without a key, with an unknown key, with a key of too low a role, with a valid key."""

import secrets
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.api.serving import Service
from tests.ui.conftest import PREDICT_KEY
from tests.ui.pages import FILES, PREDICT, VIEWS, Opened, csv, predict_file, press, text_of
from ui.client import ApiClient, RequestRefused


@pytest.fixture
def use_page(opened: Opened, point_at: Callable[..., None]) -> Iterator[Callable[..., AppTest]]:
    """Open a page of an app with a given key, and send the request that needs the key."""

    def use(url: str, view: str, key: str | None = None) -> AppTest:
        # All sessions share one client, which is created with the key.
        st.cache_resource.clear()
        point_at(url, key)
        page = opened(url, view)
        if view == PREDICT:
            return press(page, "Predict")
        return predict_file(page, csv()) if view == FILES else page

    yield use
    st.cache_resource.clear()


@pytest.mark.parametrize("view", VIEWS)
def test_a_page_without_a_key_says_so(
    locked_api: Service, use_page: Callable[..., AppTest], view: str
) -> None:
    page = use_page(locked_api.url, view)

    assert "this app has none" in text_of(page.error)
    assert "READMISSION_API_KEY" in text_of(page.error)


@pytest.mark.parametrize("view", VIEWS)
def test_a_page_with_an_unknown_key_says_so(
    locked_api: Service, use_page: Callable[..., AppTest], view: str
) -> None:
    wrong = secrets.token_urlsafe(32)

    page = use_page(locked_api.url, view, wrong)

    assert "does not recognise this app's key" in text_of(page.error)
    assert "has none" not in text_of(page.error)
    assert wrong not in text_of(page.error)


@pytest.mark.parametrize("view", VIEWS)
def test_a_page_whose_key_lacks_the_role_names_the_role(
    api: Service, use_page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch, view: str
) -> None:
    # Today's keys have the role `predict` or a higher one, so the refusal is simulated.
    def refuse(*_arguments: Any) -> NoReturn:
        raise RequestRefused("forbidden", "This needs a key with the role 'predict'.", had_key=True)

    for request in ("explain", "predict_file", "model", "quality"):
        monkeypatch.setattr(ApiClient, request, refuse)

    page = use_page(api.url, view)

    assert "does not have the required role" in text_of(page.error)
    assert "role *predict*" in text_of(page.error)


@pytest.mark.parametrize("view", VIEWS)
def test_a_page_with_a_valid_key_works(
    locked_api: Service, use_page: Callable[..., AppTest], view: str
) -> None:
    page = use_page(locked_api.url, view, PREDICT_KEY)

    assert "key" not in text_of(page.error)
    if view == PREDICT:
        assert "prediction" in page.session_state
