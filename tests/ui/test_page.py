"""The page's logic, run by Streamlit's own test driver against a real service."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from streamlit.testing.v1 import AppTest

from readmission import codes, schema
from readmission.local.ports import free_ports
from readmission.schema import Kind
from readmission.settings import CHECKOUT, get_settings
from tests.api.models import put_into_production, small_fit
from tests.api.serving import Service, running, wait_for

Opened = Callable[[str], AppTest]


@pytest.fixture(scope="module")
def api(platform: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service with a model that was trained on synthetic encounters."""
    name = "shown_on_the_page"
    settings = platform.settings.model_copy(update={"model_name": name, "experiment": name})
    put_into_production(settings, small_fit(), "batch-0001")
    log = tmp_path_factory.mktemp("api") / "log"
    with running(log, mlflow_uri=platform.mlflow_uri, settings={"MODEL_NAME": name}) as service:
        wait_for(f"{service.url}/ready", 200, service.process, service.log)
        yield service


@pytest.fixture(scope="module")
def api_without_model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service when nothing has been promoted, or the registry is away."""
    nowhere = f"http://127.0.0.1:{free_ports(1)[0]}"
    with running(tmp_path_factory.mktemp("api") / "log", mlflow_uri=nowhere) as service:
        yield service


@pytest.fixture
def point_at(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Tell the page where the service is."""

    def point(url: str) -> None:
        monkeypatch.setenv("READMISSION_API_URL", url)
        get_settings.cache_clear()

    yield point
    get_settings.cache_clear()


@pytest.fixture
def opened(point_at: Callable[[str], None]) -> Opened:
    """Open the page with the service at an address."""

    def open_(url: str) -> AppTest:
        point_at(url)
        page = AppTest.from_file(str(CHECKOUT / "ui" / "app.py"), default_timeout=120).run()
        assert not page.exception
        return page

    return open_


def press(page: AppTest, label: str) -> AppTest:
    (button,) = [b for b in page.button if b.label == label]
    button.click().run()
    assert not page.exception
    return page


def asked(page: AppTest) -> dict[str, Any]:
    encounter: dict[str, Any] = page.session_state["answered"][0]
    return encounter


def said(elements: Any) -> str:
    return "\n".join(element.value for element in elements)


def widget(page: AppTest, name: str) -> Any:
    kinds = (page.selectbox, page.number_input, page.text_input, page.radio, page.multiselect)
    return next(w for kind in kinds for w in kind if w.key == f"field:{name}")


def test_the_form_asks_for_every_feature_by_its_meaning(api: Service, opened: Opened) -> None:
    page = opened(api.url)

    labels = {w.label for w in (*page.selectbox, *page.number_input, *page.text_input)}
    expected = {c.meaning.rstrip(".") for c in schema.FEATURES if c.name not in codes.MEDICINES}
    assert labels == expected
    medicines = widget(page, "medicines")
    assert len(medicines.options) == len(codes.MEDICINES)
    assert "Glyburide with metformin" in medicines.options
    for section in {c.section for c in schema.FEATURES}:
        assert section.value in said(page.markdown)


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

    assert "version **1**" in said(page.caption)
    assert "Synthetic data" in said(page.warning)
    assert not page.error


def test_predict_shows_the_services_answer(api: Service, opened: Opened) -> None:
    page = press(opened(api.url), "Predict")

    answer = httpx.post(f"{api.url}/predict", json=asked(page), trust_env=False, timeout=60).json()
    assert answer["meaning"] in said(page.markdown)
    shown = page.session_state["answered"][1]
    assert shown["probabilities"] == answer["probabilities"]
    assert len(page.get("vega_lite_chart")) == 1
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
    widget(page, "diag_1").input(" v57 ")
    widget(page, "diag_2").input("")
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


def test_a_wrong_code_is_named_by_its_label(api: Service, opened: Opened) -> None:
    page = press(opened(api.url), "Predict")
    widget(page, "diag_2").input("flu")

    press(page, "Predict")

    (problem,) = page.error
    assert "Second diagnosis, as an ICD-9 code" in problem.value
    assert "`FLU`" in problem.value
    assert "250.83" in problem.value
    assert "answered" not in page.session_state


def test_without_a_model_the_page_says_what_comes_next(
    api_without_model: Service, opened: Opened
) -> None:
    page = opened(api_without_model.url)

    assert "There is no model yet" in said(page.warning)
    assert "`make demo`" in said(page.warning)
    press(page, "Predict")
    assert "no model yet" in said(page.error)
    assert widget(page, "race").value == "Caucasian"
    press(page, "Check again")


def test_without_the_service_the_page_says_so_and_keeps_what_was_entered(
    api: Service, opened: Opened, point_at: Callable[[str], None]
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


def test_the_page_knows_nothing_of_the_library_but_its_settings() -> None:
    imported = {
        name
        for file in (CHECKOUT / "ui").glob("*.py")
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
    assert ours == {"readmission.settings"}
    assert not imported & {"mlflow", "psycopg", "boto3", "sqlalchemy"}
