"""The page in a real browser: each page and button, by keyboard, on a phone, without complaints."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from readmission import synthetic
from readmission.local.ports import free_ports
from tests.api.serving import Service
from tests.ui import pictures
from tests.ui.browsing import PAGES, PATIENCE, Visit, chromium, page_server
from tests.ui.conftest import ADMIN_KEY, PREDICT_KEY

expect.set_options(timeout=PATIENCE)

DESK, PHONE = (1280, 900), (390, 844)
STAYS = "Inpatient stays in the year before"
STREAMLITS_OWN = ("stActiveTheme", "_streamlit_xsrf")
"""All that may be left in the browser: light or dark, and the token of its upload form."""
Visiting = Callable[..., Visit]


@pytest.fixture(scope="module")
def site(api: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The running page."""
    with page_server(tmp_path_factory.mktemp("page") / "log", api.url) as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium."""
    with chromium() as started:
        yield started


@pytest.fixture
def visiting(browser: Browser, site: str) -> Iterator[Visiting]:
    """Sit down before the page; at the end the browser must have had nothing to complain of."""
    visits = []

    def sit_down(url: str = site, size: tuple[int, int] = DESK) -> Visit:
        context = browser.new_context(viewport={"width": size[0], "height": size[1]})
        visits.append(Visit(context.new_page(), url))
        return visits[-1]

    yield sit_down
    for visit in visits:
        visit.page.context.close()
    assert [complaint for visit in visits for complaint in visit.complaints] == []


def write(path: Path, rows: int, **wrong: str) -> Path:
    """Write a file of encounters whose second row has these values."""
    table = synthetic.encounters(rows, seed=5).to_pandas()
    for column, value in wrong.items():
        table.loc[1, column] = value
    table.to_csv(path, index=False)
    return path


def focused(page: Page) -> str:
    """Return what the focused link, button or field is called; a place that scrolls is none."""
    name = "e => ['A', 'BUTTON', 'INPUT'].includes(e.tagName) ? (e.ariaLabel || e.innerText) : ''"
    return str(page.evaluate(f"({name})(document.activeElement)"))


def tab_to(page: Page, name: str) -> None:
    """Press Tab until something of this name has the focus."""
    for _ in range(90):
        page.keyboard.press("Tab")
        found = focused(page)
        if name in found and not found.startswith("Help"):
            return
    pytest.fail(f"{name!r} cannot be reached by the keyboard")


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_each_page_opens_whole_and_keeps_nobody_out(
    visiting: Visiting, publish: Callable[..., None], size: tuple[int, int]
) -> None:
    publish()
    visit = visiting(size=size)
    visit.open()
    for name in PAGES:
        page = visit.turn_to(name)
        assert visit.overflow() <= 0, name
        assert visit.barriers() == [], name
        assert not page.get_by_test_id("stException").count(), name


def test_one_patient_by_keyboard_alone(visiting: Visiting) -> None:
    visit = visiting()
    page = visit.open()
    visit.settle()

    tab_to(page, "High risk")
    page.keyboard.press("Enter")
    expect(page.get_by_role("spinbutton", name=STAYS)).to_have_value("5")
    tab_to(page, "Primary diagnosis")
    page.keyboard.type("pancreatitis")
    option = page.get_by_role("option", name="(577)")
    expect(option).to_be_visible()
    for _ in range(10):
        page.wait_for_timeout(300)  # the list is filtered, and forgets its focus, a moment later
        if option.get_attribute("data-focused"):
            break
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    primary = page.get_by_role("combobox", name="Primary diagnosis")
    expect(primary).to_have_value(re.compile("Pancreatitis"))
    tab_to(page, "Predict")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="What drove it")).to_be_visible()
    expect(page.get_by_text("patients the model has learned from")).to_be_visible()
    assert visit.barriers() == []
    assert visit.overflow() <= 0
    assert all(name.startswith(STREAMLITS_OWN) for name in visit.stored())


def test_a_wrong_code_is_named_by_its_label(visiting: Visiting) -> None:
    visit = visiting()
    page = visit.open()
    visit.settle()

    page.get_by_label("Second diagnosis", exact=False).last.fill("flux")
    page.keyboard.press("Enter")
    visit.settle()
    page.get_by_role("button", name="Predict").click()

    alert = page.get_by_role("alert").filter(has_text="Please correct")
    expect(alert).to_contain_text("Second diagnosis, as an ICD-9 code")
    expect(alert).to_contain_text("FLUX")


def test_a_link_carries_the_form_and_leaves_nothing_in_the_address(visiting: Visiting) -> None:
    visit = visiting(size=PHONE)
    page = visit.open()
    visit.settle()
    page.get_by_role("button", name="High risk").click()
    expect(page.get_by_role("spinbutton", name=STAYS)).to_have_value("5")
    visit.settle()

    page.get_by_role("button", name="Link to this form").click()
    link = page.get_by_test_id("stCode").inner_text().strip()

    assert "number_inpatient=5" in link
    assert not re.search(r"encounter_id|patient_nbr", link)
    other = visiting()
    shared = other.open("?" + urlsplit(link).query)
    expect(shared.get_by_role("spinbutton", name=STAYS)).to_have_value("5")
    expect(shared).to_have_url(re.compile(r"^[^?]*/?$"))


def test_a_file_goes_through_and_comes_back(visiting: Visiting, tmp_path: Path) -> None:
    visit = visiting(size=PHONE)
    visit.open()
    page = visit.turn_to("Files")

    page.locator("input[type=file]").set_input_files(write(tmp_path / "stays.csv", 30, age="old"))
    page.get_by_role("button", name="Predict file").click()
    expect(page.get_by_role("heading", name="Rows that were refused")).to_be_visible()
    visit.settle()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download all answers").click()

    lines = Path(download.value.path()).read_text().splitlines()
    assert len(lines) == 31
    assert "age" in lines[2]
    page.get_by_text("As in the file").click()
    visit.settle()
    assert visit.overflow() <= 0
    assert visit.barriers() == []


def test_the_page_stays_usable_while_a_large_file_is_answered_and_it_can_be_stopped(
    visiting: Visiting, tmp_path: Path
) -> None:
    small = write(tmp_path / "small.csv", 500).read_bytes()
    header, _, rows = small.partition(b"\n")
    large = tmp_path / "large.csv"
    large.write_bytes(header + b"\n" + rows * 200)
    visit = visiting()
    visit.open()
    page = visit.turn_to("Files")

    page.locator("input[type=file]").set_input_files(large)
    page.get_by_role("button", name="Predict file").click()
    progress = page.get_by_test_id("stProgress")
    expect(progress).to_contain_text("of about 100,000 rows")
    visit.turn_to("Capacity")
    visit.turn_to("Files")
    expect(progress).to_be_visible()
    page.get_by_role("button", name="Stop").click()

    expect(page.get_by_text(re.compile(r"Stopped after [\d,]+ rows of large.csv"))).to_be_visible()


def test_a_model_is_reloaded_and_rolled_back_only_after_asking(visiting: Visiting) -> None:
    visit = visiting()
    visit.open()
    page = visit.turn_to("Model")
    dialog = page.get_by_role("dialog")

    page.get_by_role("button", name="Roll back").click()
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Roll back").click()
    expect(dialog).to_be_visible()
    assert visit.barriers() == []
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    for key, said in ((PREDICT_KEY, "not an admin's"), (ADMIN_KEY, "")):
        page.get_by_role("button", name="Reload model").click()
        dialog.get_by_label("Admin key").fill(key)
        dialog.get_by_role("button", name="Yes, reload").click()
        if said:
            expect(dialog).to_contain_text(said)
            dialog.get_by_role("button", name="Cancel").click()
            expect(dialog).to_be_hidden()

    expect(page.get_by_text("Loaded again: version 2")).to_be_visible()
    assert ADMIN_KEY not in str(visit.stored()) + page.content()


def test_capacity_follows_the_arrow_keys(visiting: Visiting) -> None:
    visit = visiting(size=PHONE)
    visit.open()
    page = visit.turn_to("Capacity")
    sentence = page.get_by_text("On an average day about")
    expect(sentence).to_contain_text("of the 8 patients")

    page.get_by_role("slider").focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")

    expect(sentence).to_contain_text("of the 12 patients")
    assert visit.overflow() <= 0


def test_without_the_service_every_page_says_what_to_do(visiting: Visiting, tmp_path: Path) -> None:
    nowhere = f"http://127.0.0.1:{free_ports(1)[0]}"
    with page_server(tmp_path / "log", nowhere) as url:
        visit = visiting(url)
        page = visit.open()
        for name in PAGES:
            visit.turn_to(name)
            expect(page.get_by_text("The prediction service does not answer")).to_be_visible()
        page.get_by_role("button", name="Try again").click()
        visit.settle()
        assert visit.barriers() == []


def test_the_pictures_of_the_readme_can_be_taken(
    browser: Browser, site: str, publish: Callable[..., None], tmp_path: Path
) -> None:
    publish()
    taken = pictures.take(browser, site, tmp_path)

    assert {picture.name for picture in taken} == {
        f"ui-{name}.png" for name in ("predict", "files", "model", "capacity", "quality")
    }
    for picture in taken:
        assert 5_000 < picture.stat().st_size < 200_000, picture.name
