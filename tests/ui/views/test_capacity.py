"""The page Capacity: its numbers come from the model's curve."""

import httpx

from tests.api.serving import Service
from tests.ui.pages import CAPACITY, Opened, metrics, text_of


def test_the_numbers_come_from_the_models_curve(api: Service, opened: Opened) -> None:
    curve = httpx.get(f"{api.url}/model", trust_env=False).json()["card"]["capacity"]
    page = opened(api.url, CAPACITY)

    page.number_input[0].set_value(200).run()
    page.slider[0].set_value(50).run()

    shown = metrics(page)
    quarter = next(point for point in curve if point["share"] == 0.25)
    assert shown["Risk threshold"] == f"{quarter['threshold']:.1%}"
    assert shown["Readmissions caught"] == f"{quarter['caught']:.0%}"
    readmitted = 200 * curve[-1]["precision"]
    assert f"**{readmitted * quarter['caught']:.1f}**" in text_of(page.markdown)
    assert f"**{readmitted * (1 - quarter['caught']):.1f}**" in text_of(page.markdown)
    assert len(page.get("vega_lite_chart")) == 1


def test_no_more_patients_are_followed_up_than_discharged(api: Service, opened: Opened) -> None:
    page = opened(api.url, CAPACITY)
    page.slider[0].set_value(40).run()

    page.number_input[0].set_value(10).run()

    assert page.slider[0].value == 10
    assert metrics(page)["Readmissions caught"] == "100%"


def test_a_cost_gives_the_price_of_a_readmission_and_nothing_stored_is_said(
    api: Service, opened: Opened
) -> None:
    page = opened(api.url, CAPACITY)

    page.number_input(key="cost").set_value(30).run()

    shown = text_of(page.markdown)
    assert "Cost per patient who is followed up and readmitted" in shown
    assert "Net benefit: **" in shown
    assert "No threshold is stored" in shown
