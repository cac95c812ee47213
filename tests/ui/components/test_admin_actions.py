"""Reloading, rolling back and unpinning the model, against a real API and registry."""

from typing import Any

import httpx

from tests.api.serving import Service
from tests.ui.conftest import ADMIN_KEY, PREDICT_KEY
from tests.ui.pages import MODEL, Opened, metrics, press, text_of

RELOAD = ("Reload model", "Yes, reload")
ROLL_BACK = ("Roll back", "Yes, roll back")
UNPIN = ("Remove the pin", "Yes, remove the pin")


def confirm(page: Any, action: tuple[str, str], key: str, reason: str = "") -> Any:
    """Press the button of an action, enter a reason and a key into the dialog and confirm."""
    button, confirmation = action
    press(page, button)
    fields = {field.label: field for field in page.text_input}
    assert ("Reason" in fields) == (action is not RELOAD)
    if reason:
        fields["Reason"].input(reason)
        fields["Who decided"].input("Dr. Osei")
    fields["Admin key"].input(key)
    return press(page, confirmation)


def health(api: Service) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{api.url}/health", trust_env=False).json()
    return found


def test_nothing_is_rolled_back_without_an_admin_key_and_a_reason(
    api: Service, opened: Opened
) -> None:
    for key, reason in (("", "a test"), (ADMIN_KEY, "")):
        page = confirm(opened(api.url, MODEL), ROLL_BACK, key, reason)
        assert "Enter the reason and the admin key" in text_of(page.error)
    for key, refusal in (("wrong", "is unknown"), (PREDICT_KEY, "not an admin key")):
        page = confirm(opened(api.url, MODEL), ROLL_BACK, key, "a test")
        assert refusal in text_of(page.error)
        assert "Nothing was changed" in text_of(page.error)

    assert health(api)["model_version"] == "2"
    assert health(api)["pinned"] is None


def test_a_rollback_pins_and_a_second_one_returns_to_the_first_version(
    api: Service, opened: Opened
) -> None:
    try:
        page = confirm(opened(api.url, MODEL), ROLL_BACK, ADMIN_KEY, "too many alarms")
        assert "Version 1 is now in use. It replaced version 2." in text_of(page.success)
        assert metrics(page)["In production"] == "Version 1"
        pinned = "version 1 is pinned by Dr. Osei ("
        assert pinned in text_of(page.info)
        assert health(api)["pinned"].endswith(": too many alarms")
    finally:
        page = confirm(opened(api.url, MODEL), ROLL_BACK, ADMIN_KEY, "a mistake")
        unpinned = confirm(opened(api.url, MODEL), UNPIN, ADMIN_KEY, "both are fine")
    assert "Version 2 is now in use" in text_of(page.success)
    assert ADMIN_KEY not in repr(page.session_state)
    assert "The pin was removed" in text_of(unpinned.success)
    assert health(api)["pinned"] is None


def test_without_a_pin_there_is_none_to_remove(api: Service, opened: Opened) -> None:
    page = opened(api.url, MODEL)

    (button,) = [one for one in page.button if one.label == UNPIN[0]]
    assert button.disabled


def test_a_reload_shows_which_version_was_loaded(api: Service, opened: Opened) -> None:
    page = confirm(opened(api.url, MODEL), RELOAD, ADMIN_KEY)
    assert "Version 2 was loaded again" in text_of(page.success)
