"""The form: labels, choices, limits and presets come from the API's schema."""

import httpx
import pytest

from readmission.domain import codes, schema
from readmission.domain.columns import Kind
from tests.api.serving import Service
from tests.ui.pages import Opened, predicted_encounter, press, text_of, widget


def test_the_form_has_a_widget_for_every_feature(api: Service, opened: Opened) -> None:
    page = opened(api.url)

    labels = {w.label for w in (*page.selectbox, *page.number_input)}
    expected = {c.meaning.rstrip(".") for c in schema.FEATURES if c.name not in codes.MEDICINES}
    assert labels == expected
    medicines = widget(page, "medicines")
    assert len(medicines.options) == len(codes.MEDICINES)
    assert "Glyburide with metformin" in medicines.options
    for section in {c.section for c in schema.FEATURES}:
        assert section.value in text_of(page.header)


def test_choices_are_shown_by_meaning_and_numbers_have_limits(api: Service, opened: Opened) -> None:
    page = opened(api.url)

    assert widget(page, "discharge_disposition_id").options[12] == "Hospice at home"
    assert widget(page, "race").options[0] == "Not recorded"
    days = widget(page, "time_in_hospital")
    assert (days.min, days.max, days.step) == (1, 14, 1)


def test_the_form_starts_with_the_example_patient_and_no_identifiers(
    api: Service, opened: Opened
) -> None:
    encounter = predicted_encounter(press(opened(api.url), "Predict"))

    keys = {c.name for c in schema.of_kind(Kind.KEY, Kind.IGNORED)}
    assert set(encounter) == set(schema.FEATURE_NAMES) - keys
    for column in schema.FEATURES:
        assert str(encounter[column.name]) == column.example, column.name


def test_the_entries_are_what_the_api_receives(api: Service, opened: Opened) -> None:
    page = opened(api.url)
    widget(page, "race").select("?")
    widget(page, "time_in_hospital").set_value(9)
    widget(page, "diag_1").select("V57")
    widget(page, "diag_2").select("?")
    widget(page, "medicines").set_value(["metformin", "glipizide-metformin"]).run()
    widget(page, "metformin").set_value("Up")

    encounter = predicted_encounter(press(page, "Predict"))

    assert encounter["race"] == "?"
    assert encounter["time_in_hospital"] == 9
    assert (encounter["diag_1"], encounter["diag_2"]) == ("V57", "?")
    prescribed = {name: encounter[name] for name in codes.MEDICINES if encounter[name] != "No"}
    assert prescribed == {"metformin": "Up", "glipizide-metformin": "Steady"}


def test_a_diagnosis_is_found_by_words_and_sent_as_a_code(api: Service, opened: Opened) -> None:
    page = opened(api.url)

    diagnosis = widget(page, "diag_1")

    assert diagnosis.value == "428"
    assert "Heart failure (428)" in diagnosis.options
    assert "Septicaemia, blood poisoning, sepsis (038)" in diagnosis.options
    diagnosis.select("38").run()
    assert predicted_encounter(press(page, "Predict"))["diag_1"] == "38"


@pytest.mark.parametrize("name", ["low", "medium", "high"])
def test_a_preset_fills_the_whole_form(api: Service, opened: Opened, name: str) -> None:
    described = httpx.get(f"{api.url}/schema", trust_env=False).json()
    preset = next(p for p in described["presets"] if p["name"] == name)
    page = opened(api.url)
    widget(page, "medicines").set_value(["glimepiride"]).run()

    page = press(page, preset["title"])

    assert predicted_encounter(press(page, "Predict")) == preset["encounter"]
