"""The page Predict in a real browser: keyboard, phone, presets and links."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.ui.browser.visit import PHONE, Visiting

ENTERED = "V57"
"""A diagnosis that appears nowhere but in the form."""
STAYS = "Inpatient stays in the year before"
EXPLANATION = "What drove this prediction"


def test_one_patient_is_predicted_by_keyboard_alone(visiting: Visiting) -> None:
    visit = visiting()
    page = visit.open()
    visit.settle()

    visit.tab_to("High risk")
    page.keyboard.press("Enter")
    expect(page.get_by_role("spinbutton", name=STAYS)).to_have_value("5")
    visit.tab_to("Primary diagnosis")
    page.keyboard.type("pancreatitis")
    option = page.get_by_role("option", name="(577)")
    expect(option).to_be_visible()
    for _ in range(10):
        page.wait_for_timeout(300)  # filtering the list resets its focus a moment later
        if option.get_attribute("data-focused"):
            break
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    primary = page.get_by_role("combobox", name="Primary diagnosis")
    expect(primary).to_have_value(re.compile("Pancreatitis"))
    visit.tab_to("Predict")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name=EXPLANATION)).to_be_visible()
    expect(page.get_by_text("of 100 validation patients")).to_be_visible()
    assert visit.violations() == []
    assert visit.overflow() <= 0


def test_an_invalid_code_is_reported_by_the_label_of_its_field(visiting: Visiting) -> None:
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


@pytest.mark.parametrize(
    ("preset", "stays"), [("Low risk", "0"), ("Medium risk", "1"), ("High risk", "5")]
)
def test_each_preset_fills_the_form_and_is_predicted_on_a_phone(
    visiting: Visiting, preset: str, stays: str
) -> None:
    visit = visiting(size=PHONE)
    page = visit.open()
    visit.settle()

    page.get_by_role("button", name=preset).click()
    expect(page.get_by_role("spinbutton", name=STAYS)).to_have_value(stays)
    visit.settle()
    page.get_by_role("button", name="Predict", exact=True).click()

    expect(page.get_by_role("heading", name=EXPLANATION)).to_be_visible()
    visit.settle()
    page.get_by_text("Show as table").click()
    expect(page.get_by_role("table")).to_be_visible()
    assert visit.overflow() <= 0
    assert visit.violations() == []


def test_on_a_phone_the_button_stays_in_sight_and_a_stale_prediction_fades(
    visiting: Visiting,
) -> None:
    # given a form that is longer than the screen
    visit = visiting(size=PHONE)
    page = visit.open()
    visit.settle()
    button = page.get_by_role("button", name="Predict", exact=True)
    expect(button).to_be_in_viewport()

    # when it changes after the prediction
    button.click()
    expect(page.get_by_role("heading", name=EXPLANATION)).to_be_visible()
    page.get_by_role("button", name="High risk").click()
    visit.settle()

    # then the prediction fades, and the button is still there
    expect(page.locator(".st-key-stale_prediction")).to_have_css("opacity", "0.6")
    expect(button).to_be_in_viewport()


def test_a_link_fills_the_form_and_leaves_no_entry_in_history_requests_or_log(
    visiting: Visiting, page_log: Path
) -> None:
    # given a link to a filled-in form
    visit = visiting()
    page = visit.open()
    visit.settle()
    page.get_by_role("button", name="High risk").click()
    expect(page.get_by_role("spinbutton", name=STAYS)).to_have_value("5")
    visit.settle()
    page.get_by_label("Second diagnosis", exact=False).last.fill(ENTERED)
    page.keyboard.press("Enter")
    visit.settle()
    page.get_by_text("Link to this form").click()
    visit.settle()  # the button moves while the expander opens
    page.get_by_role("button", name="Create a link").click()
    address = page.get_by_test_id("stCode").inner_text().strip()
    link = "?" + urlsplit("".join(address.split())).query

    # when somebody else opens it and goes back and forth
    other = visiting()
    other.open()
    shared = other.open(link)
    expect(shared.get_by_role("spinbutton", name=STAYS)).to_have_value("5")
    expect(shared.get_by_label("Second diagnosis", exact=False).last).to_have_value(
        re.compile(ENTERED)
    )
    other.switch_to("Files")
    shared.go_back()
    expect(shared.get_by_role("spinbutton", name=STAYS)).to_have_value("5")
    shared.go_back()
    expect(shared.locator("h1")).to_be_visible()

    # then
    assert len(other.history()) >= 3
    seen = [shared.url, *other.history(), *visit.history(), *other.requested, *visit.requested]
    for text in (*seen, page_log.read_text()):
        assert not re.search(f"diag_|number_|{ENTERED}", text), text


def test_an_unknown_link_shows_a_warning(visiting: Visiting) -> None:
    visit = visiting(size=PHONE)
    page = visit.open("?form=" + "x" * 32)

    expect(page.get_by_text("This link no longer works")).to_be_visible()
    assert visit.violations() == []
    assert visit.overflow() <= 0
