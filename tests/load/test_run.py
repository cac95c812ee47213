"""The address that `make load` tests, and the keys that it uses."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from load import run
from readmission.settings import PREFIX, get_settings
from readmission.stack.stack import Stack
from tests.conftest import Platform


@pytest.fixture(autouse=True)
def own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Settings of this test only: the cache of the settings is empty before and after."""
    monkeypatch.setenv(f"{PREFIX}STATE_DIR", str(tmp_path / "state"))
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def test_a_configured_address_is_tested_with_the_configured_keys(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(f"{PREFIX}API_URL", "http://elsewhere:8000")

    assert run.target() == ("http://elsewhere:8000", {})


def test_without_a_stack_the_error_says_what_to_do() -> None:
    with pytest.raises(SystemExit, match=f"make up.*{PREFIX}API_URL"):
        run.target()


def test_the_running_stack_is_tested_with_its_own_keys(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "Stack", lambda _settings: Stack(platform.settings))

    host, keys = run.target()

    assert host == platform.settings.api_url
    assert keys == {
        f"{PREFIX}API_KEY": platform.site.credentials.api_predict_key,
        f"{PREFIX}API_ADMIN_KEY": platform.site.credentials.api_admin_key,
    }
