"""Every page in a browser whose language is Spanish."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.ui.browser.visit import DESKTOP, PHONE, SPANISH_PAGES, Visiting, write_csv
from tests.ui.language.english import found_in

STAYS = "Hospitalizaciones en el año anterior"
LANGUAGE = "document.documentElement.lang"


def predict_a_patient(page: Page) -> None:
    """Predict the example of a patient at high risk."""
    page.get_by_role("button", name="Riesgo alto").click()
    expect(page.get_by_role("spinbutton", name=STAYS)).to_have_value("5")
    page.get_by_role("button", name="Predecir", exact=True).click()
    expect(page.get_by_role("heading", name="Qué influyó en esta predicción")).to_be_visible()


def predict_a_file(page: Page, file: Path) -> None:
    """Predict a file that has a row with an error."""
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Predecir el archivo").click()
    expect(page.get_by_role("heading", name="Filas con errores")).to_be_visible()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_each_page_is_spanish_fits_the_window_and_is_accessible(
    visiting: Visiting,
    publish: Callable[..., None],
    live_outcomes: None,
    tmp_path: Path,
    size: tuple[int, int],
) -> None:
    publish()
    visit = visiting(size=size, language="es-CO")
    visit.open()
    for name in SPANISH_PAGES:
        page = visit.switch_to(name)
        if name == "Predecir":
            predict_a_patient(page)
        if name == "Archivos":
            predict_a_file(page, write_csv(tmp_path / "estancias.csv", 30, age="old"))
        visit.settle()
        assert found_in(visit.text()) == [], name
        assert visit.overflow() <= 0, name
        assert visit.violations() == [], name
        assert page.evaluate(LANGUAGE) == "es"


@pytest.mark.parametrize("typed", ["I50.9", "i50", "insuficiencia card"])
def test_a_diagnosis_in_icd10_is_found_by_code_and_by_spanish_word(
    visiting: Visiting, typed: str
) -> None:
    visit = visiting(language="es-CO")
    page = visit.open()
    visit.settle()

    field = page.get_by_role("combobox", name="Diagnóstico principal")
    field.click()
    field.fill(typed)
    page.get_by_role("option", name="Insuficiencia cardíaca (CIE-10 I50.9)").click()
    visit.settle()
    page.get_by_role("button", name="Predecir", exact=True).click()

    expect(page.get_by_text("I50.9 se leyó como 428")).to_be_visible()


def test_the_switch_keeps_the_entries_and_stays_in_the_link(visiting: Visiting) -> None:
    # given a form that somebody has filled in
    visit = visiting()
    page = visit.open()
    visit.settle()
    page.get_by_role("button", name="High risk").click()
    stays = page.get_by_role("spinbutton", name="Inpatient stays in the year before")
    expect(stays).to_have_value("5")
    visit.settle()

    # when the language is switched, another page opened and the link opened again
    page.get_by_role("button", name="Español").click()
    expect(page.locator("h1")).to_have_text("Riesgo de reingreso")
    expect(page.get_by_role("spinbutton", name=STAYS)).to_have_value("5")
    diagnosis = page.get_by_role("combobox", name="Diagnóstico principal")
    expect(diagnosis).to_have_value(re.compile("Insuficiencia cardíaca"))
    visit.switch_to("Capacidad")
    link = page.url
    again = visiting()
    opened = again.open(link.removeprefix(again.url).lstrip("/"))

    # then
    assert link.endswith("lang=es")
    expect(opened.locator("h1")).to_have_text("Capacidad")
    opened.get_by_role("button", name="English").click()
    expect(opened.locator("h1")).to_have_text("Capacity")
    assert opened.evaluate(LANGUAGE) == "en"
