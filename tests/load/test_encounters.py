"""The request bodies: valid encounters of the data, encoded before the test."""

import io
import json
import random
from pathlib import Path

import pytest

from api.contract.encounter import parse_encounter
from api.files import readers
from load.encounters import CSV, FILE_ROWS, PARQUET, Payloads, draw
from readmission.domain import schema, synthetic
from readmission.errors import DatasetError
from readmission.pipeline import source
from readmission.pipeline.source import Origin
from readmission.settings import Settings

GENERATOR = random.Random(1)  # noqa: S311 - draws no secret


@pytest.fixture(scope="module")
def payloads(encounters: Path) -> Payloads:
    """Payloads of the real data, or of synthetic data on a machine without it."""
    return Payloads.prepare(Settings(dataset=encounters))


def test_single_encounters_are_valid_and_have_no_patient_number(payloads: Payloads) -> None:
    assert len(payloads.singles) > 1_000
    for payload in payloads.singles:
        parse_encounter(payload.content)
        assert set(json.loads(payload.content)) == set(schema.FEATURE_NAMES)


def test_single_encounters_differ(payloads: Payloads) -> None:
    assert len({payload.content for payload in payloads.singles}) > 0.9 * len(payloads.singles)


@pytest.mark.parametrize("content_type", [CSV, PARQUET])
def test_files_have_only_valid_rows_and_no_outcome(payloads: Payloads, content_type: str) -> None:
    chosen = [payload for payload in payloads.files if payload.content_type == content_type]

    assert len(chosen) == len(payloads.files) / 2
    for payload in chosen:
        rows = list(readers.read_rows(io.BytesIO(payload.content), content_type))
        assert len(rows) == payload.rows == FILE_ROWS
        assert all(isinstance(row.content, dict) for row in rows)
        assert schema.TARGET.encode() not in payload.content


def test_without_data_the_encounters_are_synthetic_and_nothing_is_downloaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "download", lambda *_: pytest.fail("a download was tried"))

    payloads = Payloads.prepare(Settings(dataset=None, cache_dir=tmp_path))

    assert payloads.origin is Origin.SYNTHETIC
    for payload in payloads.singles:
        parse_encounter(payload.content)


def test_invalid_encounters_are_not_sent() -> None:
    table = synthetic.encounters(20)
    damaged = table.set_column(
        table.schema.get_field_index("age"), "age", [["[300-310)"] * 19 + ["[30-40)"]]
    )

    drawn = draw(damaged, 20, GENERATOR)

    assert [encounter["age"] for encounter in drawn] == ["[30-40)"]
    with pytest.raises(DatasetError, match="none of the drawn encounters is valid"):
        draw(damaged.slice(0, 19), 19, GENERATOR)
