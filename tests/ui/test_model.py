"""The pages on the model, the capacity and the data, against a real service and registry."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from streamlit.dataframe_util import convert_arrow_bytes_to_pandas_df

from readmission.stack.site.ports import free_ports
from tests.api.serving import Service
from tests.ui.conftest import ADMIN_KEY, DECIDED_AT, NEWEST, PREDICT_KEY, REPORTS
from tests.ui.pages import CAPACITY, FILES, MODEL, QUALITY, Opened, figures, press, said
from ui.wording import models


def test_the_model_page_shows_what_is_in_production_and_its_card(
    api: Service, opened: Opened
) -> None:
    page = opened(api.url, MODEL)

    assert figures(page)["In production"] == "Version 2"
    assert figures(page)["Kind"] == "XGBoost"
    card = httpx.get(f"{api.url}/model", trust_env=False).json()["card"]
    assert card["intended_use"] in said(page.markdown)
    for limit in card["limits"]:
        assert limit in said(page.markdown)
    assert "better: 0.55" in said(page.info)
    assert figures(page)["In production since"] == "2026-03-01"
    assert "in production since 2026-03-01 09:15 UTC" in said(page.caption)
    assert httpx.get(f"{api.url}/model", trust_env=False).json()["since"] == DECIDED_AT


def test_the_three_candidates_stand_side_by_side(api: Service, opened: Opened) -> None:
    page = opened(api.url, MODEL)

    candidates = page.table[1].value

    heads = ["Figure", "Logistic regression", "Random forest", "XGBoost ★ version 2"]
    assert list(candidates.columns) == heads
    assert NEWEST in said(page.caption)
    assert (candidates != "–").all().all()


def test_versions_are_listed_with_their_verdicts(api: Service, opened: Opened) -> None:
    page = opened(api.url, MODEL)

    versions = page.dataframe[0].value

    assert list(versions["Version"]) == ["2", "1"]
    assert list(versions["Now"]) == ["in production", "the one before"]
    assert set(versions["Verdict"]) == {"Put into production"}
    assert list(versions["Kind"]) == ["XGBoost", "Logistic regression"]


def plotted(page: Any, chart: int) -> list[dict[str, Any]]:
    """Return the rows a chart is drawn from."""
    (drawn,) = page.get("vega_lite_chart")[chart].proto.datasets
    return convert_arrow_bytes_to_pandas_df(drawn.data.data).to_dict("records")


def test_any_figure_of_the_versions_can_be_drawn_over_the_batches(
    api: Service, opened: Opened
) -> None:
    page = opened(api.url, MODEL)
    (choice,) = page.selectbox
    assert choice.options == [
        models.FIGURES["weighted_f1"],
        models.FIGURES["auroc_under_30"],
    ]
    first = plotted(page, 1)

    choice.select("auroc_under_30").run()

    for rows, expected in ((first, [0.52, 0.55]), (plotted(page, 1), [0.64, 0.66])):
        assert [row["batch"] for row in rows] == ["batch-0001", NEWEST]
        assert [row["figure"] for row in rows] == expected
        assert {row["verdict"] for row in rows} == {"Put into production"}


def confirm(page: Any, button: str, sure: str, key: str) -> Any:
    """Press a button, type a key into the dialog and say yes."""
    press(page, button)
    (field,) = page.text_input
    field.input(key)
    return press(page, sure)


def test_nothing_is_rolled_back_without_an_admins_key(api: Service, opened: Opened) -> None:
    page = opened(api.url, MODEL)

    confirm(page, "Roll back", "Yes, roll back", "")
    assert "Enter the admin key" in said(page.error)
    for key, refusal in (("wrong", "not known"), (PREDICT_KEY, "not an admin's")):
        page = confirm(opened(api.url, MODEL), "Roll back", "Yes, roll back", key)
        assert refusal in said(page.error)
        assert "Nothing was done" in said(page.error)

    assert httpx.get(f"{api.url}/health", trust_env=False).json()["model_version"] == "2"


def test_rolling_back_goes_to_the_version_before_and_comes_back(
    api: Service, opened: Opened
) -> None:
    try:
        page = confirm(opened(api.url, MODEL), "Roll back", "Yes, roll back", ADMIN_KEY)
        assert "Version 1 is in use now" in said(page.success)
        assert figures(page)["In production"] == "Version 1"
    finally:
        page = confirm(opened(api.url, MODEL), "Roll back", "Yes, roll back", ADMIN_KEY)
    assert "Version 2 is in use now" in said(page.success)
    assert ADMIN_KEY not in repr(page.session_state)


def test_reloading_says_which_version_was_loaded(api: Service, opened: Opened) -> None:
    page = confirm(opened(api.url, MODEL), "Reload model", "Yes, reload", ADMIN_KEY)
    assert "Loaded again: version 2" in said(page.success)


def test_capacity_is_read_off_the_models_curve(api: Service, opened: Opened) -> None:
    curve = httpx.get(f"{api.url}/model", trust_env=False).json()["card"]["capacity"]
    page = opened(api.url, CAPACITY)

    page.number_input[0].set_value(200).run()
    page.slider[0].set_value(50).run()

    shown = figures(page)
    quarter = next(point for point in curve if point["share"] == 0.25)
    assert shown["Follow up from a risk of"] == f"{quarter['threshold']:.1%}"
    assert shown["Caught of those who come back"] == f"{quarter['caught']:.0%}"
    returning = 200 * curve[-1]["precision"]
    assert f"**{returning * quarter['caught']:.1f}**" in said(page.markdown)
    assert f"**{returning * (1 - quarter['caught']):.1f}**" in said(page.markdown)
    assert len(page.get("vega_lite_chart")) == 1


def test_no_more_patients_are_followed_up_than_there_are(api: Service, opened: Opened) -> None:
    page = opened(api.url, CAPACITY)
    page.slider[0].set_value(40).run()

    page.number_input[0].set_value(10).run()

    assert page.slider[0].value == 10
    assert figures(page)["Caught of those who come back"] == "100%"


def test_the_gates_of_each_batch_are_told_in_words(
    api: Service, opened: Opened, publish: Callable[..., None]
) -> None:
    publish()
    page = opened(api.url, QUALITY)

    shown = figures(page)
    assert (shown["Received"], shown["Clean"], shown["Quarantined"]) == ("30,000", "29,990", "7")
    gates = page.dataframe[0].value.set_index("Batch")
    assert gates.loc["batch-0002", "Raw data"] == "! warning"
    assert gates.loc["batch-0002", "Training set"] == "✗ failed"
    assert set(gates.loc["batch-0001", ["Raw data", "Model"]]) == {"✓ passed"}
    assert "A gate has stopped: batch-0002" in said(page.error)
    assert len(page.get("vega_lite_chart")) == 1
    (link,) = page.get("link_button")
    assert link.proto.url == REPORTS


def test_rows_that_are_nowhere_are_said_in_red(
    api: Service, opened: Opened, publish: Callable[..., None]
) -> None:
    publish(rows=None, lost="batch-0001: 2 rows", batches=[], drift=[])
    page = opened(api.url, QUALITY)

    assert "batch-0001: 2 rows" in said(page.error)
    assert "No batch has come in yet" in said(page.info)


def test_reports_that_cannot_be_read_are_said(api_without_model: Service, opened: Opened) -> None:
    page = opened(api_without_model.url, QUALITY)
    assert "reports" in said(page.error)
    press(page, "Try again")


@pytest.mark.parametrize("view", [MODEL, CAPACITY, FILES])
def test_each_page_says_when_there_is_no_model(
    api_without_model: Service, opened: Opened, view: str
) -> None:
    page = opened(api_without_model.url, view)
    assert "There is no model yet" in said(page.warning)


@pytest.mark.parametrize("view", [MODEL, CAPACITY, QUALITY])
def test_each_page_says_when_the_service_is_away(
    api: Service, opened: Opened, point_at: Callable[..., None], view: str
) -> None:
    page = opened(api.url, view)
    point_at(f"http://127.0.0.1:{free_ports(1)[0]}")
    page.run()
    assert "does not answer" in said(page.error)
