"""The page Files in a real browser while a large file is predicted."""

import re
from collections.abc import Callable
from pathlib import Path
from time import monotonic

import pytest
from playwright.sync_api import expect

from tests.ui.browser.visit import Visiting, write_csv

LARGE_FILE_SECONDS = 300
"""How long a busy machine may take for 100,000 rows."""
CLICK_SECONDS = 10
"""How long the page may take to react to a click meanwhile; usually a fraction of a second."""


@pytest.fixture(scope="module")
def large_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of 100,000 rows."""
    folder = tmp_path_factory.mktemp("large")
    header, _, rows = write_csv(folder / "small.csv", 500).read_bytes().partition(b"\n")
    path = folder / "large.csv"
    path.write_bytes(header + b"\n" + rows * 200)
    return path


def test_a_large_file_can_be_stopped(visiting: Visiting, large_file: Path) -> None:
    visit = visiting()
    visit.open()
    page = visit.switch_to("Files")

    page.locator("input[type=file]").set_input_files(large_file)
    page.get_by_role("button", name="Predict file").click()
    expect(page.get_by_test_id("stProgress")).to_contain_text("of about 100,000 rows")
    page.get_by_role("button", name="Stop").click()

    expect(page.get_by_text(re.compile(r"Stopped after [\d,]+ rows of large.csv"))).to_be_visible()


def test_the_app_stays_responsive_while_a_hundred_thousand_rows_are_predicted(
    visiting: Visiting, large_file: Path, record_property: Callable[[str, object], None]
) -> None:
    # given
    visit = visiting()
    visit.open()
    page = visit.switch_to("Files")

    # when the file is predicted while another page is used
    page.locator("input[type=file]").set_input_files(large_file)
    page.get_by_role("button", name="Predict file").click()
    started = monotonic()
    progress = page.get_by_test_id("stProgress")
    expect(progress).to_contain_text("of about 100,000 rows")
    visit.switch_to("Capacity")
    waits = []
    for patients in range(9, 14):
        clicked = monotonic()
        page.get_by_role("slider").press("ArrowRight")
        expect(page.get_by_text("On an average day, about")).to_contain_text(
            f"of the {patients} patients"
        )
        waits.append(monotonic() - clicked)
    visit.switch_to("Files")
    expect(progress).to_be_visible()  # the file was still being predicted during those clicks
    expect(page.get_by_text("all 100,000 rows read")).to_be_visible(
        timeout=LARGE_FILE_SECONDS * 1_000
    )
    took = monotonic() - started
    visit.settle()

    # then
    expect(page.get_by_role("heading", name="Risk of readmission")).to_be_visible()
    expect(page.get_by_test_id("stVegaLiteChart").locator("canvas, svg").first).to_be_visible()
    assert page.get_by_test_id("stVegaLiteChart").count() == 2
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    clicked = monotonic()
    page.get_by_text("As in the file").click()
    visit.settle()
    waits.append(monotonic() - clicked)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download predictions").click()
    assert len(Path(download.value.path()).read_bytes().splitlines()) == 100_001
    record_property("seconds", round(took, 1))
    record_property("slowest_click_seconds", round(max(waits), 2))
    assert max(waits) < CLICK_SECONDS, waits
