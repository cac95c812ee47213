"""Scoring files of any size: the same predictions as one by one, and a killed run continues."""

import json
import multiprocessing
import os
import signal
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv as arrow_csv
from pyarrow import parquet as pq

from api.contract.predictions import NOT_ELIGIBLE
from readmission.domain import schema, synthetic
from readmission.errors import DatasetError
from readmission.pipeline.delivery import chunks
from readmission.pipeline.scoring import job, scorer
from readmission.pipeline.scoring.parts import (
    MANIFEST,
    PlaceRefused,
    ScoredParts,
    ScoringError,
    require_apart,
)
from readmission.pipeline.scoring.scorer import score_all
from readmission.serving.model import ServedModel
from readmission.serving.text_rows import TextEncoder
from readmission.settings import Settings
from readmission.stack.services import object_store
from tests.api.models import loaded, small_fit
from tests.conftest import Platform

ROWS = 300
CSV = synthetic.csv_bytes(ROWS)
TABLE = synthetic.encounters(ROWS)


@cache
def model(version: str = "1") -> ServedModel:
    return loaded(version, small_fit())


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a part have about 40 rows."""
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 5_000)
    monkeypatch.setattr(scorer, "CHUNKS", 2)


def contract(rows: pa.Table) -> list[dict[str, str | int]]:
    """Return encounters as the contract writes them, read row by row."""
    return [
        {c.name: c.read(row[c.name]) for c in schema.FEATURES}  # type: ignore[misc]
        for row in rows.to_pylist()
    ]


def predictions(folder: Path) -> pa.Table:
    return pa.concat_tables(map(pq.read_table, sorted(folder.glob("*.parquet"))))


def errors(folder: Path) -> dict[int, str]:
    found = [arrow_csv.read_csv(path) for path in sorted(folder.glob("*.errors.csv"))]
    return {row["line"]: row["error"] for table in found for row in table.to_pylist()}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_text_is_encoded_like_encounters_one_by_one() -> None:
    tables = model().bundle.scorer.tables

    matrix, wrong = TextEncoder(tables).encode(TABLE)

    assert wrong == []
    np.testing.assert_array_equal(matrix, tables.encode(contract(TABLE)))


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_predictions_are_those_of_single_encounters(tmp_path: Path, kind: str) -> None:
    # given
    source = tmp_path / f"encounters.{kind}"
    if kind == "csv":
        source.write_bytes(CSV)
    else:
        pq.write_table(TABLE, source)

    # when
    parts = score_all(source, str(tmp_path / "out"), model())

    # then
    singly = model().predict_many(contract(TABLE))
    found = predictions(tmp_path / "out").to_pylist()
    assert [row["line"] for row in found] == list(range(1, ROWS + 1))
    assert [row["encounter_id"] for row in found] == TABLE["encounter_id"].to_pylist()
    assert [row["eligible"] for row in found] == [single is not None for single in singly]
    assert sum(part.rows for part in parts) == ROWS
    for row, single in zip(found, singly, strict=True):
        if single is None:
            assert row["note"] == NOT_ELIGIBLE
            assert not any(row[n] for n in row if n.startswith(("predicted", "prob", "risk")))
            continue
        assert row["predicted_class"] == single.predicted_class
        assert row["risk_percentile"] == single.risk_percentile
        np.testing.assert_allclose(
            [row[f"probability_{name}"] for name in schema.CLASSES], single.probabilities, 1e-6
        )
    assert errors(tmp_path / "out") == {}


def test_rows_have_the_callers_own_key_and_say_what_was_read(tmp_path: Path) -> None:
    columns = TABLE.slice(0, 3).to_pydict() | {"ID": ["a", "b", "c"]}
    columns["discharge_disposition_id"] = ["1"] * 3
    columns["diag_1"][1], columns["age"][1] = "E11.9", "75"
    pq.write_table(pa.table(columns), tmp_path / "encounters.parquet")

    score_all(tmp_path / "encounters.parquet", str(tmp_path / "out"), model())

    found = predictions(tmp_path / "out")
    assert found["id"].to_pylist() == ["a", "b", "c"]
    assert found["note"].to_pylist() == [
        None, "age: 75 was read as [70-80); diag_1: ICD-10 E11.9 was read as ICD-9 250", None
    ]  # fmt: skip


def test_a_wrong_row_gets_its_reasons_and_no_other_row_is_lost(tmp_path: Path) -> None:
    lines = CSV.splitlines(keepends=True)
    lines[5] = b"Total: 40 stays\n"
    lines[201] = lines[201].replace(b"[", b"(")
    (tmp_path / "encounters.csv").write_bytes(b"".join(lines))

    score_all(tmp_path / "encounters.csv", str(tmp_path / "out"), model())

    found = errors(tmp_path / "out")
    assert "this row has 1 value, the header has 50" in found[5]
    assert found[201].startswith("age: '(")
    assert "expected one of [0-10)" in found[201]
    rows = predictions(tmp_path / "out")["line"].to_pylist()
    assert sorted([*rows, *found]) == list(range(1, ROWS + 1))


def test_a_repeated_run_scores_only_what_is_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a folder of which one file is scored
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    (source / "a.csv").write_bytes(CSV)
    score_all(source, str(out), model())
    before, scored = contents(out), list[int]()
    score = scorer.BatchScorer.score

    def noted(self: scorer.BatchScorer, rows: pa.Table, first: int) -> scorer.Scored:
        scored.append(rows.num_rows)
        return score(self, rows, first)

    monkeypatch.setattr(scorer.BatchScorer, "score", noted)

    # then
    score_all(source, str(out), model())
    assert scored == []
    assert contents(out) == before
    (source / "b.csv").write_bytes(CSV)
    score_all(source, str(out), model())
    assert sum(scored) == ROWS
    assert sorted(predictions(out)["line"].to_pylist())[:2] == [1, 1]


def _killed_in_the_middle(source: Path, out: Path) -> None:
    adding, added = ScoredParts.add, 0

    def add(*arguments: object) -> None:
        nonlocal added
        added += 1
        if added == 4:
            # The files of the fourth part are written, and the manifest does not name it yet.
            parts, _part, files = arguments
            for name, content in files.items():  # type: ignore[attr-defined]
                if content is not None:
                    parts._write(name, content)  # type: ignore[attr-defined]
            os.kill(os.getpid(), signal.SIGKILL)
        adding(*arguments)  # type: ignore[arg-type]

    ScoredParts.add = add  # type: ignore[assignment,method-assign]
    score_all(source, str(out), model())


def test_a_killed_run_ends_in_the_same_bytes(tmp_path: Path) -> None:
    # given
    source, out = tmp_path / "encounters.csv", tmp_path / "killed"
    source.write_bytes(CSV)
    model()

    # when
    process = multiprocessing.get_context("fork").Process(
        target=_killed_in_the_middle, args=(source, out)
    )
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert len(json.loads((out / MANIFEST).read_text())["parts"]) == 3
    score_all(source, str(out), model())

    # then
    score_all(source, str(tmp_path / "whole"), model())
    assert contents(out) == contents(tmp_path / "whole")


def test_a_file_that_changed_is_scored_again_and_leaves_nothing_behind(tmp_path: Path) -> None:
    # given predictions of a longer file, with a wrong row
    source, out = tmp_path / "a.csv", tmp_path / "out"
    source.write_bytes(CSV.replace(b"[", b"(", 1))
    score_all(source, str(out), model())

    # when
    source.write_bytes(b"".join(CSV.splitlines(keepends=True)[:101]))
    score_all(source, str(out), model())

    # then
    score_all(source, str(tmp_path / "new"), model())
    assert contents(out) == contents(tmp_path / "new")


def test_another_version_does_not_mix_with_earlier_predictions(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(CSV)
    score_all(tmp_path / "a.csv", str(tmp_path / "out"), model())

    with pytest.raises(PlaceRefused, match="holds predictions of version 1, and version 2 is in"):
        score_all(tmp_path / "a.csv", str(tmp_path / "out"), model("2"))


def test_follow_up_is_decided_as_for_single_encounters(tmp_path: Path) -> None:
    # given a threshold that is the risk of one of the encounters
    (tmp_path / "a.csv").write_bytes(CSV)
    risks = [p.probabilities[2] for p in model().predict_many(contract(TABLE)) if p]
    threshold = sorted(risks)[len(risks) // 2]

    # when
    score_all(tmp_path / "a.csv", str(tmp_path / "out"), model(), threshold=threshold)
    score_all(tmp_path / "a.csv", str(tmp_path / "without"), model())

    # then
    found = predictions(tmp_path / "out")
    assert found["follow_up"].to_pylist() == [
        None if risk is None else risk >= threshold for risk in found["probability_<30"].to_pylist()
    ]
    assert 0.4 < np.mean(found["follow_up"].drop_null().to_pylist()) < 0.6
    without = predictions(tmp_path / "without")
    assert without.schema == found.schema
    assert set(without["follow_up"].to_pylist()) == {None}


def test_another_threshold_does_not_mix_with_earlier_predictions(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(CSV)
    score_all(tmp_path / "a.csv", str(tmp_path / "out"), model(), threshold=0.25)

    with pytest.raises(PlaceRefused, match=r"follow-up is 0.25, and now it is not stored; choose"):
        score_all(tmp_path / "a.csv", str(tmp_path / "out"), model())


@pytest.mark.parametrize("output", ["in", "in/", "link"])
def test_encounters_and_predictions_never_share_a_folder(tmp_path: Path, output: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_bytes(CSV)
    (tmp_path / "link").symlink_to(tmp_path / "in")

    with pytest.raises(PlaceRefused, match="holds the encounters; choose another folder for the"):
        score_all(tmp_path / "in", f"{tmp_path}/{output}", model())

    assert [path.name for path in (tmp_path / "in").iterdir()] == ["a.csv"]


def test_encounters_and_predictions_never_share_a_prefix() -> None:
    with pytest.raises(PlaceRefused, match="s3://hospital/may/ holds the encounters"):
        require_apart("s3://hospital//may", "s3://hospital/may/")

    require_apart("s3://hospital/may", "s3://hospital/may/predictions")


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("s3://mlflow/1/models", "the bucket mlflow holds data of the system itself"),
        ("s3://training-sets/batch-0001", "the bucket training-sets holds data"),
        ("s3://reports/raw", "the bucket reports holds data"),
        ("s3://dumps/may", "the bucket dumps holds data"),
        ("s3://key:secret@hospital/may", "expected s3://bucket/prefix"),
        ("s3://hospital", "expected s3://bucket/prefix"),
        ("s3://hospital/may?endpoint_override=elsewhere", "expected s3://bucket/prefix"),
        ("/etc/passwd", "expected s3://bucket/prefix"),
        ("s3://hospital/may\n", "expected s3://bucket/prefix"),
    ],
)
def test_what_somebody_enters_into_the_form_is_checked(
    address: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BACKUP_BUCKET", "dumps")
    settings = Settings(docs_bucket="reports")  # type: ignore[call-arg]

    with pytest.raises(PlaceRefused, match=reason) as refused:
        job.plan(address, "s3://hospital/predictions", settings)
    with pytest.raises(PlaceRefused, match=reason):
        job.plan("s3://hospital/may", address, settings)

    assert "secret" not in str(refused.value)


def test_each_file_of_a_job_has_a_folder_of_its_own() -> None:
    assert job.folder_of("s3://hospital/may/a.csv", "s3://hospital/out/") == (
        "s3://hospital/out/a.csv"
    )
    with pytest.raises(PlaceRefused, match=r"s3://hospital/may/a.csv holds the encounters"):
        job.folder_of("s3://hospital/may/a.csv", "s3://hospital/may/")


def test_a_manifest_of_something_else_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text('{"entries": []}')

    with pytest.raises(PlaceRefused, match=r"_manifest.json is not a manifest of predictions"):
        ScoredParts.open(str(tmp_path), {})


def test_a_file_of_the_same_name_does_not_replace_the_predictions_of_another(
    tmp_path: Path,
) -> None:
    # given the delivery of a month, and one of the next month
    for month in ("05", "06"):
        (tmp_path / month).mkdir()
        (tmp_path / month / "a.csv").write_bytes(CSV)
    score_all(tmp_path / "05", str(tmp_path / "out"), model())
    before = contents(tmp_path / "out")

    with pytest.raises(PlaceRefused, match=r"of .*05/a.csv, which those of .*06/a.csv would"):
        score_all(tmp_path / "06", str(tmp_path / "out"), model())

    assert contents(tmp_path / "out") == before


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"%PDF-1.7", "bad is a PDF document"),
        (b"race,gender\nCaucasian,Male\n", "bad lacks columns of an encounter: age, "),
        (b"", "bad is empty"),
    ],
)
def test_a_bad_file_is_named_once_the_others_are_scored(
    tmp_path: Path, content: bytes, complaint: str
) -> None:
    source = tmp_path / "in"
    source.mkdir()
    (source / "bad").write_bytes(content)
    (source / "good").write_bytes(CSV)
    (source / "worse").write_bytes(b"")

    with pytest.raises(DatasetError, match=rf"{complaint}.*worse is empty"):
        score_all(source, str(tmp_path / "out"), model())

    rows = predictions(tmp_path / "out").num_rows
    assert rows + len(errors(tmp_path / "out")) == ROWS


def test_an_output_that_cannot_be_written_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(CSV)

    with pytest.raises(ScoringError, match=r"a.csv cannot be used for predictions"):
        score_all(tmp_path / "a.csv", str(tmp_path / "a.csv"), model())


def test_objects_are_scored_into_a_prefix(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", platform.s3_endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", platform.s3_access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", platform.s3_secret_key)
    s3 = object_store.client(platform.site)
    s3.put_object(Bucket="data-docs", Key="in/a.csv", Body=CSV)
    (tmp_path / "a.csv").write_bytes(CSV)

    for _ in range(2):
        score_all("s3://data-docs/in", "s3://data-docs/out", model())

    score_all(tmp_path / "a.csv", str(tmp_path / "out"), model())
    listed = s3.list_objects_v2(Bucket="data-docs", Prefix="out/")["Contents"]
    keys = [entry["Key"] for entry in listed]
    assert {key.removeprefix("out/") for key in keys} == set(contents(tmp_path / "out"))
    for key in keys:
        body = s3.get_object(Bucket="data-docs", Key=key)["Body"].read()
        assert key.endswith(MANIFEST) or body == contents(tmp_path / "out")[key[4:]]
        s3.delete_object(Bucket="data-docs", Key=key)
    s3.delete_object(Bucket="data-docs", Key="in/a.csv")
