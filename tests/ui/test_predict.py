"""The form and its answer, run by Streamlit's own test driver against a real service."""

import ast
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from streamlit.testing.v1 import AppTest

from readmission.domain import codes, schema
from readmission.domain.columns import Kind
from readmission.settings import CHECKOUT
from readmission.stack.site.ports import free_ports
from tests.api.serving import Service, running
from tests.ui.pages import FILES, PREDICT, Opened, press, said, turn_to, widget
from ui.client import ApiClient, Refused
from ui.components import form_link


def asked(page: AppTest) -> dict[str, Any]:
    """Return the encounter of the last answer."""
    encounter: dict[str, Any] = page.session_state["answered"][0]
    return encounter


def test_the_form_asks_for_every_feature_by_its_meaning(api: Service, opened: Opened) -> None:
    page = opened(api.url)

    labels = {w.label for w in (*page.selectbox, *page.number_input)}
    expected = {c.meaning.rstrip(".") for c in schema.FEATURES if c.name not in codes.MEDICINES}
    assert labels == expected
    medicines = widget(page, "medicines")
    assert len(medicines.options) == len(codes.MEDICINES)
    assert "Glyburide with metformin" in medicines.options
    for section in {c.section for c in schema.FEATURES}:
        assert section.value in said(page.header)


def test_choices_are_shown_by_meaning_and_numbers_have_limits(api: Service, opened: Opened) -> None:
    page = opened(api.url)

    assert widget(page, "discharge_disposition_id").options[12] == "Hospice at home"
    assert widget(page, "race").options[0] == "Not recorded"
    days = widget(page, "time_in_hospital")
    assert (days.min, days.max, days.step) == (1, 14, 1)


def test_the_page_says_which_model_answers_and_that_its_data_is_synthetic(
    api: Service, opened: Opened
) -> None:
    page = opened(api.url)

    assert "version **2**" in said(page.caption)
    assert "Synthetic data" in said(page.warning)
    assert not page.error


def test_predict_shows_the_services_answer(api: Service, opened: Opened) -> None:
    page = press(opened(api.url), "Predict")

    answer = httpx.post(f"{api.url}/predict", json=asked(page), trust_env=False, timeout=60).json()
    assert answer["meaning"] in said(page.header)
    assert f"**{round(answer['risk_percentile'])} of 100**" in said(page.markdown)
    shown = page.session_state["answered"][1]
    assert shown["probabilities"] == answer["probabilities"]
    assert len(page.get("vega_lite_chart")) == 2
    assert f"version {answer['model_version']} · synthetic data" in said(page.caption)
    assert shown["request_id"] in said(page.caption)


def test_the_form_as_it_opens_is_the_usual_patient_without_identifiers(
    api: Service, opened: Opened
) -> None:
    encounter = asked(press(opened(api.url), "Predict"))

    keys = {c.name for c in schema.of_kind(Kind.KEY, Kind.IGNORED)}
    assert set(encounter) == set(schema.FEATURE_NAMES) - keys
    for column in schema.FEATURES:
        assert str(encounter[column.name]) == column.example, column.name


def test_what_is_entered_is_what_is_asked(api: Service, opened: Opened) -> None:
    page = opened(api.url)
    widget(page, "race").select("?")
    widget(page, "time_in_hospital").set_value(9)
    widget(page, "diag_1").select("V57")
    widget(page, "diag_2").select("?")
    widget(page, "medicines").set_value(["metformin", "glipizide-metformin"]).run()
    widget(page, "metformin").set_value("Up")

    encounter = asked(press(page, "Predict"))

    assert encounter["race"] == "?"
    assert encounter["time_in_hospital"] == 9
    assert (encounter["diag_1"], encounter["diag_2"]) == ("V57", "?")
    given = {name: encounter[name] for name in codes.MEDICINES if encounter[name] != "No"}
    assert given == {"metformin": "Up", "glipizide-metformin": "Steady"}


def test_an_answer_is_marked_once_the_form_has_changed(api: Service, opened: Opened) -> None:
    page = press(opened(api.url), "Predict")
    assert "has changed" not in said(page.info)

    widget(page, "number_inpatient").set_value(5).run()
    assert "has changed since this answer" in said(page.info)

    press(page, "Predict")
    assert "has changed" not in said(page.info)
    assert asked(page)["number_inpatient"] == 5


def test_diagnoses_are_found_by_words_and_keep_their_codes(api: Service, opened: Opened) -> None:
    page = opened(api.url)

    diagnosis = widget(page, "diag_1")

    assert diagnosis.value == "428"
    assert "Heart failure (428)" in diagnosis.options
    assert "Septicaemia, blood poisoning, sepsis (038)" in diagnosis.options
    diagnosis.select("38").run()
    assert asked(press(page, "Predict"))["diag_1"] == "38"


@pytest.mark.parametrize("name", ["low", "medium", "high"])
def test_a_preset_fills_the_whole_form(api: Service, opened: Opened, name: str) -> None:
    description = httpx.get(f"{api.url}/schema", trust_env=False).json()
    preset = next(p for p in description["presets"] if p["name"] == name)
    page = opened(api.url)
    widget(page, "medicines").set_value(["glimepiride"]).run()

    page = press(page, preset["title"])

    assert asked(press(page, "Predict")) == preset["encounter"]


def test_what_drove_the_answer_is_told_in_plain_words(api: Service, opened: Opened) -> None:
    page = opened(api.url)
    widget(page, "number_inpatient").set_value(6).run()

    page = press(page, "Predict")

    strongest = page.session_state["answered"][1]["contributions"][0]
    (drivers,) = page.table
    first = drivers.value.iloc[0]
    assert first["Entered"].startswith(strongest["label"])
    assert "raises" in first["Effect"] or "lowers" in first["Effect"]
    assert "Inpatient stays in the year before: 6" in list(drivers.value["Entered"])


def test_an_answer_is_given_without_what_drove_it_if_only_that_fails(
    api: Service, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_asked: Any) -> NoReturn:
        raise Refused("internal", "Something went wrong.")

    monkeypatch.setattr(ApiClient, "explain", fail)

    page = press(opened(api.url), "Predict")

    shown = page.session_state["answered"][1]
    assert "contributions" not in shown
    assert shown["meaning"] in said(page.header)
    assert len(page.get("vega_lite_chart")) == 1
    assert "cannot be told at the moment" in said(page.caption)
    assert not page.error


def test_an_explanation_that_is_refused_is_no_reason_to_ask_again(
    api: Service, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_asked: Any) -> NoReturn:
        raise Refused("too_many", "Wait a second.")

    monkeypatch.setattr(ApiClient, "explain", refuse)

    page = press(opened(api.url), "Predict")

    assert "Many people are asking" in said(page.warning)
    assert "answered" not in page.session_state


def linked(page: AppTest) -> dict[str, str]:
    """Make a link; return what stands in it after the question mark."""
    press(page, "Make a link")
    (shown,) = page.code
    return dict(parse_qsl(urlsplit(shown.value).query))


def test_a_link_opens_the_form_as_it_was_and_says_nothing_of_it(
    api: Service, opened: Opened
) -> None:
    page = opened(api.url)
    widget(page, "number_inpatient").set_value(4)
    widget(page, "diag_1").select("250.6")
    widget(page, "medicines").set_value(["metformin", "insulin"]).run()
    widget(page, "metformin").set_value("Up").run()
    before = asked(press(page, "Predict"))

    query = linked(page)

    assert list(query) == ["form"]
    assert re.fullmatch(r"[\w-]{32}", query["form"])
    again = opened(api.url, **query)
    assert asked(press(again, "Predict")) == before
    assert not again.warning or "link" not in said(again.warning)


def test_no_link_is_kept_before_it_is_asked_for_and_none_for_another_form(
    api: Service, opened: Opened
) -> None:
    page = opened(api.url)
    press(page, "Predict")
    kept = len(form_link.links())
    query = linked(page)
    assert len(form_link.links()) == kept + 1

    widget(page, "number_inpatient").set_value(4).run()

    assert not page.code
    assert "has changed since the last link" in said(page.caption)
    assert linked(page) != query


def test_a_link_does_not_undo_what_is_entered_after_it_was_opened(
    api: Service, opened: Opened
) -> None:
    page = opened(api.url, **linked(opened(api.url)))

    widget(page, "number_inpatient").set_value(4).run()

    assert page.query_params["form"]
    assert widget(page, "number_inpatient").value == 4


@pytest.mark.parametrize("query", [{"form": "x" * 32}, {"form": ""}, {"diag_1": "250.6"}])
def test_a_link_that_opens_nothing_says_so_and_fills_nothing(
    api: Service, opened: Opened, query: dict[str, str]
) -> None:
    page = opened(api.url, **query)

    assert "does not open any more" in said(page.warning)
    assert "ask for a new link" in said(page.warning)
    assert widget(page, "diag_1").value == "428"


def test_a_link_works_for_a_day(
    api: Service, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    kept = form_link.Links(clock=lambda: now)
    monkeypatch.setattr(form_link, "links", lambda: kept)
    page = opened(api.url)
    widget(page, "number_inpatient").set_value(4).run()
    query = linked(page)

    now = 24 * 3_600 - 1
    assert widget(opened(api.url, **query), "number_inpatient").value == 4
    now += 1
    late = opened(api.url, **query)

    assert "for 24 hours" in said(late.warning)
    assert widget(late, "number_inpatient").value == 0
    assert len(kept) == 0


def test_only_so_many_links_are_kept_and_none_is_like_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(form_link, "MOST", 3)
    kept = form_link.Links(clock=lambda: 0)

    codes = [kept.keep({"age": str(number)}, "1") for number in range(5)]

    assert len(set(codes)) == 5
    found = [kept.find(code, "1") for code in codes]
    assert found == [None, None, {"age": "2"}, {"age": "3"}, {"age": "4"}]
    assert kept.find(codes[-1], "other fields") is None


def test_what_was_entered_and_answered_survives_a_look_at_another_page(
    api: Service, opened: Opened
) -> None:
    page = opened(api.url)
    widget(page, "time_in_hospital").set_value(13).run()
    request_id = press(page, "Predict").session_state["answered"][1]["request_id"]

    turn_to(turn_to(page, FILES), PREDICT)

    assert widget(page, "time_in_hospital").value == 13
    assert request_id in said(page.caption)


def test_without_a_model_the_page_says_what_comes_next(
    api_without_model: Service, opened: Opened
) -> None:
    page = opened(api_without_model.url)

    assert "There is no model yet" in said(page.warning)
    assert "`make demo`" in said(page.warning)
    press(page, "Predict")
    assert len(page.warning) == 2
    assert widget(page, "race").value == "Caucasian"
    press(page, "Check again")


def test_without_the_service_the_page_says_so_and_keeps_what_was_entered(
    api: Service, opened: Opened, point_at: Callable[..., None]
) -> None:
    page = opened(api.url)
    widget(page, "time_in_hospital").set_value(11)
    widget(page, "medicines").set_value(["glipizide"]).run()

    point_at(f"http://127.0.0.1:{free_ports(1)[0]}")
    page.run()
    assert "does not answer" in said(page.error)
    assert not page.selectbox

    point_at(api.url)
    press(page, "Try again")
    assert not page.error
    assert widget(page, "time_in_hospital").value == 11
    assert widget(page, "medicines").value == ["glipizide"]


def test_something_else_at_the_address_is_not_taken_for_the_service(
    platform: Any, opened: Opened
) -> None:
    page = opened(platform.mlflow_uri)
    assert "does not answer" in said(page.error)


def test_a_service_that_goes_away_in_between_is_reported(
    tmp_path: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = f"http://127.0.0.1:{free_ports(1)[0]}"
    with running(tmp_path / "log", mlflow_uri=nowhere) as service:
        page = opened(service.url)
    press(page, "Predict")
    assert "does not answer" in said(page.error)


def test_the_page_knows_little_of_the_library_and_no_outcome_by_its_name() -> None:
    imported = {
        name
        for file in (CHECKOUT / "ui").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else []
        )
    }
    ours = {name for name in imported if name.split(".")[0] in ("readmission", "api", "dags")}
    assert ours == {"readmission.domain.drift", "readmission.logs", "readmission.settings"}
    assert not imported & {"mlflow", "psycopg", "boto3", "sqlalchemy"}
    written = {
        node.value
        for file in (CHECKOUT / "ui").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant)
    }
    assert not written & set(schema.CLASSES)
