"""The response says what a value was read as."""

import csv
import io
import json
from typing import Any

import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient

from readmission.domain.schema import example

SENT = example() | {"diag_1": "E11.9", "diag_3": "I16.0"}
READ = example() | {"diag_1": "250", "diag_3": "401"}
REMARKS = [
    "diag_1: ICD-10 E11.9 was read as ICD-9 250",
    "diag_3: ICD-10 I16.0 is not in CMS's tables of 2018 and was read by its category I16 as"
    " ICD-9 401",
]
READ_AS = [
    {"field": "diag_1", "sent": "E11.9", "value": "250", "remark": REMARKS[0]},
    {"field": "diag_3", "sent": "I16.0", "value": "401", "remark": REMARKS[1]},
]
NOTE = "; ".join(REMARKS)


@pytest.mark.parametrize("path", ["/predict", "/explain"])
def test_one_encounter(service: TestClient, path: str) -> None:
    interpreted = service.post(path, json=SENT).json()
    plain = service.post(path, json=READ).json()

    assert (interpreted["read_as"], interpreted["note"]) == (READ_AS, NOTE)
    assert (plain["read_as"], plain["note"]) == ([], None)
    assert interpreted["probabilities"] == plain["probabilities"]


def test_an_age_in_years_and_an_unlisted_code(service: TestClient) -> None:
    sent = {"age": 75, "admission_source_id": 16, "discharge_disposition_id": 1.0}
    read = {"age": "[70-80)", "admission_source_id": "20", "discharge_disposition_id": "1"}

    interpreted = service.post("/predict", json=example() | sent).json()
    plain = service.post("/predict", json=example() | read).json()

    assert {one["field"]: one["value"] for one in interpreted["read_as"]} == {
        "age": "[70-80)", "admission_source_id": "20",
    }  # fmt: skip
    assert "age: 75 was read as [70-80)" in interpreted["note"]
    assert "16 is not in the list and was read as 20, not mapped" in interpreted["note"]
    assert interpreted["probabilities"] == plain["probabilities"]


def upload(service: TestClient, answer: str) -> bytes:
    rows: list[dict[str, Any]] = [SENT, READ]
    response = service.post("/predict/batch", params={"answer": answer}, json=rows)
    assert response.status_code == 200, response.text
    return response.content


def test_a_file_in_every_format(service: TestClient) -> None:
    lines = [json.loads(line) for line in upload(service, "ndjson").splitlines()]
    table = pq.read_table(io.BytesIO(upload(service, "parquet")))
    cells = list(csv.DictReader(io.StringIO(upload(service, "csv").decode())))

    assert [line["read_as"] for line in lines[:2]] == [READ_AS, []]
    assert [line["note"] for line in lines[:2]] == [NOTE, None]
    assert table["note"].to_pylist() == [NOTE, None]
    assert [row["note"] for row in cells] == [NOTE, ""]


def test_an_unknown_code_is_refused_by_name(service: TestClient) -> None:
    response = service.post("/predict", json=example() | {"diag_2": "Z3A.20"})

    assert response.status_code == 422
    assert response.json()["message"].startswith("field 'diag_2': \"Z3A.20\" is not allowed")
