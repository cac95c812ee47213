"""A file on its way through the page: rows refused, stopped, lost, and all of them there."""

import itertools
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from readmission.domain import schema, synthetic
from readmission.stack.site.ports import free_ports
from tests.api.serving import Service
from tests.ui.pages import CAPACITY, FILES, Opened, figures, press, said, turn_to
from ui.client import ApiAway, ApiClient
from ui.file_job import FileJob

ROWS = 40


def csv(rows: int = ROWS, **changes: object) -> bytes:
    """Return a file of encounters; a column set to a value has it in the second row."""
    table = synthetic.encounters(rows, seed=3).to_pandas()
    for column, value in changes.items():
        table.loc[1, column] = value
    return table.to_csv(index=False).encode()


def predicted(page: AppTest, content: bytes) -> AppTest:
    """Upload a file, press the button and wait for the end."""
    page.file_uploader[0].upload("stays.csv", content, "text/csv").run()
    press(page, "Predict file")
    page.session_state["file_job"].join(120)
    page.run()
    assert not page.exception
    return page


def finished(client: ApiClient, content: bytes) -> FileJob:
    """Return a job that has come to its end."""
    job = FileJob(client, schema.CLASSES, "stays.csv", content)
    job.join(120)
    assert not job.is_running
    return job


def test_every_row_is_answered_and_counted(api: Service, opened: Opened) -> None:
    page = opened(api.url, FILES)
    assert page.button[0].disabled

    predicted(page, csv())

    assert f"all {ROWS} rows read, by model version 2" in said(page.success)
    shown = figures(page)
    assert (shown["Rows"], shown["Answered"], shown["Refused"]) == (str(ROWS), str(ROWS), "0")
    assert len(page.get("vega_lite_chart")) == 2
    table = page.dataframe[0].value
    assert len(table) == ROWS
    soon = table["Readmitted within 30 days"]
    assert list(soon) == sorted(soon, reverse=True)


def test_the_table_can_be_had_in_the_order_of_the_file(api: Service, opened: Opened) -> None:
    page = predicted(opened(api.url, FILES), csv())

    page.segmented_control[0].set_value("As in the file").run()

    assert list(page.dataframe[0].value["Row"]) == list(range(1, ROWS + 1))


def test_a_wrong_row_is_named_and_the_others_are_answered(api: Service, opened: Opened) -> None:
    page = predicted(opened(api.url, FILES), csv(age="old", diag_1="flu"))

    assert figures(page)["Refused"] == "1"
    assert figures(page)["Answered"] == str(ROWS - 1)
    refused = page.dataframe[0].value
    assert set(refused["Row"]) == {2}
    assert set(refused["Value"]) == {"old", "flu"}
    assert "Age in years, in steps of ten" in set(refused["Field"])


def broken(rows: int = ROWS, at: int = 5) -> bytes:
    """Return a file in one of whose rows a quotation mark is opened and never closed."""
    lines = csv(rows).splitlines(keepends=True)
    lines[at] = b'"' + lines[at]
    return b"".join(lines)


def test_a_file_that_breaks_off_is_no_success(api: Service, opened: Opened) -> None:
    page = predicted(opened(api.url, FILES), broken(at=5))

    assert not page.success
    assert f"broke off at row 5 of about {ROWS}" in said(page.warning)
    assert "quotation mark" in said(page.markdown)
    refused = page.dataframe[0].value
    assert list(refused["Row"]) == [5]
    assert list(refused["Field"]) == ["The whole row"]
    assert "not readable as CSV" in refused["Expected"].iloc[0]
    assert figures(page)["Answered"] == "4"


def test_a_row_that_never_ends_breaks_a_file_off_too(api: Service, opened: Opened) -> None:
    head, sep, rest = broken(at=3).partition(b'"')

    page = predicted(opened(api.url, FILES), head + sep + b"x" * (1 << 20) + rest)

    assert "broke off at row 3 of about" in said(page.warning)
    assert not page.success
    assert page.dataframe[0].value["Expected"].str.contains("too large").all()


def test_a_row_of_another_length_is_named_as_a_whole(api: Service, opened: Opened) -> None:
    lines = csv().splitlines()
    lines[2] += b",more"

    page = predicted(opened(api.url, FILES), b"\n".join(lines) + b"\n")

    refused = page.dataframe[0].value
    assert list(refused["Field"]) == ["The whole row"]
    assert f"all {ROWS} rows read" in said(page.success)


def test_an_answer_without_its_sum_is_no_success(
    api: Service, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = ApiClient.predict_file
    monkeypatch.setattr(
        ApiClient, "predict_file", lambda *asked: itertools.islice(whole(*asked), 10)
    )

    page = predicted(opened(api.url, FILES), csv())

    assert "stopped answering** after 10 rows" in said(page.error)
    assert not page.success


@pytest.mark.parametrize(("service_mb", "page_mb"), [(7, 7), (9_999, 200)])
def test_a_file_may_be_as_large_as_both_servers_take(
    api: Service,
    opened: Opened,
    monkeypatch: pytest.MonkeyPatch,
    service_mb: int,
    page_mb: int,
) -> None:
    described = ApiClient(api.url).describe() | {"limits": {"file_mb": service_mb}}
    monkeypatch.setattr(ApiClient, "describe", lambda _: described)

    page = opened(api.url, FILES)

    assert page.file_uploader[0].proto.max_upload_size_mb == page_mb


def test_a_file_without_the_columns_is_refused_as_a_whole(api: Service, opened: Opened) -> None:
    page = predicted(opened(api.url, FILES), b"name,age\nsomebody,55\n")

    assert "(`race`) is missing" in said(page.error)
    assert "more" in said(page.error)
    assert not page.metric


def test_the_answers_outlive_a_look_at_another_page(api: Service, opened: Opened) -> None:
    page = predicted(opened(api.url, FILES), csv())

    turn_to(turn_to(page, CAPACITY), FILES)

    assert figures(page)["Answered"] == str(ROWS)


def test_a_service_that_is_away_is_said_in_the_file_page(
    api: Service, opened: Opened, point_at: Callable[..., None]
) -> None:
    page = opened(api.url, FILES)
    point_at(f"http://127.0.0.1:{free_ports(1)[0]}")
    page.run()
    assert "does not answer" in said(page.error)


def test_a_job_keeps_what_had_come_when_the_service_goes(api: Service) -> None:
    nowhere = ApiClient(f"http://127.0.0.1:{free_ports(1)[0]}")
    job = finished(nowhere, csv())
    assert isinstance(job.failure, ApiAway)
    assert len(job.table()) == job.rows == 0


def test_a_job_that_is_stopped_stops(api: Service) -> None:
    job = FileJob(ApiClient(api.url), schema.CLASSES, "stays.csv", csv(20_000))
    job.stop()
    job.join(60)
    assert not job.is_running
    assert job.was_stopped
    assert job.rows < 20_000


def test_a_job_holds_the_answers_row_by_row(api: Service) -> None:
    job = finished(ApiClient(api.url), csv(age="old"))

    table = job.table()

    assert list(table["row"]) == [1, *range(3, ROWS + 1)]
    assert table[["NO", ">30", "<30"]].sum(axis=1).to_numpy() == pytest.approx(1, abs=1e-5)
    assert table["percentile"].between(0, 100).all()
    assert set(job.reasons) == {2}
    assert job.progress == 1


def test_a_hundred_thousand_rows_come_through(api: Service) -> None:
    some = csv(500)
    header, _, rows = some.partition(b"\n")
    job = FileJob(ApiClient(api.url), schema.CLASSES, "stays.csv", header + b"\n" + rows * 200)

    while job.is_running:
        assert 0 <= job.progress <= 1
        job.join(0.2)

    assert (job.failure, len(job.reasons)) == (None, 0)
    table = job.table()
    assert len(table) == 100_000
    assert list(table["row"].iloc[[0, -1]]) == [1, 100_000]
