"""Links to a filled-in form: a random code, valid for a day, without any entries."""

import re
from urllib.parse import parse_qsl, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from tests.api.serving import Service
from tests.ui.pages import Opened, predicted_encounter, press, text_of, widget
from ui.components import form_link


def create_link(page: AppTest) -> dict[str, str]:
    """Create a link and return the parameters in it."""
    press(page, "Create a link")
    (shown,) = page.code
    return dict(parse_qsl(urlsplit(shown.value).query))


def test_a_link_opens_the_same_form_and_contains_no_entries(api: Service, opened: Opened) -> None:
    # given
    page = opened(api.url)
    widget(page, "number_inpatient").set_value(4)
    widget(page, "diag_1").select("250.6")
    widget(page, "medicines").set_value(["metformin", "insulin"]).run()
    widget(page, "metformin").set_value("Up").run()
    before = predicted_encounter(press(page, "Predict"))

    # when
    query = create_link(page)

    # then
    assert list(query) == ["form"]
    assert re.fullmatch(r"[\w-]{32}", query["form"])
    again = opened(api.url, **query)
    assert predicted_encounter(press(again, "Predict")) == before
    assert not again.warning or "link" not in text_of(again.warning)


def test_a_form_is_stored_only_on_request_and_a_changed_form_needs_a_new_link(
    api: Service, opened: Opened
) -> None:
    page = opened(api.url)
    press(page, "Predict")
    stored = len(form_link.store())
    query = create_link(page)
    assert len(form_link.store()) == stored + 1

    widget(page, "number_inpatient").set_value(4).run()

    assert not page.code
    assert "has changed since the last link" in text_of(page.caption)
    assert create_link(page) != query


def test_an_opened_link_does_not_overwrite_later_entries(api: Service, opened: Opened) -> None:
    page = opened(api.url, **create_link(opened(api.url)))

    widget(page, "number_inpatient").set_value(4).run()

    assert page.query_params["form"]
    assert widget(page, "number_inpatient").value == 4


@pytest.mark.parametrize("query", [{"form": "x" * 32}, {"form": ""}, {"diag_1": "250.6"}])
def test_an_invalid_link_shows_a_warning_and_fills_nothing(
    api: Service, opened: Opened, query: dict[str, str]
) -> None:
    page = opened(api.url, **query)

    assert "no longer works" in text_of(page.warning)
    assert "ask for a new link" in text_of(page.warning)
    assert widget(page, "diag_1").value == "428"


def test_a_link_works_for_a_day(
    api: Service, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    now = 0.0
    store = form_link.FormStore(clock=lambda: now)
    monkeypatch.setattr(form_link, "store", lambda: store)
    page = opened(api.url)
    widget(page, "number_inpatient").set_value(4).run()
    query = create_link(page)

    # when it is opened just before and at the end of the day
    now = 24 * 3_600 - 1
    assert widget(opened(api.url, **query), "number_inpatient").value == 4
    now += 1
    late = opened(api.url, **query)

    # then
    assert "after 24 hours" in text_of(late.warning)
    assert widget(late, "number_inpatient").value == 0
    assert len(store) == 0


def test_the_store_drops_the_oldest_forms_and_gives_each_its_own_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(form_link, "MAX_FORMS", 3)
    store = form_link.FormStore(clock=lambda: 0)

    codes = [store.add({"age": str(number)}, "1") for number in range(5)]

    assert len(set(codes)) == 5
    found = [store.find(code, "1") for code in codes]
    assert found == [None, None, {"age": "2"}, {"age": "3"}, {"age": "4"}]
    assert store.find(codes[-1], "other fields") is None
