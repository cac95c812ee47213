"""Nobody is readmitted after death: every way in says so and predicts nothing."""

import csv
import io
import json
from typing import Any

import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient

from readmission.domain import schema
from readmission.domain.schema import example

DISPOSITIONS = ["11", "19", "20", "21", 11, 11.0, "20.0"]
NULL = ("predicted_class", "meaning", "probabilities", "risk_percentile")
HOSPICE = example() | {"discharge_disposition_id": "13"}


def died(disposition: Any = "11") -> dict[str, Any]:
    return example() | {"discharge_disposition_id": disposition}


@pytest.mark.parametrize("path", ["/predict", "/explain"])
def test_one_encounter(service: TestClient, path: str) -> None:
    for disposition in DISPOSITIONS:
        response = service.post(path, json=died(disposition))

        assert response.status_code == 200, response.text
        answered = response.json()
        assert [answered[name] for name in NULL] == [None] * len(NULL), disposition
        assert answered["eligible"] is False
        assert "death" in answered["note"]
        assert answered["logged"] is False
        assert not answered.get("contributions")


@pytest.mark.parametrize("path", ["/predict", "/explain"])
def test_a_patient_who_left_alive_is_eligible(service: TestClient, path: str) -> None:
    answered = service.post(path, json=HOSPICE).json()

    assert answered["predicted_class"] in schema.CLASSES
    assert (answered["eligible"], answered["note"]) == (True, None)


def upload(service: TestClient, answer: str, rows: list[dict[str, Any]]) -> bytes:
    response = service.post("/predict/batch", params={"answer": answer}, json=rows)
    assert response.status_code == 200, response.text
    return response.content


def test_rows_of_a_file(service: TestClient) -> None:
    rows = [example(), died(), HOSPICE, died("20")]

    *lines, last = map(json.loads, upload(service, "ndjson", rows).splitlines())
    cells = list(csv.DictReader(io.StringIO(upload(service, "csv", rows).decode())))
    table = pq.read_table(io.BytesIO(upload(service, "parquet", rows))).to_pylist()

    assert [line["eligible"] for line in lines] == [True, False, True, False]
    assert [line["probabilities"] is None for line in lines] == [False, True, False, True]
    assert lines[2]["predicted_class"] == service.post("/predict", json=HOSPICE).json()[NULL[0]]
    for row in (cells[1], table[3]):
        empty = [row[name] for name in row if name.startswith(("predicted", "prob", "risk"))]
        assert not any(empty)
        assert "death" in row["note"]
    totals = last["summary"]
    assert (totals["rows"], totals["answered"], totals["ineligible"], totals["refused"]) == (
        4, 4, 2, 0,
    )  # fmt: skip
    assert sum(totals["by_class"].values()) == 2


def test_a_file_of_the_dead_alone(service: TestClient) -> None:
    *lines, last = map(json.loads, upload(service, "ndjson", [died()] * 3).splitlines())

    assert [line["predicted_class"] for line in lines] == [None] * 3
    assert last["summary"]["ineligible"] == 3
