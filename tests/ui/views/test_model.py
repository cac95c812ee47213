"""The page Model: the model in production, the candidates and all versions."""

import time
from typing import Any

import httpx
from streamlit.dataframe_util import convert_arrow_bytes_to_pandas_df

from readmission import __version__
from readmission.registry import PRODUCTION, Registry
from tests.api.serving import Service
from tests.conftest import Platform
from tests.ui.conftest import DECIDED_AT, NEWEST
from tests.ui.pages import MODEL, Opened, metrics, text_of
from ui.wording import models


def test_the_model_in_production_is_shown_with_its_card(api: Service, opened: Opened) -> None:
    page = opened(api.url, MODEL)

    assert metrics(page)["In production"] == "Version 2"
    assert metrics(page)["Type"] == "XGBoost"
    card = httpx.get(f"{api.url}/model", trust_env=False).json()["card"]
    assert card["intended_use"] in text_of(page.markdown)
    for limit in card["limits"]:
        assert limit in text_of(page.markdown)
    assert f"Trained by system release {__version__}." in text_of(page.caption)
    assert "better: 0.55" in text_of(page.info)
    assert metrics(page)["In production since"] == "Mar 1, 2026"
    assert "In production since: Mar 1, 2026, 09:15 UTC" in text_of(page.caption)
    assert httpx.get(f"{api.url}/model", trust_env=False).json()["since"] == DECIDED_AT


def test_the_figures_of_the_card_are_shown_with_intervals(api: Service, opened: Opened) -> None:
    page = opened(api.url, MODEL)

    (box,) = [box for box in page.expander if box.label == "The card's figures in full"]
    intervals, _groups = (table.value for table in box.table)
    report = httpx.get(f"{api.url}/model", trust_env=False).json()["card"]["report"]
    low = report["intervals"]["all"]["log_loss"][1]

    assert list(intervals.columns) == ["Metric", "All patients", "Without those who died"]
    (log_loss,) = intervals[intervals["Metric"].str.startswith("Log loss")]["All patients"]
    assert f"[{low:.3f} – " in log_loss
    # and the whole card can be kept
    (button,) = box.get("download_button")
    assert button.label == "Download the card (in English)"


def test_each_group_of_patients_is_described_in_a_sentence(api: Service, opened: Opened) -> None:
    page = opened(api.url, MODEL)

    report = httpx.get(f"{api.url}/model", trust_env=False).json()["card"]["report"]
    (said,) = [box.value for box in page.markdown if "all patients together" in box.value]
    for attribute, found in report["subgroups"].items():
        for group, one in found.items():
            assert f"**{attribute}: {group}**" in said
            assert f"[{one['auroc_under_30_low']:.3f} – " in said
    small = said.splitlines()[-1]
    for attribute, shares in report["demographics"].items():
        for group in shares.keys() - report["subgroups"].get(attribute, {}).keys():
            assert f"{attribute}: {group}" in small


def test_the_three_candidates_are_compared_side_by_side(api: Service, opened: Opened) -> None:
    page = opened(api.url, MODEL)

    candidates = page.table[1].value

    headings = ["Metric", "Logistic regression", "Random forest", "XGBoost ★ version 2"]
    assert list(candidates.columns) == headings
    assert NEWEST in text_of(page.caption)
    assert (candidates != "–").all().all()


def test_versions_are_listed_with_their_verdicts(api: Service, opened: Opened) -> None:
    page = opened(api.url, MODEL)

    versions = page.dataframe[0].value

    assert list(versions["Version"]) == ["2", "1"]
    assert list(versions["Role"]) == ["in production", "previous"]
    assert set(versions["Verdict"]) == {"Promoted"}
    assert list(versions["Type"]) == ["XGBoost", "Logistic regression"]


def test_the_criteria_of_a_verdict_are_shown_failures_first(api: Service, opened: Opened) -> None:
    page = opened(api.url, MODEL)

    (found,) = [box for box in page.expander if box.label.startswith("Criteria of version")]

    assert found.label == "Criteria of version 2: Promoted"
    (table,) = found.table
    assert list(table.value["Result"]) == ["Failed", "Passed"]
    assert "difference in log-loss -0.0126" in table.value.iloc[1, 1]


def test_a_tag_that_is_not_a_criterion_is_left_out_of_the_history(api: Service) -> None:
    history = httpx.get(f"{api.url}/model/history", trust_env=False)

    second, first = history.raise_for_status().json()["versions"]
    assert [(one["name"], one["verdict"]) for one in second["criteria"]] == [
        ("log_loss", "passed"),
        ("weighted_f1", "failed"),
    ]
    assert first["criteria"] == []


def test_live_figures_stand_beside_those_of_training_in_columns_of_their_own(
    api: Service, opened: Opened, live_outcomes: None
) -> None:
    page = opened(api.url, MODEL)

    # then the champion comes first, with its metrics on three kinds of patients
    own, few, shadow = (box for box in page.expander if "outcome" in box.label)
    assert own.label == "Version 2: 1,412 outcomes, of which within 30 days: 155"
    metrics, groups = (table.value for table in own.table)
    columns = ["Live outcomes", "Validation patients", "Test patients, at its verdict"]
    assert list(metrics.columns) == ["Metric", *columns]
    card = httpx.get(f"{api.url}/model", trust_env=False).json()["card"]["metrics"]
    assert list(metrics.iloc[0, 1:]) == [
        "0.531 [0.504 – 0.559]", f"{card['weighted_f1']:.3f}", "0.550",
    ]  # fmt: skip
    # and groups that are too small have counts only
    assert list(groups["Group"]) == ["gender: Female", "gender: Male"]
    assert list(groups["Outcomes"]) == ["1,371", "41"]
    auroc = groups["AUROC for readmission within 30 days"]
    assert list(auroc) == ["0.645 [0.602 – 0.690]", "–"]
    # and a version without enough outcomes has no table
    assert few.label == "Version 1: 1 outcome, of which within 30 days: 0"
    assert not few.table
    # and what ran in shadow is compared with its champion
    assert shadow.label == "Version 1 in shadow of 2: 1,000 outcomes, same prediction: 87%"
    (compared,) = (table.value for table in shadow.table)
    assert list(compared["Difference from the champion"]) == ["+0.021 [+0.010 – +0.032]"]


def test_without_outcomes_the_page_says_so(api: Service, opened: Opened) -> None:
    page = opened(api.url, MODEL)

    assert "No recent prediction has a known outcome yet." in text_of(page.caption)


def plotted(page: Any, chart: int) -> list[dict[str, Any]]:
    """Return the rows that a chart is drawn from."""
    (drawn,) = page.get("vega_lite_chart")[chart].proto.datasets
    return convert_arrow_bytes_to_pandas_df(drawn.data.data).to_dict("records")


def test_each_metric_can_be_plotted_over_the_batches(api: Service, opened: Opened) -> None:
    page = opened(api.url, MODEL)
    (choice,) = page.selectbox
    assert choice.options == [
        models.METRICS["weighted_f1"],
        models.METRICS["auroc_under_30"],
    ]
    first = plotted(page, 1)

    choice.select("auroc_under_30").run()

    for rows, expected in ((first, [0.52, 0.55]), (plotted(page, 1), [0.64, 0.66])):
        assert [row["batch"] for row in rows] == ["batch-0001", NEWEST]
        assert [row["value"] for row in rows] == expected
        assert {row["verdict"] for row in rows} == {"Promoted"}


def test_a_production_that_somebody_moved_is_announced(
    api: Service, opened: Opened, model_settings: dict[str, str], platform: Platform
) -> None:
    # given
    name = model_settings["MODEL_NAME"]
    registry = Registry(platform.settings.model_copy(update={"model_name": name}))
    registry.set_alias(PRODUCTION, "1")
    try:
        wait_until_served(api, "1")

        # when
        page = opened(api.url, MODEL)

        # then
        assert "moved the alias production by hand from version 2 to 1" in text_of(page.warning)
        assert "moved by hand" in next(iter(page.dataframe[0].value["Role"][1:]))
    finally:
        registry.set_alias(PRODUCTION, "2")
        wait_until_served(api, "2")


def wait_until_served(api: Service, version: str) -> None:
    """Wait until the service has noticed the alias."""
    deadline = time.monotonic() + 60
    while httpx.get(f"{api.url}/ready", trust_env=False).json()["model_version"] != version:
        assert time.monotonic() < deadline
        time.sleep(0.2)
