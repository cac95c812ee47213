"""The columns of predictions, which the page reads from the API's description."""

import csv
import io
from collections.abc import Iterator

import httpx
import pytest

from tests.api.serving import Service
from tests.ui.pages import FILES, ROWS, Opened, predict_file
from tests.ui.pages import csv as encounters
from ui.client import ApiClient, ApiUnavailable, Json
from ui.file_job import FileJob
from ui.prediction_columns import LINE, PATH, TABLE, read_columns


def with_a_risk_band(description: Json) -> Json:
    """Return the API's description as it would be with one more field."""
    examples = description["paths"][PATH]["post"]["responses"]["200"]["content"]
    examples[LINE]["example"] = {"row": 0, "risk_band": "low", **examples[LINE]["example"]}
    header, values = examples[TABLE]["example"].splitlines()
    examples[TABLE]["example"] = "\n".join(
        line.replace(",", added, 1) for line, added in ((header, ",risk_band,"), (values, ",low,"))
    )
    return description


@pytest.fixture
def _api_with_a_risk_band(monkeypatch: pytest.MonkeyPatch) -> None:
    describe, predict = ApiClient.openapi, ApiClient.predict_file

    def lines(client: ApiClient, content: bytes) -> Iterator[Json]:
        for line in predict(client, content):
            yield line if "summary" in line else {**line, "risk_band": "high"}

    monkeypatch.setattr(ApiClient, "openapi", lambda client: with_a_risk_band(describe(client)))
    monkeypatch.setattr(ApiClient, "predict_file", lines)


def test_the_file_of_the_page_equals_the_csv_of_the_api(api: Service) -> None:
    content = encounters(age="old")
    response = httpx.post(
        f"{api.url}{PATH}",
        params={"answer": "csv"},
        content=content,
        headers={"Content-Type": "text/csv"},
        trust_env=False,
    )
    job = FileJob(ApiClient(api.url), "stays.csv", content)
    job.join(120)

    ours, theirs = (
        list(csv.DictReader(io.StringIO(text))) for text in (job.csv().decode(), response.text)
    )

    assert ["row", *ours[0]] == list(theirs[0])
    for mine, row in zip(ours, theirs, strict=True):
        assert int(mine["line"]) == int(row.pop("row")) + 1
        assert bool(mine.pop("error")) == bool(row.pop("error"))
        assert mine == row


@pytest.mark.usefixtures("_api_with_a_risk_band")
def test_a_new_field_is_a_column_of_the_page_and_of_its_file(api: Service, opened: Opened) -> None:
    page = predict_file(opened(api.url, FILES), encounters())

    assert list(page.dataframe[0].value["Risk band"]) == ["high"] * ROWS
    lines = page.session_state["file_job"].csv().decode().splitlines()
    assert lines[0].startswith("risk_band,line,")
    assert lines[1].startswith("high,")


def test_a_service_without_a_description_is_not_the_api() -> None:
    with pytest.raises(ApiUnavailable, match="does not describe its predictions"):
        read_columns({"openapi": "3.1.0", "paths": {}})
