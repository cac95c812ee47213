"""The page Files in a real browser: upload, errors, template and download."""

from pathlib import Path

from playwright.sync_api import expect

from tests.ui.browser.visit import PHONE, Visiting, write_csv


def test_a_file_is_predicted_and_downloaded_on_a_phone(visiting: Visiting, tmp_path: Path) -> None:
    visit = visiting(size=PHONE)
    visit.open()
    page = visit.switch_to("Files")
    file = write_csv(tmp_path / "stays.csv", 30, age="old")

    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Predict file").click()
    expect(page.get_by_role("heading", name="Rows with errors")).to_be_visible()
    visit.settle()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download predictions").click()

    lines = Path(download.value.path()).read_text().splitlines()
    assert len(lines) == 31
    assert lines[0].split(",")[0] == "line"
    assert lines[0].split(",")[-5:] == ["note", "history", "follow_up", "logged", "error"]
    assert "age" in lines[2]
    page.get_by_text("As in the file").click()
    visit.settle()
    assert visit.overflow() <= 0
    assert visit.violations() == []


def test_tables_offer_no_download_that_would_hold_formulas(
    visiting: Visiting, tmp_path: Path
) -> None:
    visit = visiting()
    visit.open()
    page = visit.switch_to("Files")
    page.locator("input[type=file]").set_input_files(write_csv(tmp_path / "stays.csv", 30))
    page.get_by_role("button", name="Predict file").click()
    expect(page.get_by_text("all 30 rows read")).to_be_visible()
    visit.settle()

    page.get_by_test_id("stDataFrame").last.hover()

    expect(page.get_by_role("button", name="Search")).to_be_visible()
    expect(page.get_by_label("Download as CSV")).to_be_hidden()


def test_the_template_can_be_predicted_unchanged(visiting: Visiting) -> None:
    visit = visiting()
    visit.open()
    page = visit.switch_to("Files")

    with page.expect_download() as download:
        page.get_by_role("button", name="Download a template").click()
    template = {
        "name": download.value.suggested_filename,
        "mimeType": "text/csv",
        "buffer": Path(download.value.path()).read_bytes(),
    }
    page.locator("input[type=file]").set_input_files(template)  # type: ignore[arg-type]
    page.get_by_role("button", name="Predict file").click()

    expect(page.get_by_text("encounters.csv: 1 row read")).to_be_visible()


def test_a_file_is_predicted_by_keyboard_alone(visiting: Visiting, tmp_path: Path) -> None:
    visit = visiting()
    visit.open()
    page = visit.switch_to("Files")

    visit.settle()
    visit.tab_to("Upload")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Space")
    chooser.value.set_files(write_csv(tmp_path / "stays.csv", 30))
    expect(page.get_by_role("button", name="Predict file")).to_be_enabled()
    visit.tab_to("Predict file")
    page.keyboard.press("Enter")
    expect(page.get_by_text("all 30 rows read")).to_be_visible()
    visit.settle()
    visit.tab_to("Download predictions")
    with page.expect_download() as download:
        page.keyboard.press("Enter")

    assert len(Path(download.value.path()).read_text().splitlines()) == 31
