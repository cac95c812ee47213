"""Pictures for the README: `python -m tests.ui.pictures http://127.0.0.1:8501 docs/images`."""

import argparse
from pathlib import Path

from playwright.sync_api import Browser, expect

from readmission.domain import synthetic
from tests.ui.browsing import PAGES, PATIENCE, Visit, chromium

SIZE = {"width": 1280, "height": 960}
ROWS = 1_000
EVERYTHING_DRAWN = 700
"""Milliseconds for the charts, which say nothing when they are done."""


def take(browser: Browser, url: str, folder: Path) -> list[Path]:
    """Take a picture of every page of a running site.

    Parameters
    ----------
    browser : Browser
        To look with.
    url : str
        Of the pages.
    folder : Path
        Where the pictures go, as ``ui-<page>.png``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    context = browser.new_context(viewport=SIZE)  # type: ignore[arg-type]
    visit = Visit(context.new_page(), url)
    visit.open()
    taken = []
    for name in PAGES:
        page = visit.turn_to(name)
        if name == "Predict":
            _fill(visit)
        if name == "Files":
            _send(visit)
        page.wait_for_timeout(EVERYTHING_DRAWN)
        taken.append(folder / f"ui-{name.split()[-1].lower()}.png")
        page.screenshot(path=taken[-1])
    context.close()
    return taken


def _fill(visit: Visit) -> None:
    visit.settle()
    visit.page.get_by_role("button", name="High risk").click()
    stays = visit.page.get_by_role("spinbutton", name="Inpatient stays in the year before")
    expect(stays).to_have_value("5", timeout=PATIENCE)
    visit.page.get_by_role("button", name="Predict", exact=True).click()
    drivers = visit.page.get_by_role("heading", name="What drove it")
    expect(drivers).to_be_visible(timeout=PATIENCE)


def _send(visit: Visit) -> None:
    file = {
        "name": "stays.csv",
        "mimeType": "text/csv",
        "buffer": synthetic.csv_bytes(ROWS),
    }
    visit.page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]
    visit.page.get_by_role("button", name="Predict file").click()
    download = visit.page.get_by_role("button", name="Download all answers")
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
