"""The page Predict in Streamlit's own test driver, against a real API."""

import json
from typing import Any, NoReturn

import httpx
import pytest

from readmission import __version__
from tests.api.serving import Service
from tests.ui.pages import (
    FILES,
    PREDICT,
    Opened,
    predicted_encounter,
    press,
    switch_to,
    text_of,
    widget,
)
from ui.client import ApiClient, RequestRefused
from ui.components import charts


def test_the_page_names_the_model_and_warns_about_synthetic_data(
    api: Service, opened: Opened
) -> None:
    page = opened(api.url)

    assert "version **2**" in text_of(page.caption)
    assert f"System release {__version__}" in text_of(page.caption)
    assert "Synthetic data" in text_of(page.warning)
    assert not page.error


def test_the_page_shows_the_apis_prediction(api: Service, opened: Opened) -> None:
    page = press(opened(api.url), "Predict")

    encounter = predicted_encounter(page)
    expected = httpx.post(f"{api.url}/predict", json=encounter, trust_env=False, timeout=60).json()
    assert expected["meaning"] in text_of(page.header)
    assert f"**{round(expected['risk_percentile'])} of 100**" in text_of(page.markdown)
    shown = page.session_state["prediction"][1]
    assert shown["probabilities"] == expected["probabilities"]
    assert len(page.get("vega_lite_chart")) == 2
    assert f"version {expected['model_version']} · synthetic data" in text_of(page.caption)
    assert shown["request_id"] in text_of(page.caption)


def test_a_prediction_is_marked_once_the_form_has_changed(api: Service, opened: Opened) -> None:
    page = press(opened(api.url), "Predict")
    assert "has changed" not in text_of(page.info)

    widget(page, "number_inpatient").set_value(5).run()
    assert "has changed since this prediction" in text_of(page.info)

    press(page, "Predict")
    assert "has changed" not in text_of(page.info)
    assert predicted_encounter(page)["number_inpatient"] == 5


def test_a_diagnosis_in_icd10_is_found_and_the_page_says_how_it_was_read(
    api: Service, opened: Opened
) -> None:
    page = opened(api.url)
    widget(page, "diag_1").select("I50.9").run()

    page = press(page, "Predict")

    assert "I50.9 was read as 428" in text_of(page.caption)


def test_a_patient_who_died_gets_a_note_instead_of_a_prediction(
    api: Service, opened: Opened
) -> None:
    page = opened(api.url)
    widget(page, "discharge_disposition_id").select("11").run()

    page = press(page, "Predict")

    assert "No prediction" in text_of(page.header)
    assert "The patient died" in text_of(page.markdown)
    assert not page.get("vega_lite_chart")


def test_the_explanation_is_in_plain_words(api: Service, opened: Opened) -> None:
    page = opened(api.url)
    widget(page, "number_inpatient").set_value(6).run()

    page = press(page, "Predict")

    strongest = page.session_state["prediction"][1]["contributions"][0]
    (table,) = page.table
    first = table.value.iloc[0]
    assert first["Entry"].startswith(strongest["label"])
    assert "raises" in first["Effect"] or "lowers" in first["Effect"]
    assert "Inpatient stays in the year before: 6" in list(table.value["Entry"])


def test_a_what_if_shows_the_risk_by_value_as_an_association(api: Service, opened: Opened) -> None:
    page = press(opened(api.url), "Predict")
    assert "Association, not cause" in text_of(page.caption)

    page.selectbox(key="what_if").select("insulin").run()

    assert not page.exception
    answered = page.session_state["prediction"][1]["what_if"]["fields"]
    assert not {"age", "race", "gender", "diag_1"} & {field["field"] for field in answered}
    (insulin,) = [field for field in answered if field["field"] == "insulin"]
    shown = page.table[-1].value
    expected = [f"{one['probabilities']['<30']:.1%}" for one in insulin["values"]]
    assert list(shown["Probability"]) == expected
    *others, drawn = page.get("vega_lite_chart")
    assert len(others) == 2
    # Every bar has its label, and the value entered has not the colour of what is bad.
    bars = json.loads(drawn.proto.spec)["layer"][0]["encoding"]
    assert bars["y"]["axis"]["labelOverlap"] is False
    assert bars["color"]["condition"]["value"] == charts.ENTERED
    assert charts.SOON not in drawn.proto.spec


def test_a_prediction_is_shown_without_an_explanation_if_only_that_fails(
    api: Service, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: Any) -> NoReturn:
        raise RequestRefused("internal", "Something went wrong.")

    monkeypatch.setattr(ApiClient, "explain", fail)

    page = press(opened(api.url), "Predict")

    shown = page.session_state["prediction"][1]
    assert "contributions" not in shown
    assert shown["meaning"] in text_of(page.header)
    assert len(page.get("vega_lite_chart")) == 1
    assert "is not available at the moment" in text_of(page.caption)
    assert not page.error


def test_a_refused_explanation_is_not_retried_as_a_prediction(
    api: Service, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: Any) -> NoReturn:
        raise RequestRefused("too_many", "Wait a second.")

    monkeypatch.setattr(ApiClient, "explain", refuse)

    page = press(opened(api.url), "Predict")

    assert "Too many requests" in text_of(page.warning)
    assert "prediction" not in page.session_state


def test_entries_and_prediction_survive_a_visit_to_another_page(
    api: Service, opened: Opened
) -> None:
    page = opened(api.url)
    widget(page, "time_in_hospital").set_value(13).run()
    request_id = press(page, "Predict").session_state["prediction"][1]["request_id"]

    switch_to(switch_to(page, FILES), PREDICT)

    assert widget(page, "time_in_hospital").value == 13
    assert request_id in text_of(page.caption)
