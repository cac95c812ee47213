"""The page Model in a real browser: reload, rollback and metrics."""

import re
from pathlib import Path

import httpx
from playwright.sync_api import expect

from tests.api.serving import Service
from tests.ui.browser.visit import PHONE, Visiting
from tests.ui.conftest import ADMIN_KEY, PREDICT_KEY


def test_a_model_is_reloaded_only_after_confirmation(visiting: Visiting) -> None:
    visit = visiting()
    visit.open()
    page = visit.switch_to("Model")
    dialog = page.get_by_role("dialog")

    page.get_by_role("button", name="Roll back").click()
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Roll back").click()
    expect(dialog).to_be_visible()
    assert visit.violations() == []
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    for key, refusal in ((PREDICT_KEY, "not an admin key"), (ADMIN_KEY, "")):
        page.get_by_role("button", name="Reload model").click()
        expect(dialog).to_be_visible()
        visit.settle()  # a dialog that was just closed may leave its field for a moment
        dialog.get_by_label("Admin key").fill(key)
        dialog.get_by_role("button", name="Yes, reload").click()
        if refusal:
            expect(dialog).to_contain_text(refusal)
            dialog.get_by_role("button", name="Cancel").click()
            expect(dialog).to_be_hidden()

    expect(page.get_by_text("Version 2 was loaded again")).to_be_visible()
    assert ADMIN_KEY not in str(visit.stored()) + page.content()


def test_a_model_is_rolled_back_twice_on_a_phone(visiting: Visiting, api: Service) -> None:
    visit = visiting(size=PHONE)
    visit.open()
    page = visit.switch_to("Model")
    dialog = page.get_by_role("dialog")
    try:
        for version in ("1", "2"):
            page.get_by_role("button", name="Roll back").click()
            expect(dialog).to_be_visible()
            visit.settle()
            box = dialog.bounding_box()
            assert box
            assert 0 <= box["x"] <= PHONE[0] - box["width"]
            assert visit.violations() == []
            dialog.get_by_label("Reason").fill(f"back to version {version}")
            dialog.get_by_label("Admin key").fill(ADMIN_KEY)
            dialog.get_by_role("button", name="Yes, roll back").click()
            expect(page.get_by_text(f"Version {version} is now in use")).to_be_visible()
            expect(page.get_by_test_id("stMetricValue").first).to_have_text(f"Version {version}")
            visit.settle()
            assert visit.overflow() <= 0
    finally:
        with httpx.Client(base_url=api.url, trust_env=False, timeout=60) as admin:
            admin.headers["X-API-Key"] = ADMIN_KEY
            if admin.get("/health").json()["model_version"] != "2":
                admin.post("/rollback", json={"to": "2", "reason": "the end of a test"})
            admin.post("/unpin", json={"reason": "the end of a test"})


def test_a_model_is_reloaded_by_keyboard_alone(visiting: Visiting) -> None:
    visit = visiting()
    visit.open()
    page = visit.switch_to("Model")

    visit.tab_to("Metric")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    visit.tab_to("Reload model")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    visit.tab_to("Admin key")
    page.keyboard.type(ADMIN_KEY)
    visit.tab_to("Yes, reload")
    page.keyboard.press("Enter")

    expect(page.get_by_text("Version 2 was loaded again")).to_be_visible()


def test_another_metric_is_plotted_over_the_batches(visiting: Visiting) -> None:
    visit = visiting(size=PHONE)
    visit.open()
    page = visit.switch_to("Model")

    metric = page.get_by_role("combobox", name="Metric")
    metric.scroll_into_view_if_needed()
    visit.settle()  # an open list closes when the page scrolls
    metric.press("ArrowDown")
    page.get_by_role("option", name="AUROC").click()
    visit.settle()

    expect(page.get_by_role("combobox", name="Metric")).to_have_value(re.compile("AUROC"))
    assert visit.overflow() <= 0


def test_the_card_is_fetched_when_it_is_downloaded(visiting: Visiting, api: Service) -> None:
    visit = visiting()
    visit.open()
    page = visit.switch_to("Model")

    page.get_by_text("The card's figures in full").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the card (in English)").click()

    assert download.value.suggested_filename == "card.html"
    card = httpx.get(f"{api.url}/model/card", headers={"X-API-Key": PREDICT_KEY}, trust_env=False)
    assert Path(download.value.path()).read_text() == card.text
