"""The page Data quality: counts of rows, gates and drift."""

from collections.abc import Callable

import pytest

from tests.api.serving import Service
from tests.ui.conftest import REPORTS
from tests.ui.pages import QUALITY, Opened, metrics, press, text_of
from ui.client import ApiClient


def test_each_gates_result_is_shown_for_each_batch(
    api: Service, opened: Opened, publish: Callable[..., None]
) -> None:
    publish()
    page = opened(api.url, QUALITY)

    shown = metrics(page)
    assert (shown["Received"], shown["Clean"], shown["Quarantined"]) == ("30,000", "29,990", "7")
    gates = page.dataframe[0].value.set_index("Batch")
    assert gates.loc["batch-0002", "Raw gate"] == "! warned"
    assert gates.loc["batch-0002", "Training gate"] == "✗ failed"
    assert set(gates.loc["batch-0001", ["Raw gate", "Predictions gate"]]) == {"✓ passed"}
    assert list(gates)[:4] == ["Raw gate", "Clean gate", "Training gate", "Predictions gate"]
    assert gates.loc["batch-0002", "Predictions gate"] == "– not run"
    assert "Stopped by a gate: batch-0002 (Training gate)" in text_of(page.error)
    assert len(page.get("vega_lite_chart")) == 1
    (link,) = page.get("link_button")
    assert link.proto.url == REPORTS


def test_a_new_gate_is_shown_without_a_change_in_the_page(
    api: Service,
    opened: Opened,
    publish: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publish()
    quality = ApiClient(api.url).quality()
    quality["gates"].append({"name": "ages", "title": "Patients' ages"})
    quality["statuses"].append({"name": "late", "title": "overdue", "mark": "?"})
    for batch in quality["batches"]:
        batch["gates"]["ages"] = "late"
        batch["stopped_by"] = ["ages"]
    monkeypatch.setattr(ApiClient, "quality", lambda _: quality)

    page = opened(api.url, QUALITY)

    assert set(page.dataframe[0].value["Patients' ages"]) == {"? overdue"}
    assert "batch-0001 (Patients' ages)" in text_of(page.error)


def test_unaccounted_rows_are_shown_as_an_error(
    api: Service, opened: Opened, publish: Callable[..., None]
) -> None:
    publish(rows=None, lost="batch-0001: 2 rows", batches=[], drift=[])
    page = opened(api.url, QUALITY)

    assert "batch-0001: 2 rows" in text_of(page.error)
    assert "No batch has arrived yet" in text_of(page.info)


def test_unreadable_reports_are_shown_as_an_error(
    api_without_model: Service, opened: Opened
) -> None:
    page = opened(api_without_model.url, QUALITY)
    assert "reports" in text_of(page.error)
    press(page, "Try again")
