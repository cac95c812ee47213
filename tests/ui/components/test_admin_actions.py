"""Reloading and rolling back the model, against a real API and registry."""

from typing import Any

import httpx

from tests.api.serving import Service
from tests.ui.conftest import ADMIN_KEY, PREDICT_KEY
from tests.ui.pages import MODEL, Opened, metrics, press, text_of


def confirm(page: Any, action: str, confirmation: str, key: str) -> Any:
    """Press the button of an action, enter a key into the dialog and confirm."""
    press(page, action)
    (field,) = page.text_input
    field.input(key)
    return press(page, confirmation)


def test_nothing_is_rolled_back_without_an_admin_key(api: Service, opened: Opened) -> None:
    page = opened(api.url, MODEL)

    confirm(page, "Roll back", "Yes, roll back", "")
    assert "Enter the admin key" in text_of(page.error)
    for key, refusal in (("wrong", "is unknown"), (PREDICT_KEY, "not an admin key")):
        page = confirm(opened(api.url, MODEL), "Roll back", "Yes, roll back", key)
        assert refusal in text_of(page.error)
        assert "Nothing was changed" in text_of(page.error)

    assert httpx.get(f"{api.url}/health", trust_env=False).json()["model_version"] == "2"


def test_a_second_rollback_returns_to_the_first_version(api: Service, opened: Opened) -> None:
    try:
        page = confirm(opened(api.url, MODEL), "Roll back", "Yes, roll back", ADMIN_KEY)
        assert "Version 1 is now in use. It replaced version 2." in text_of(page.success)
        assert metrics(page)["In production"] == "Version 1"
    finally:
        page = confirm(opened(api.url, MODEL), "Roll back", "Yes, roll back", ADMIN_KEY)
    assert "Version 2 is now in use" in text_of(page.success)
    assert ADMIN_KEY not in repr(page.session_state)


def test_a_reload_shows_which_version_was_loaded(api: Service, opened: Opened) -> None:
    page = confirm(opened(api.url, MODEL), "Reload model", "Yes, reload", ADMIN_KEY)
    assert "Version 2 was loaded again" in text_of(page.success)
