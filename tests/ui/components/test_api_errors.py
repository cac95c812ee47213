"""What pages show when the API is unavailable or has no model."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from readmission.stack.site.ports import free_ports
from tests.api.serving import Service, running
from tests.ui.pages import CAPACITY, FILES, MODEL, PREDICT, QUALITY, Opened, press, text_of, widget


@pytest.mark.parametrize("view", [MODEL, CAPACITY, FILES])
def test_each_page_shows_that_there_is_no_model(
    api_without_model: Service, opened: Opened, view: str
) -> None:
    page = opened(api_without_model.url, view)
    assert "There is no model yet" in text_of(page.warning)


def test_without_a_model_the_form_works_and_the_page_says_what_to_do(
    api_without_model: Service, opened: Opened
) -> None:
    page = opened(api_without_model.url)

    assert "There is no model yet" in text_of(page.warning)
    assert "`make demo`" in text_of(page.warning)
    press(page, "Predict")
    assert len(page.warning) == 2
    assert widget(page, "race").value == "Caucasian"
    press(page, "Check again")


@pytest.mark.parametrize("view", [PREDICT, FILES])
def test_a_page_distinguishes_a_model_that_cannot_be_loaded_from_none(
    api_without_registry: Service, opened: Opened, view: str
) -> None:
    page = opened(api_without_registry.url, view)

    assert "cannot load its model" in text_of(page.error)
    assert not page.warning


@pytest.mark.parametrize("view", [MODEL, CAPACITY, QUALITY, FILES])
def test_each_page_shows_that_the_api_is_unavailable(
    api: Service, opened: Opened, point_at: Callable[..., None], view: str
) -> None:
    page = opened(api.url, view)
    point_at(f"http://127.0.0.1:{free_ports(1)[0]}")
    page.run()
    assert "is not responding" in text_of(page.error)


def test_entries_are_kept_while_the_api_is_unavailable(
    api: Service, opened: Opened, point_at: Callable[..., None]
) -> None:
    page = opened(api.url)
    widget(page, "time_in_hospital").set_value(11)
    widget(page, "medicines").set_value(["glipizide"]).run()

    point_at(f"http://127.0.0.1:{free_ports(1)[0]}")
    page.run()
    assert "is not responding" in text_of(page.error)
    assert not page.selectbox

    point_at(api.url)
    press(page, "Try again")
    assert not page.error
    assert widget(page, "time_in_hospital").value == 11
    assert widget(page, "medicines").value == ["glipizide"]


def test_another_service_at_the_address_is_not_mistaken_for_the_api(
    platform: Any, opened: Opened
) -> None:
    page = opened(platform.mlflow_uri)
    assert "is not responding" in text_of(page.error)


def test_an_api_that_stops_after_the_page_was_opened_is_reported(
    tmp_path: Path, opened: Opened
) -> None:
    nowhere = f"http://127.0.0.1:{free_ports(1)[0]}"
    with running(tmp_path / "log", mlflow_uri=nowhere) as service:
        page = opened(service.url)
    press(page, "Predict")
    assert "is not responding" in text_of(page.error)


def two_failing_requests() -> None:
    """Like a page two of whose requests fail."""
    from ui.components import service

    for _ in range(2):
        service.fetch(lambda api: api.model())


def test_a_page_with_two_failed_requests_has_one_button_to_try_again(
    point_at: Callable[..., None],
) -> None:
    point_at(f"http://127.0.0.1:{free_ports(1)[0]}")

    page = AppTest.from_function(two_failing_requests, default_timeout=120).run()

    assert not page.exception
    assert len(page.error) == 2
    press(page, "Try again")
