"""Predictions as CSV and Parquet: the same values as NDJSON, complete, in bounded memory."""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient

from api.contract.predictions import COLUMNS
from api.files import parquet_writer
from api.files.parquet_writer import ROW_GROUP_ROWS, SUMMARY_KEY, ParquetWriter
from api.files.rows import CHUNK_ROWS
from api.files.writers import CSV_HEADER
from readmission.domain import schema
from readmission.serving.encoding_tables import Encounter
from readmission.serving.model import Prediction, ServedModel
from readmission.settings import CHECKOUT
from tests.api.files.test_hostile_files import PEAK_KB
from tests.api.models import raw_encounters
from tests.api.routes.test_predict_batch import BAD, CSV, PARQUET, TELLTALE, as_csv, lines, send

ROWS = 2 * CHUNK_ROWS + 50
BAD_ROW = 0
LINE = {
    "row": 0,
    "predicted_class": "NO",
    "probabilities": dict.fromkeys(schema.CLASSES, 1 / 3),
    "risk_percentile": 50,
}
GROWTH_MB = 40
"""Allowed growth of the process; held until the end, the rows below would take 115 MB."""

WRITE_MANY = f"""
from api.files.parquet_writer import ROW_GROUP_ROWS, ParquetWriter
{PEAK_KB}
def write(groups):
    writer, size = ParquetWriter(), 0
    writer.begin()
    for number in range(groups * ROW_GROUP_ROWS // 100):
        rows = range(100 * number, 100 * (number + 1))
        size += len(writer.write([{LINE!r} | {{"row": row}} for row in rows]))
    return size + len(writer.end({{}}))
write(1)
before = peak_kb()
print(write(50), (peak_kb() - before) / 1024)
"""


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    """Encounters of which one is rejected."""
    rows = raw_encounters(ROWS)[list(schema.FEATURE_NAMES)]
    rows.loc[BAD_ROW, "age"] = BAD
    return rows


def table_of(content: bytes) -> pa.Table:
    return pq.read_table(io.BytesIO(content))


def cells_of(line: dict[str, Any]) -> dict[str, Any]:
    """Return a line of NDJSON as a row of a table."""
    return {column.name: column.cell(line) for column in COLUMNS}


def test_parquet_has_the_values_of_ndjson_with_types(
    service: TestClient, rows: pd.DataFrame
) -> None:
    *expected, summary = lines(send(service, as_csv(rows), CSV))

    response = send(service, as_csv(rows), CSV, answer="parquet")

    assert response.status_code == 200
    assert response.headers["content-type"] == PARQUET
    table = table_of(response.content)
    assert table.to_pylist() == [cells_of(line) for line in expected]
    assert {field.name: str(field.type) for field in table.schema} == {
        "row": "int64",
        "line": "int64",
        "encounter_id": "string",
        "patient_nbr": "string",
        "id": "string",
        "predicted_class": "string",
        "probability_NO": "double",
        "probability_>30": "double",
        "probability_<30": "double",
        "risk_percentile": "int64",
        "eligible": "bool",
        "note": "string",
        "history": "string",
        "follow_up": "bool",
        "logged": "bool",
        "error": "string",
        "message": "string",
    }
    stored = pq.read_metadata(io.BytesIO(response.content)).metadata[SUMMARY_KEY.encode()]
    assert json.loads(stored) | {"request_id": ""} == summary | {"request_id": ""}


def test_a_rejected_row_has_error_and_message_and_no_prediction(
    service: TestClient, rows: pd.DataFrame
) -> None:
    content = send(service, as_csv(rows), CSV, answer="parquet").content

    rejected = table_of(content).to_pylist()[BAD_ROW]

    assert rejected["error"] == "invalid"
    assert "age" in rejected["message"]
    assert [name for name, value in rejected.items() if value is not None] == [
        "row", "line", "error", "message",
    ]  # fmt: skip


def test_a_csv_row_has_the_message_in_its_column_error(
    service: TestClient, rows: pd.DataFrame
) -> None:
    content = send(service, as_csv(rows), CSV, answer="csv").text
    expected = table_of(send(service, as_csv(rows), CSV, answer="parquet").content).to_pylist()

    table = list(csv.DictReader(io.StringIO(content)))

    assert tuple(table[0]) == CSV_HEADER
    assert table[BAD_ROW]["error"] == expected[BAD_ROW]["message"]
    for name in set(CSV_HEADER) - {"error"}:
        kind = str if name == "note" else type(expected[1][name])
        read = (lambda text: text == "True") if kind is bool else kind
        cells = [None if row[name] == "" else read(row[name]) for row in table]
        assert cells == [row[name] for row in expected], name


def test_a_file_without_rows_is_a_table_without_rows(
    service: TestClient, rows: pd.DataFrame
) -> None:
    content = send(service, as_csv(rows.head(0)), CSV, answer="parquet").content

    table = table_of(content)

    assert table.num_rows == 0
    assert table.column_names == [column.name for column in COLUMNS]


def test_an_upload_that_cannot_be_read_is_an_error_response_in_json(service: TestClient) -> None:
    response = send(service, b"PAR1 nonsense", PARQUET, answer="parquet")

    assert (response.status_code, response.json()["error"]) == (400, "malformed")


def test_an_upload_that_breaks_off_is_a_readable_file_whose_last_row_says_so(
    service: TestClient, rows: pd.DataFrame
) -> None:
    table = as_csv(rows).splitlines(keepends=True)
    cut = b"".join(table[: CHUNK_ROWS + 51]) + b'"' + b"".join(table[CHUNK_ROWS + 51 :])

    content = send(service, cut, CSV, answer="parquet").content

    *predicted, last = table_of(content).to_pylist()
    assert len(predicted) >= CHUNK_ROWS
    assert [row["row"] for row in predicted if row["error"]] == [0]
    assert (last["row"], last["error"]) == (len(predicted), "malformed")
    assert "unexpected end of data" in last["message"]


def test_a_failing_model_leaves_a_readable_file_whose_last_row_says_so(
    service: TestClient, rows: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, calls = ServedModel.predict_many, 0

    def predict_many(self: ServedModel, encounters: Sequence[Encounter]) -> list[Prediction]:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise ValueError(TELLTALE)
        return whole(self, encounters)

    monkeypatch.setattr(ServedModel, "predict_many", predict_many)

    content = send(service, as_csv(rows), CSV, answer="parquet").content

    *predicted, last = table_of(content).to_pylist()
    assert len(predicted) == CHUNK_ROWS
    assert (last["row"], last["error"]) == (CHUNK_ROWS, "internal")
    assert TELLTALE.encode() not in content


def test_a_download_that_breaks_off_does_not_pass_for_a_whole_file(
    service: TestClient, rows: pd.DataFrame
) -> None:
    content = send(service, as_csv(rows), CSV, answer="parquet").content

    with pytest.raises(pa.ArrowInvalid, match="footer"):
        table_of(content[:-20])


def test_rows_are_sent_in_row_groups_before_the_file_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_writer, "ROW_GROUP_ROWS", 200)
    writer = ParquetWriter()

    chunks = ([LINE | {"row": start + row} for row in range(100)] for start in range(0, 500, 100))
    pieces = [writer.begin(), *map(writer.write, chunks), writer.end({})]

    assert [bool(piece) for piece in pieces] == [True, False, True, False, True, False, True]
    file = pq.ParquetFile(io.BytesIO(b"".join(pieces)))
    groups = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
    assert groups == [200, 200, 100]
    numbers = file.read(["row"]).column(0).to_pylist()
    assert all(later == earlier + 1 for earlier, later in pairwise(numbers))


def test_a_large_parquet_file_is_written_in_little_memory() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WRITE_MANY],
        cwd=CHECKOUT, env={"PYTHONPATH": f"{CHECKOUT}:{CHECKOUT / 'include'}"},
        capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip

    size, growth = done.stdout.split()

    assert int(size) > 4 * 50 * ROW_GROUP_ROWS / 8
    assert float(growth) < GROWTH_MB
