"""A file that the API predicts in the background."""

from io import BytesIO

import pandas as pd
import pytest

from readmission.domain import schema
from readmission.stack.site.ports import free_ports
from tests.api.serving import Service
from tests.ui.pages import ROWS, csv
from ui.client import ApiClient, ApiUnavailable
from ui.file_job import FileJob, csv_for_people


def finished(client: ApiClient, content: bytes) -> FileJob:
    """Return a job that has ended."""
    job = FileJob(client, "stays.csv", content)
    job.join(120)
    assert not job.is_running
    return job


def test_a_job_fails_when_the_api_is_unavailable() -> None:
    nowhere = ApiClient(f"http://127.0.0.1:{free_ports(1)[0]}")
    job = finished(nowhere, csv())
    assert isinstance(job.failure, ApiUnavailable)
    assert len(job.table()) == job.rows == 0


def test_a_job_can_be_stopped(api: Service) -> None:
    job = FileJob(ApiClient(api.url), "stays.csv", csv(20_000))
    job.stop()
    job.join(60)
    assert not job.is_running
    assert job.was_stopped
    assert job.rows < 20_000


def test_a_job_stores_predictions_and_errors_by_row(api: Service) -> None:
    job = finished(ApiClient(api.url), csv(age="old"))

    table = job.table()

    assert list(table["line"]) == [1, *range(3, ROWS + 1)]
    assert set(table["predicted_class"]) <= set(schema.CLASSES)
    probabilities = table[[f"probability_{name}" for name in schema.CLASSES]]
    assert probabilities.sum(axis=1).to_numpy() == pytest.approx(1, abs=1e-5)
    assert table["risk_percentile"].between(0, 100).all()
    assert set(job.row_errors) == {2}
    assert job.progress == 1


def test_a_patient_who_died_has_a_row_without_a_prediction(api: Service) -> None:
    job = finished(ApiClient(api.url), csv(discharge_disposition_id="11"))

    table = job.table()

    assert list(table["line"]) == list(range(1, ROWS + 1))
    assert table["predicted_class"].isna().tolist() == [row == 2 for row in table["line"]]
    assert (~table["eligible"]).tolist() == [row == 2 for row in table["line"]]
    assert table["risk_percentile"].dtype == "Int64"
    assert b"death" in job.csv().splitlines()[2]


def test_a_job_predicts_many_rows(api: Service) -> None:
    header, _, rows = csv(500).partition(b"\n")
    job = FileJob(ApiClient(api.url), "stays.csv", header + b"\n" + rows * 20)

    while job.is_running:
        assert 0 <= job.progress <= 1
        job.join(0.2)

    assert (job.failure, len(job.row_errors)) == (None, 0)
    table = job.table()
    assert len(table) == 10_000
    assert list(table["line"].iloc[[0, -1]]) == [1, 10_000]


@pytest.mark.parametrize(
    ("key", "written"),
    [
        *((key, f"'{key}") for key in ("=HYPERLINK(1)", "+1|' /C calc'!A0", "-2+3", "@SUM(A1)")),
        ("\t=1", "'\t'=1"),
        ("\r=1", "' =1"),
        ("1\r=1", "1 =1"),
        ("1\r\n=1", "1 =1"),
        ("1\n=1", "1 =1"),
        # with blanks before the sign, and with signs of Chinese and Japanese keyboards
        ("  =1", "'  =1"),
        ("\u00a0=1", "'\u00a0=1"),
        ("\uff1d1+1", "'\uff1d1+1"),
        # Excel in Spanish, and LibreOffice, begin new cells here
        ("ward 3;=1", "ward 3;'=1"),
        ("ward 3\t@SUM(A1)", "ward 3\t'@SUM(A1)"),
        # no formulas
        ("ward-3; bed 4", "ward-3; bed 4"),
        ("+34", "+34"),
    ],
)
def test_the_csv_file_holds_no_formula(key: str, written: str) -> None:
    table = pd.DataFrame({"line": [1, 2, 3], "id": [key, "-5", None], "risk": [-0.5, 0.1, None]})

    read = pd.read_csv(BytesIO(csv_for_people(table)), dtype={"id": str})

    assert read["id"].tolist()[:2] == [written, "-5"]
    assert read["id"].isna()[2]
    assert read["risk"][0] == -0.5
    assert table["id"].iloc[0] == key


def test_whole_numbers_stay_whole_beside_a_missing_value() -> None:
    table = pd.DataFrame({"line": [1, 2], "id": pd.Series([4, None], dtype=object)})

    assert csv_for_people(table) == b"line,id\n1,4\n2,\n"


def test_keys_and_messages_of_a_file_become_no_formulas(api: Service) -> None:
    # given the caller's own keys, and a value that the error quotes
    header, *rows = csv(age="=1+1").decode().splitlines()
    content = "\n".join([f"id,{header}", *(f"=key{n},{row}" for n, row in enumerate(rows))])

    written = finished(ApiClient(api.url), content.encode()).csv()

    read = pd.read_csv(BytesIO(written), dtype=str)
    assert read["id"].tolist() == [f"'=key{n}" for n in range(ROWS)]
    assert not read.map(lambda cell: str(cell).startswith("=")).any(axis=None)
