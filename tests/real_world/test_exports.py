"""Every line of the table of exports, on every way in that takes files."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient

from readmission.domain import schema, synthetic
from readmission.domain.cleaning import clean
from readmission.errors import DatasetError
from readmission.modelling.fitting import Fit
from readmission.pipeline import source
from readmission.pipeline.scoring.scorer import score_all
from readmission.quality.gates import Gatekeeper
from readmission.serving.model import ServedModel
from readmission.warehouse import RawWarehouse
from tests.api.models import loaded
from tests.real_world.files import EXPORTS, UNKNOWN, Export, Rows, parquet, plain

COUNT = 16
ENCOUNTERS = synthetic.encounters(COUNT)
TABLE: Rows = [list(schema.NAMES), *(list(row.values()) for row in ENCOUNTERS.to_pylist())]


@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.name)
def test_ingestion(export: Export, tmp_path: Path) -> None:
    path = tmp_path / "delivery"
    path.write_bytes(export.write(TABLE))
    if export.error:
        with pytest.raises(DatasetError, match="delivery") as caught:
            source.read(path)
        assert export.error in str(caught.value)
        return

    rows = source.read(path).encounters

    assert rows.num_rows == COUNT + export.rows_refused
    found = rows.slice(0, COUNT).to_pandas()
    assert clean(found).equals(clean(ENCOUNTERS.to_pandas()))


@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.name)
def test_files(export: Export, service: TestClient) -> None:
    headers = {"content-type": export.content_type}
    url = "/predict/batch"
    expected = service.post(url, content=plain(TABLE), headers={"content-type": "text/csv"})

    response = service.post(url, content=export.write(TABLE), headers=headers)

    lines = [json.loads(line) for line in response.text.splitlines()]
    if export.error:
        # The last line is the summary if the first rows were sent before the error.
        failed = lines[-1] if response.status_code != 200 else lines[-2]
        assert export.error in failed["message"]
        assert response.status_code in (200, 400, 413)
        return
    whole = [json.loads(line) for line in expected.text.splitlines()]
    assert lines[:COUNT] == whole[:COUNT]
    assert whole[-1]["summary"]["answered"] == COUNT
    assert [line["error"] for line in lines[COUNT:-1]] == ["invalid"] * export.rows_refused


@pytest.fixture(scope="module")
def model(fits: tuple[Fit, Fit]) -> ServedModel:
    return loaded("1", fits[0])


# The bomb takes seconds of CPU time, and is unpacked by what ingestion uses.
@pytest.mark.parametrize(
    "export", [one for one in EXPORTS if one.name != "bomb"], ids=lambda e: e.name
)
def test_files_scored_without_the_api(export: Export, model: ServedModel, tmp_path: Path) -> None:
    (path := tmp_path / "delivery").write_bytes(export.write(TABLE))
    if export.error:
        with pytest.raises(DatasetError, match="delivery") as caught:
            score_all(path, str(tmp_path / "out"), model)
        assert export.error in str(caught.value)
        return
    (whole := tmp_path / "whole").write_bytes(plain(TABLE))
    score_all(whole, str(tmp_path / "expected"), model)

    parts = score_all(path, str(tmp_path / "out"), model)

    assert sum(part.rows for part in parts) == COUNT + export.rows_refused
    assert sum(part.wrong_rows for part in parts) == export.rows_refused
    assert rows_in(tmp_path / "out") == rows_in(tmp_path / "expected")


def rows_in(folder: Path) -> list[dict[str, object]]:
    return [
        row for path in sorted(folder.glob("*.parquet")) for row in pq.read_table(path).to_pylist()
    ]


@pytest.mark.parametrize(
    "write", [lambda key: f"{key}  ", lambda key: f" {key}", lambda key: f"{key}.0"],
    ids=["padded", "aligned", "decimals of pandas"],
)  # fmt: skip
@pytest.mark.parametrize("pack", [plain, parquet])
def test_keys_are_read_as_numbers(
    pack: Callable[[Rows], bytes],
    write: Callable[[str], str],
    service: TestClient,
    tmp_path: Path,
) -> None:
    rows = [TABLE[0], *([write(row[0]), write(row[1]), *row[2:]] for row in TABLE[1:])]
    (path := tmp_path / "delivery").write_bytes(pack(rows))

    # RAW compares keys as text
    found = source.read(path).encounters

    names = [schema.ENCOUNTER, schema.PATIENT]
    assert found.select(names).to_pylist() == ENCOUNTERS.select(names).to_pylist()
    response = service.post("/predict/batch", content=pack(rows), headers={"content-type": UNKNOWN})
    assert json.loads(response.text.splitlines()[-1])["summary"]["answered"] == COUNT


OBJECTS = [json.dumps(row).encode() for row in ENCOUNTERS.to_pylist()]
LINES, ARRAY = b"\n".join(OBJECTS), b"[" + b",\n".join(OBJECTS) + b"]"
JSON, NDJSON, MARK = "application/json", "application/x-ndjson", b"\xef\xbb\xbf"


@pytest.mark.parametrize(
    ("content_type", "body", "error"),
    [
        (JSON, MARK + ARRAY, ""),
        ("text/json", ARRAY, ""),
        (NDJSON, MARK + LINES, ""),
        ("application/jsonl", LINES.replace(b"\n", b"\r\n"), ""),
        (NDJSON, b",\n".join(OBJECTS), ""),
        (NDJSON, ARRAY, ""),
        (NDJSON, json.dumps(ENCOUNTERS.to_pylist(), indent=1).encode(), ""),
        (UNKNOWN, MARK + ARRAY, ""),
        ("", LINES, ""),
        (JSON, b'{"encounters": ' + ARRAY + b"}", "it begins with an object; send the list of"),
        (JSON, LINES, "or lines of JSON as application/x-ndjson"),
        (JSON, gzip.compress(ARRAY), "it is packed with gzip; send it unpacked"),
        (JSON, ARRAY.decode().encode("utf-16"), "it is UTF-16 or UTF-32; send UTF-8"),
        (NDJSON, gzip.compress(LINES), "is not lines of JSON: it is packed with gzip"),
        (NDJSON, LINES.decode().encode("utf-16"), "it is UTF-16 or UTF-32; send UTF-8"),
    ],
)
def test_files_of_json(service: TestClient, content_type: str, body: bytes, error: str) -> None:
    response = service.post("/predict/batch", content=body, headers={"content-type": content_type})

    if error:
        assert response.status_code == 400
        assert error in response.json()["message"]
    else:
        assert json.loads(response.text.splitlines()[-1])["summary"]["answered"] == COUNT


def test_a_row_of_another_length_waits_in_quarantine_with_the_reason(
    raw: RawWarehouse, gatekeeper: Gatekeeper, tmp_path: Path
) -> None:
    # given an export with a footer and the end mark of an old program
    path = tmp_path / "delivery.csv"
    path.write_bytes(plain(TABLE) + b"Total: 16 stays\n\x1a")

    # when it passes the raw gate
    batch = raw.load(source.read(path).encounters, 0, "file")
    gatekeeper.raw(raw, batch.batch_id, quarantine_limit=0.2)

    # then both wait as rows, and every encounter is processed
    quarantine = raw.quarantine()
    assert quarantine["source_row"].tolist() == [COUNT, COUNT + 1]
    for reasons in quarantine["reasons"]:
        assert any("(this row has 1 value, the header has 50)" in reason for reason in reasons)
