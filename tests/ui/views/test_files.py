"""The page Files: a file with valid rows, with errors, unreadable, or interrupted."""

import itertools

import pytest

from tests.api.serving import Service
from tests.ui.pages import (
    CAPACITY,
    FILES,
    ROWS,
    Opened,
    csv,
    metrics,
    predict_file,
    switch_to,
    text_of,
)
from ui.client import ApiClient


def test_every_row_is_predicted_and_counted(api: Service, opened: Opened) -> None:
    page = opened(api.url, FILES)
    (predict,) = [button for button in page.button if button.label == "Predict file"]
    assert predict.disabled

    predict_file(page, csv())

    assert f"all {ROWS} rows read, model version 2" in text_of(page.success)
    shown = metrics(page)
    assert (shown["Rows"], shown["Predicted"], shown["With errors"]) == (str(ROWS), str(ROWS), "0")
    assert len(page.get("vega_lite_chart")) == 2
    table = page.dataframe[0].value
    assert len(table) == ROWS
    risks = table["Readmitted within 30 days"]
    assert list(risks) == sorted(risks, reverse=True)
    soon = (table["Predicted outcome"] == "Readmitted within 30 days").sum()
    assert shown["Readmissions predicted within 30 days"] == str(soon)


def test_the_table_can_have_the_order_of_the_file(api: Service, opened: Opened) -> None:
    page = predict_file(opened(api.url, FILES), csv())

    page.segmented_control[0].set_value("As in the file").run()

    assert list(page.dataframe[0].value["Row"]) == list(range(1, ROWS + 1))


def test_an_invalid_row_is_listed_and_the_others_are_predicted(
    api: Service, opened: Opened
) -> None:
    page = predict_file(opened(api.url, FILES), csv(age="old", diag_1="flu"))

    assert metrics(page)["With errors"] == "1"
    assert metrics(page)["Predicted"] == str(ROWS - 1)
    errors = page.dataframe[0].value
    assert set(errors["Row"]) == {2}
    assert set(errors["Value"]) == {"old", "flu"}
    assert "Age in years, in steps of ten" in set(errors["Field"])


def with_open_quote(row: int) -> bytes:
    """Return a file with a quotation mark in one row that is never closed."""
    lines = csv().splitlines(keepends=True)
    lines[row] = b'"' + lines[row]
    return b"".join(lines)


def test_an_unreadable_file_is_not_reported_as_a_success(api: Service, opened: Opened) -> None:
    page = predict_file(opened(api.url, FILES), with_open_quote(row=5))

    assert not page.success
    assert f"unreadable from row 5 of about {ROWS}" in text_of(page.warning)
    assert "quotation mark" in text_of(page.markdown)
    errors = page.dataframe[0].value
    assert list(errors["Row"]) == [5]
    assert list(errors["Field"]) == ["Whole row"]
    assert "not readable as CSV" in errors["Expected"].iloc[0]
    assert metrics(page)["Predicted"] == "4"


def test_a_file_is_unreadable_from_a_row_that_never_ends(api: Service, opened: Opened) -> None:
    start, quote, rest = with_open_quote(row=3).partition(b'"')

    page = predict_file(opened(api.url, FILES), start + quote + b"x" * (1 << 20) + rest)

    assert "unreadable from row 3 of about" in text_of(page.warning)
    assert not page.success
    assert page.dataframe[0].value["Expected"].str.contains("too large").all()


def test_a_row_with_too_many_values_is_listed_as_a_whole_row(api: Service, opened: Opened) -> None:
    lines = csv().splitlines()
    lines[2] += b",more"

    page = predict_file(opened(api.url, FILES), b"\n".join(lines) + b"\n")

    assert list(page.dataframe[0].value["Field"]) == ["Whole row"]
    assert f"all {ROWS} rows read" in text_of(page.success)


def test_a_response_without_a_summary_is_not_reported_as_a_success(
    api: Service, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    complete = ApiClient.predict_file
    monkeypatch.setattr(
        ApiClient,
        "predict_file",
        lambda *arguments: itertools.islice(complete(*arguments), 10),
    )

    page = predict_file(opened(api.url, FILES), csv())

    assert "stopped responding** after 10 rows" in text_of(page.error)
    assert not page.success


@pytest.mark.parametrize(("api_mb", "page_mb"), [(7, 7), (9_999, 200)])
def test_the_size_limit_is_the_lower_one_of_api_and_streamlit(
    api: Service,
    opened: Opened,
    monkeypatch: pytest.MonkeyPatch,
    api_mb: int,
    page_mb: int,
) -> None:
    schema = ApiClient(api.url).schema() | {"limits": {"file_mb": api_mb}}
    monkeypatch.setattr(ApiClient, "schema", lambda _: schema)

    page = opened(api.url, FILES)

    assert page.file_uploader[0].proto.max_upload_size_mb == page_mb


def test_a_file_without_the_required_columns_is_refused(api: Service, opened: Opened) -> None:
    page = predict_file(opened(api.url, FILES), b"name,age\nsomebody,55\n")

    assert "(`race`) is missing" in text_of(page.error)
    assert "more" in text_of(page.error)
    assert not page.metric


def test_the_predictions_survive_a_visit_to_another_page(api: Service, opened: Opened) -> None:
    page = predict_file(opened(api.url, FILES), csv())

    switch_to(switch_to(page, CAPACITY), FILES)

    assert metrics(page)["Predicted"] == str(ROWS)
