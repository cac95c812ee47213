"""The language of a visit: from the link, else from the browser; every text is in it."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from streamlit import config
from streamlit.testing.v1 import AppTest

from readmission.settings import CHECKOUT
from tests.api.serving import Service
from tests.ui.language.english import found_in
from tests.ui.pages import (
    CAPACITY,
    FILES,
    MODEL,
    PREDICT,
    QUALITY,
    VIEWS,
    csv,
    metrics,
    press,
    switch_to,
    text_of,
    widget,
)

Visit = Callable[..., AppTest]
SHOWN = ("body", "label", "help", "options", "placeholder", "title", "description", "domain")
"""Keys of an element under which it keeps what people read."""


@pytest.fixture
def visit(api: Service, point_at: Callable[..., None]) -> Iterator[Visit]:
    """Open a page with a browser of some language, and perhaps with a language in the link."""
    magic = config.get_option("runner.magicEnabled")
    # As in the app's own configuration, which the test driver does not read.
    config.set_option("runner.magicEnabled", False)

    def open_(view: str = PREDICT, browser: str = "es-CO", url: str = api.url, **query: str) -> Any:
        point_at(url)
        page = AppTest.from_file(str(CHECKOUT / "ui" / "app.py"), default_timeout=120)
        page.context["locale"] = browser
        page.query_params = query
        page.run()
        assert not page.exception
        return page if view == PREDICT else switch_to(page, view)

    yield open_
    config.set_option("runner.magicEnabled", magic)


@pytest.mark.parametrize(
    ("browser", "link", "title"),
    [
        ("es-CO", {}, "Riesgo de reingreso"),
        ("es", {}, "Riesgo de reingreso"),
        ("en-GB", {}, "Readmission risk"),
        ("de-DE", {}, "Readmission risk"),
        ("de-DE", {"lang": "es"}, "Riesgo de reingreso"),
        ("es-CO", {"lang": "en"}, "Readmission risk"),
        ("es-CO", {"lang": "xx"}, "Riesgo de reingreso"),
    ],
)
def test_the_link_chooses_the_language_and_else_the_browser(
    visit: Visit, browser: str, link: dict[str, str], title: str
) -> None:
    assert visit(browser=browser, **link).title[0].value == title


def test_the_switch_stays_in_the_link_and_keeps_the_entries(visit: Visit) -> None:
    page = visit(browser="en-US")
    widget(page, "number_inpatient").set_value(4)
    widget(page, "diag_1").select("250.6")
    widget(page, "medicines").set_value(["metformin"]).run()

    press(page, "Español")

    assert "es" in page.query_params["lang"]
    assert page.title[0].value == "Riesgo de reingreso"
    assert widget(page, "number_inpatient").value == 4
    assert widget(page, "diag_1").value == "250.6"
    assert widget(page, "medicines").value == ["metformin"]
    assert not page.warning or "enlace" not in text_of(page.warning)
    press(page, "Predecir")
    press(page, "English")
    assert "en" in page.query_params["lang"]
    assert page.title[0].value == "Readmission risk"


def strings(found: Any, shown: bool = False) -> Iterator[str]:
    """Yield the texts of an element that people read."""
    if isinstance(found, dict):
        for key, value in found.items():
            if key == "spec":
                yield from strings(json.loads(value))
            else:
                yield from strings(value, shown or key in SHOWN)
    elif isinstance(found, list):
        for value in found:
            yield from strings(value, shown)
    elif shown and isinstance(found, str):
        yield found


def texts(page: AppTest) -> list[str]:
    """Return what people read on a page, in help and charts too, and in tables."""
    seen: list[str] = []
    for element in page.main:
        proto = getattr(element, "proto", None)
        if proto is not None and element.type != "html":
            seen += strings(MessageToDict(proto))
        if element.type in ("table", "arrow_data_frame"):
            seen += [str(cell) for cell in (*element.value.columns, *element.value.to_numpy().flat)]
    return seen


@pytest.mark.parametrize("view", VIEWS)
def test_nothing_on_a_spanish_page_is_english(
    visit: Visit, publish: Callable[..., None], view: str
) -> None:
    publish()
    page = visit(view)
    if view == PREDICT:
        press(page, "Predecir")
    if view == FILES:
        page.file_uploader[0].upload("stays.csv", csv(age="old"), "text/csv").run()
        press(page, "Predecir el archivo")
        page.session_state["file_job"].join(120)
        page.run()

    shown = texts(page)

    assert len(shown) > 10
    assert [english for text in shown for english in found_in(text)] == []


def test_figures_and_dates_are_written_as_in_spanish(
    visit: Visit, publish: Callable[..., None]
) -> None:
    publish()

    assert metrics(visit(QUALITY))["Recibidas"] == "30.000"
    assert metrics(visit(MODEL, browser="es"))["En producción desde"] == "1 mar 2026"
    assert "%" in metrics(visit(CAPACITY))["Reingresos detectados"]


def test_the_first_words_without_a_model_are_spanish(
    visit: Visit, api_without_model: Service
) -> None:
    page = visit(url=api_without_model.url)

    assert "Todavía no hay ningún modelo" in text_of(page.warning)
    assert [english for text in texts(page) for english in found_in(text)] == []
