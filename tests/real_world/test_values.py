"""Every line of the table of values, on every way in."""

import csv
import gzip
import io
import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient
from openpyxl import Workbook

from readmission.domain import schema
from readmission.domain.cleaning import clean
from readmission.domain.schema import example
from readmission.errors import GateFailed, InvalidValue
from readmission.modelling.fitting import Fit
from readmission.pipeline import source
from readmission.pipeline.scoring.scorer import score_all
from readmission.quality.gates import Gatekeeper
from readmission.warehouse import RawWarehouse
from tests.api.models import loaded
from tests.real_world.files import XLSX
from tests.real_world.values import REFUSED, VALUES, Value

LINES = [*VALUES]
ACCEPTED = [line for line in LINES if line.means is not REFUSED]


def sent(line: Value) -> dict[str, Any]:
    """Return an encounter as a client sends it."""
    return example() | {line.column: line.sent}


def meant(line: Value) -> dict[str, Any]:
    """Return the same encounter as the contract writes it."""
    return example() | {line.column: line.means}


def as_text(value: Any) -> str:
    """Return a value as a file has it."""
    return "" if value is None else str(value)


def as_csv(rows: list[dict[str, Any]]) -> bytes:
    text = io.StringIO(newline="")
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(text, names, restval="?")
    writer.writeheader()
    writer.writerows({name: as_text(value) for name, value in row.items()} for row in rows)
    return text.getvalue().encode()


def as_json(rows: list[dict[str, Any]]) -> bytes:
    return json.dumps(rows).encode()


def as_lines(rows: list[dict[str, Any]]) -> bytes:
    return b"\n".join(json.dumps(row).encode() for row in rows)


def as_parquet(rows: list[dict[str, Any]]) -> bytes:
    """Return Parquet; a column that has no single type is text, as pandas would store it."""
    columns = {}
    for name in dict.fromkeys(name for row in rows for name in row):
        values = [row.get(name) for row in rows]
        kinds = {type(value) for value in values if value is not None}
        columns[name] = (
            values if len(kinds) == 1 else [None if v is None else str(v) for v in values]
        )
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


def as_xlsx(rows: list[dict[str, Any]]) -> bytes:
    """Return a workbook with the types that the values have; a missing one is an empty cell."""
    book, sink = Workbook(write_only=True), io.BytesIO()
    sheet = book.create_sheet("stays")
    names = list(dict.fromkeys(name for row in rows for name in row))
    sheet.append(names)
    for row in rows:
        cells = (row.get(name, "?") for name in names)
        sheet.append([None if cell != cell else cell for cell in cells])
    book.save(sink)
    return sink.getvalue()


FORMATS: Mapping[str, Callable[[list[dict[str, Any]]], bytes]] = {
    "text/csv": as_csv,
    "application/json": as_json,
    "application/x-ndjson": as_lines,
    "application/vnd.apache.parquet": as_parquet,
    XLSX: as_xlsx,
}


@pytest.fixture
def predicted(service: TestClient) -> dict[str, dict[str, float]]:
    """The probabilities of each encounter as the contract writes it."""
    rows = [meant(line) for line in ACCEPTED]
    found = upload(service, "application/json", rows)
    return {json.dumps(row): line["probabilities"] for row, line in zip(rows, found, strict=True)}


def upload(service: TestClient, kind: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    response = service.post(
        "/predict/batch", content=FORMATS[kind](rows), headers={"content-type": kind}
    )
    assert response.status_code == 200, response.text
    *lines, _summary = map(json.loads, response.text.splitlines())
    return lines


def as_instances(row: dict[str, Any]) -> dict[str, Any]:
    """Return a body for MLflow's protocol."""
    return {"instances": [row]}


def as_tensors(row: dict[str, Any]) -> dict[str, Any]:
    """Return a body for KServe's protocol."""
    tensors = [
        {"name": name, "shape": [1], "datatype": "BYTES", "data": [value]}
        for name, value in row.items()
    ]
    return {"inputs": tensors}


WRAPPERS: Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "/predict": dict,
    "/explain": dict,
    "/invocations": as_instances,
    "/v2/models/diabetes_readmission/infer": as_tensors,
}


@pytest.mark.parametrize("path", WRAPPERS)
def test_single_encounters(
    service: TestClient, predicted: dict[str, dict[str, float]], path: str
) -> None:
    for line in LINES:
        body = json.dumps(WRAPPERS[path](sent(line)))
        headers = {"content-type": "application/json"}
        response = service.post(path, content=body, headers=headers)
        check(line, with_probabilities(response.json()), predicted)


def with_probabilities(response: dict[str, Any]) -> dict[str, Any]:
    """Return the response of any protocol with `probabilities` as `/predict` has them."""
    found: dict[str, Any] = {}
    if "predictions" in response:
        (found,) = response["predictions"]
    elif "outputs" in response:
        found = {tensor["name"]: tensor["data"][0] for tensor in response["outputs"]}
    if not found:
        return response
    return {"probabilities": {name: found[f"probability_{name}"] for name in schema.CLASSES}}


@pytest.mark.parametrize("path", [*WRAPPERS, "/fhir/RiskAssessment"])
@pytest.mark.parametrize(
    ("write", "says"),
    [
        (lambda text: text.encode("utf-16"), "it is UTF-16 or UTF-32; send UTF-8"),
        (lambda text: text.encode("utf-16-le"), "it is UTF-16 or UTF-32; send UTF-8"),
        (lambda text: text.encode("utf-32"), "it is UTF-16 or UTF-32; send UTF-8"),
        (lambda text: gzip.compress(text.encode()), "it is packed with gzip; send it unpacked"),
        (lambda _: b"\r\n<!DOCTYPE html><html></html>", "it is a page of HTML"),
    ],
)
def test_a_body_in_another_encoding_is_refused_by_its_name(
    service: TestClient, path: str, write: Callable[[str], bytes], says: str
) -> None:
    response = service.post(
        path, content=write(json.dumps(example())), headers={"content-type": "application/json"}
    )

    assert response.status_code == 400
    assert response.json()["message"] == f"The body is not valid JSON: {says}."


@pytest.mark.parametrize("kind", FORMATS)
def test_files(service: TestClient, predicted: dict[str, dict[str, float]], kind: str) -> None:
    found = upload(service, kind, [sent(line) for line in LINES])

    assert len(found) == len(LINES)
    for line, response in zip(LINES, found, strict=True):
        check(line, response, predicted)


def check(line: Value, response: dict[str, Any], predicted: dict[str, dict[str, float]]) -> None:
    if line.means is REFUSED:
        assert [problem["field"] for problem in response["problems"]] == [line.column], line
    else:
        expected = predicted[json.dumps(meant(line))]
        assert response.get("probabilities") == pytest.approx(expected, abs=1e-6), line


def test_types_of_parquet_that_databases_and_spark_export(service: TestClient) -> None:
    columns = {
        "num_medications": pa.array([Decimal(7), Decimal(8)], pa.decimal128(38, 0)),
        "encounter_id": pa.array([Decimal(2**31 - 1), Decimal(5)], pa.decimal128(18, 0)),
        "number_inpatient": pa.array([Decimal("1.00"), Decimal("0.00")], pa.decimal128(10, 2)),
        "race": pa.array([b"White", b"Asian"], pa.binary()),
        "gender": pa.array(["F", "H"], pa.string_view()),
        "change": pa.array([True, False], pa.bool_()),
        "admission_type_id": pa.array([1, 3], pa.int8()).dictionary_encode(),
        "time_in_hospital": pa.array([4, 5], pa.uint16()),
        # A float would round it.
        "id": pa.array([Decimal(10**17 + 1), None], pa.decimal128(38, 0)),
    }
    texts = {
        "num_medications": [7, 8], "number_inpatient": [1, 0], "race": ["Caucasian", "Asian"],
        "gender": ["Female", "Male"], "change": ["Ch", "No"],
        "admission_type_id": ["1", "3"], "time_in_hospital": [4, 5],
    }  # fmt: skip
    sink = io.BytesIO()
    pq.write_table(pa.table({n: [value] * 2 for n, value in example().items()} | columns), sink)
    kind = "application/vnd.apache.parquet"

    response = service.post(
        "/predict/batch", content=sink.getvalue(), headers={"content-type": kind}
    )

    *found, _summary = map(json.loads, response.text.splitlines())
    rows = [example() | {name: values[i] for name, values in texts.items()} for i in range(2)]
    expected = upload(service, "application/json", rows)
    assert [line["probabilities"] for line in found] == [line["probabilities"] for line in expected]
    assert [line["encounter_id"] for line in found] == [2**31 - 1, 5]
    assert [line.get("id") for line in found] == [10**17 + 1, None]


def test_a_parquet_text_in_another_encoding_is_named(service: TestClient) -> None:
    kind, latin = "application/vnd.apache.parquet", [b"Asian", "Asiática".encode("latin-1")]
    columns = {name: [value] * 2 for name, value in example().items()}

    def sent_with(race: pa.Array) -> list[dict[str, Any]]:
        sink = io.BytesIO()
        pq.write_table(pa.table(columns | {"race": race}), sink)
        response = service.post(
            "/predict/batch", content=sink.getvalue(), headers={"content-type": kind}
        )
        return [json.loads(line) for line in response.text.splitlines()]

    # Bytes may be anything, so one row is wrong; a text has to be UTF-8, so the file is.
    good, bad, _summary = sent_with(pa.array(latin, pa.binary()))
    assert "probabilities" in good
    assert [(p["field"], p["value"]) for p in bad["problems"]] == [("race", "(not UTF-8)")]
    (refused,) = sent_with(pa.array(latin, pa.binary()).view(pa.string()))
    assert refused["message"] == "Column 'race' has text that is not UTF-8."


def test_numeric_columns_of_parquet(service: TestClient) -> None:
    columns = {
        "diag_1": pa.array([428.0, 250.83, None], pa.float32()),
        "diag_2": pa.array([428, 8, None], pa.int64()),
        "diag_3": pa.array([250.83, 401.0, float("nan")], pa.float64()),
        "admission_type_id": pa.array([1.0, 2.0, 3.0], pa.float64()),
        "num_medications": pa.array(["7", "8", "9"]),
    }
    texts = {
        "diag_1": ["428", "250.83", "?"], "diag_2": ["428", "8", "?"],
        "diag_3": ["250.83", "401", "?"], "admission_type_id": ["1", "2", "3"],
        "num_medications": [7, 8, 9],
    }  # fmt: skip
    table = pa.table({name: [value] * 3 for name, value in example().items()} | columns)
    sink = io.BytesIO()
    pq.write_table(table, sink)
    kind = "application/vnd.apache.parquet"

    response = service.post(
        "/predict/batch", content=sink.getvalue(), headers={"content-type": kind}
    )

    *found, _summary = map(json.loads, response.text.splitlines())
    rows = [{name: values[i] for name, values in texts.items()} for i in range(3)]
    expected = upload(service, "application/json", [example() | row for row in rows])
    assert [line["probabilities"] for line in found] == [line["probabilities"] for line in expected]


def test_files_scored_without_the_api(
    predicted: dict[str, dict[str, float]], fits: tuple[Fit, Fit], tmp_path: Path
) -> None:
    # given a file with one encounter for each line; a column that no model reads is not checked
    lines = [
        line for line in LINES if line.column in schema.FEATURE_NAMES or line.means is not REFUSED
    ]
    path = tmp_path / "encounters.csv"
    path.write_bytes(as_csv([sent(line) for line in lines]))

    # when
    score_all(path, str(tmp_path / "out"), loaded("1", fits[0]))

    # then exactly the refused lines have an error that names the column
    (errors,) = (tmp_path / "out").glob("*.errors.csv")
    wrong = pd.read_csv(errors).set_index("line")["error"]
    refused = {n for n, line in enumerate(lines, start=1) if line.means is REFUSED}
    assert set(wrong.index) == refused
    for number, error in wrong.items():
        assert lines[number - 1].column in error
    # and the others have the predictions of what was meant
    (scored,) = (tmp_path / "out").glob("*.parquet")
    rows = pq.read_table(scored).to_pylist()
    for line, row in zip(ACCEPTED, rows, strict=True):
        expected = predicted[json.dumps(meant(line))]
        found = {name: row[f"probability_{name}"] for name in expected}
        assert found == pytest.approx(expected, abs=1e-5), line


def test_data_frames_of_the_registered_model() -> None:
    for line in LINES:
        # The gate and the API check limits and weights, the model does not.
        if line.sent == "151" or (line.column == "weight" and line.means is REFUSED):
            continue
        frame = pd.DataFrame([sent(line)], dtype=object)
        if line.means is REFUSED:
            with pytest.raises(InvalidValue, match=line.column):
                clean(frame)
        else:
            assert clean(frame).equals(clean(pd.DataFrame([meant(line)]))), line


def test_ingestion(raw: RawWarehouse, gatekeeper: Gatekeeper, tmp_path: Path) -> None:
    # given a file with one encounter for each line
    outcome = {schema.TARGET: "NO"}
    keys = [{schema.ENCOUNTER: 100 + n, schema.PATIENT: 500 + n} for n in range(len(LINES))]
    rows = [key | sent(line) | outcome for key, line in zip(keys, LINES, strict=True)]
    path = tmp_path / "delivery.csv"
    path.write_bytes(as_csv(rows))

    # when it passes the raw gate
    dataset = source.read(path)
    batch = raw.load(dataset.encounters, 0, "file")
    gatekeeper.raw(raw, batch.batch_id, quarantine_limit=1.0)

    # then exactly the refused lines are quarantined, RAW holds what was sent
    quarantined = set(raw.quarantine()["source_row"])
    assert quarantined == {n for n, line in enumerate(LINES) if line.means is REFUSED}
    stored = raw.read(batch.batch_id)
    for number, line in enumerate(LINES):
        assert stored[line.column][number] == as_text(line.sent), line
    # and CLEAN gets what was meant
    kept = clean(raw.read(batch.batch_id, quarantined=False)).reset_index(drop=True)
    assert kept.equals(clean(pd.DataFrame([meant(line) for line in ACCEPTED])))


def test_a_file_that_the_gate_stops_is_logged_without_a_value(
    raw: RawWarehouse,
    gatekeeper: Gatekeeper,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    fits: tuple[Fit, Fit],
) -> None:
    # given a file with one encounter for each refused line
    refused = [line for line in LINES if line.means is REFUSED]
    outcome = {schema.TARGET: "NO"}
    keys = [{schema.ENCOUNTER: 100 + n, schema.PATIENT: 500 + n} for n in range(len(refused))]
    rows = [key | sent(line) | outcome for key, line in zip(keys, refused, strict=True)]
    path = tmp_path / "delivery.csv"
    path.write_bytes(as_csv(rows))

    # when it is scored without the API, and the gate stops it
    with caplog.at_level("DEBUG", logger="readmission"):
        score_all(path, str(tmp_path / "out"), loaded("1", fits[0]))
        batch = raw.load(source.read(path).encounters, 0, "file")
        with pytest.raises(GateFailed) as caught:
            gatekeeper.raw(raw, batch.batch_id, quarantine_limit=0.0)

    # then the error, which a task logs, has no value; those of a letter are in every text
    said = f"{caplog.text} {caught.value}"
    values = {as_text(line.sent) for line in refused}
    assert {value for value in values if len(value) > 3 and value in said} == set()


def test_a_file_whose_missing_cells_are_empty_passes_the_raw_gate(
    raw: RawWarehouse, gatekeeper: Gatekeeper, tmp_path: Path, encounters: Path
) -> None:
    rows = source.read(encounters).encounters.slice(0, 500).to_pandas()
    path = tmp_path / "delivery.csv"
    rows.replace("?", "").to_csv(path, index=False)

    batch = raw.load(source.read(path).encounters, 0, "file")
    gatekeeper.raw(raw, batch.batch_id, quarantine_limit=0.05)

    assert raw.quarantine().empty
    assert clean(raw.read(batch.batch_id)[list(rows)]).equals(clean(rows))
