"""What each page says of its key: none, one that is not known, one that is for something else."""

import secrets
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.api.serving import Service
from tests.ui.conftest import PREDICT_KEY
from tests.ui.pages import CAPACITY, FILES, MODEL, PREDICT, QUALITY, Opened, press, said
from tests.ui.test_files import csv, predicted
from ui.client import ApiClient, Refused

PAGES = (PREDICT, FILES, MODEL, CAPACITY, QUALITY)


@pytest.fixture
def asking(opened: Opened, point_at: Callable[..., None]) -> Iterator[Callable[..., AppTest]]:
    """Open a page, with a key of its own or none, and ask what needs one."""

    def ask(url: str, view: str, key: str | None = None) -> AppTest:
        # One client for all who look at the page: it is made with the key.
        st.cache_resource.clear()
        point_at(url, key)
        page = opened(url, view)
        if view == PREDICT:
            return press(page, "Predict")
        return predicted(page, csv()) if view == FILES else page

    yield ask
    st.cache_resource.clear()


@pytest.mark.parametrize("view", PAGES)
def test_a_page_without_a_key_says_so(
    locked_api: Service, asking: Callable[..., AppTest], view: str
) -> None:
    page = asking(locked_api.url, view)

    assert "this page has none" in said(page.error)
    assert "READMISSION_API_KEY" in said(page.error)


@pytest.mark.parametrize("view", PAGES)
def test_a_page_with_a_wrong_key_says_that_it_is_not_known(
    locked_api: Service, asking: Callable[..., AppTest], view: str
) -> None:
    wrong = secrets.token_urlsafe(32)

    page = asking(locked_api.url, view, wrong)

    assert "does not know the key of this page" in said(page.error)
    assert "has none" not in said(page.error)
    assert wrong not in said(page.error)


@pytest.mark.parametrize("view", PAGES)
def test_a_page_with_a_key_for_something_else_says_which_role_is_needed(
    api: Service, asking: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch, view: str
) -> None:
    # No role of today's keys is below that of the pages.
    def refuse(*_asked: Any) -> NoReturn:
        raise Refused("forbidden", "This needs a key with the role 'predict'.", had_key=True)

    for question in ("explain", "predict_file", "model", "quality"):
        monkeypatch.setattr(ApiClient, question, refuse)

    page = asking(api.url, view)

    assert "is not for this" in said(page.error)
    assert "role *predict*" in said(page.error)


@pytest.mark.parametrize("view", PAGES)
def test_a_page_with_the_right_key_is_let_in(
    locked_api: Service, asking: Callable[..., AppTest], view: str
) -> None:
    page = asking(locked_api.url, view, PREDICT_KEY)

    assert "key" not in said(page.error)
    if view == PREDICT:
        assert "answered" in page.session_state
