"""Every page in a real browser: size, accessibility, errors and links."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from readmission.stack.site.ports import free_ports
from tests.api.serving import Service
from tests.ui import pictures
from tests.ui.browser.visit import DESKTOP, PAGES, PHONE, Visiting, page_server
from tests.ui.conftest import REPORTS


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_each_page_fits_the_window_and_is_accessible(
    visiting: Visiting,
    publish: Callable[..., None],
    live_outcomes: None,
    size: tuple[int, int],
) -> None:
    publish()
    visit = visiting(size=size)
    visit.open()
    for name in PAGES:
        page = visit.switch_to(name)
        assert visit.overflow() <= 0, name
        assert visit.violations() == [], name
        assert not page.get_by_test_id("stException").count(), name


def test_capacity_follows_the_arrow_keys(visiting: Visiting) -> None:
    visit = visiting(size=PHONE)
    visit.open()
    page = visit.switch_to("Capacity")
    sentence = page.get_by_text("On an average day, about")
    expect(sentence).to_contain_text("of the 8 patients")

    visit.tab_to("Patients we can follow up per day")
    for _ in range(4):
        page.keyboard.press("ArrowRight")

    expect(sentence).to_contain_text("of the 12 patients")
    assert visit.overflow() <= 0


def test_without_the_api_every_page_says_what_to_do(visiting: Visiting, tmp_path: Path) -> None:
    nowhere = f"http://127.0.0.1:{free_ports(1)[0]}"
    with page_server(tmp_path / "log", nowhere) as url:
        visit = visiting(url)
        page = visit.open()
        for name in PAGES:
            visit.switch_to(name)
            expect(page.get_by_text("The prediction service is not responding")).to_be_visible()
        page.get_by_role("button", name="Try again").click()
        assert visit.violations() == []


def test_without_a_model_every_page_says_so_and_can_check_again(
    visiting: Visiting, api_without_model: Service, tmp_path: Path
) -> None:
    with page_server(tmp_path / "log", api_without_model.url) as url:
        visit = visiting(url)
        page = visit.open()
        for name in ("Files", "Model", "Capacity", "Predict"):
            visit.switch_to(name)
            expect(page.get_by_text("There is no model yet")).to_be_visible()
        page.get_by_role("button", name="Check again").click()
        visit.settle()
        expect(page.get_by_text("There is no model yet")).to_be_visible()
        assert visit.violations() == []


def test_the_reports_open_in_a_new_tab(visiting: Visiting, publish: Callable[..., None]) -> None:
    publish()
    visit = visiting()
    visit.page.context.route(REPORTS, lambda route: route.fulfill(body="the reports"))
    visit.open()
    page = visit.switch_to("Data quality")

    with page.expect_popup() as reports:
        page.get_by_role("link", name="Open the reports").click()

    expect(reports.value.get_by_text("the reports")).to_be_visible()
    assert reports.value.url == REPORTS


def test_the_pictures_for_the_readme_can_be_taken(
    browser: Browser, site: str, publish: Callable[..., None], tmp_path: Path
) -> None:
    publish()
    taken = pictures.take(browser, site, tmp_path)

    assert {picture.name for picture in taken} == {
        f"ui-{name}.png" for name in ("predict", "files", "model", "capacity", "quality")
    }
    for picture in taken:
        assert 5_000 < picture.stat().st_size < 200_000, picture.name
