"""Pictures for the README: `python -m tests.ui.pictures http://127.0.0.1:8501 docs/images`."""

import argparse
from pathlib import Path

from playwright.sync_api import Browser, expect

from readmission.domain import synthetic
from tests.ui.browser.visit import PAGES, PATIENCE, Visit, chromium

SIZE = {"width": 1280, "height": 960}
ROWS = 1_000
CHARTS_MS = 700
"""Time for the charts, which do not show when they are drawn."""


def take(browser: Browser, url: str, folder: Path) -> list[Path]:
    """Take a picture of each page of the running app.

    Parameters
    ----------
    browser : Browser
        A running browser.
    url : str
        Address of the app.
    folder : Path
        Receives the pictures as ``ui-<page>.png``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    context = browser.new_context(viewport=SIZE)  # type: ignore[arg-type]
    visit = Visit(context.new_page(), url)
    visit.open()
    taken = []
    for name in PAGES:
        page = visit.switch_to(name)
        if name == "Predict":
            _predict_patient(visit)
        if name == "Files":
            _predict_file(visit)
        page.mouse.move(0, 0)  # a button under the pointer has another colour
        page.wait_for_timeout(CHARTS_MS)
        taken.append(folder / f"ui-{name.split()[-1].lower()}.png")
        page.screenshot(path=taken[-1])
    context.close()
    return taken


def _predict_patient(visit: Visit) -> None:
    visit.settle()
    visit.page.get_by_role("button", name="High risk").click()
    stays = visit.page.get_by_role("spinbutton", name="Inpatient stays in the year before")
    expect(stays).to_have_value("5", timeout=PATIENCE)
    visit.page.get_by_role("button", name="Predict", exact=True).click()
    explanation = visit.page.get_by_role("heading", name="What drove this prediction")
    expect(explanation).to_be_visible(timeout=PATIENCE)


def _predict_file(visit: Visit) -> None:
    file = {
        "name": "stays.csv",
        "mimeType": "text/csv",
        "buffer": synthetic.csv_bytes(ROWS),
    }
    visit.page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]
    visit.page.get_by_role("button", name="Predict file").click()
    download = visit.page.get_by_role("button", name="Download predictions")
    expect(download).to_be_visible(timeout=PATIENCE)


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    with chromium() as browser:
        take(browser, arguments.url, arguments.folder)


if __name__ == "__main__":
    main()
