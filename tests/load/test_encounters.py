"""What is sent: encounters of the data that the service accepts, encoded beforehand."""

import io
import json
import random
from pathlib import Path

import pytest

from api.contract.encounter import parse_encounter
from api.files import readers
from load.encounters import CSV, FILE_ROWS, PARQUET, Supply, draw
from readmission.domain import schema, synthetic
from readmission.errors import DatasetError
from readmission.pipeline import source
from readmission.pipeline.source import Origin
from readmission.settings import Settings

CHANCE = random.Random(1)  # noqa: S311 - draws no secret


@pytest.fixture(scope="module")
def supply(encounters: Path) -> Supply:
    """Given encounters drawn from real data, where there is some."""
    return Supply.gather(Settings(dataset=encounters))


def test_single_encounters_are_accepted_and_carry_no_number_of_a_patient(supply: Supply) -> None:
    assert len(supply.singles) > 1_000
    for upload in supply.singles:
        parse_encounter(upload.content)
        assert set(json.loads(upload.content)) == set(schema.FEATURE_NAMES)


def test_single_encounters_differ(supply: Supply) -> None:
    assert len({upload.content for upload in supply.singles}) > 0.9 * len(supply.singles)


@pytest.mark.parametrize("content_type", [CSV, PARQUET])
def test_files_are_accepted_row_by_row_and_without_an_outcome(
    supply: Supply, content_type: str
) -> None:
    chosen = [upload for upload in supply.files if upload.content_type == content_type]

    assert len(chosen) == len(supply.files) / 2
    for upload in chosen:
        rows = list(readers.read_rows(io.BytesIO(upload.content), content_type))
        assert len(rows) == upload.rows == FILE_ROWS
        assert all(isinstance(row, dict) for row in rows)
        assert schema.TARGET.encode() not in upload.content


def test_without_data_synthetic_encounters_are_sent_and_nothing_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "download", lambda *_: pytest.fail("reached for the network"))

    supply = Supply.gather(Settings(cache_dir=tmp_path))

    assert supply.origin is Origin.SYNTHETIC
    for upload in supply.singles:
        parse_encounter(upload.content)


def test_what_the_contract_refuses_is_not_sent() -> None:
    table = synthetic.encounters(20)
    damaged = table.set_column(
        table.schema.get_field_index("age"), "age", [["[300-310)"] * 19 + ["[30-40)"]]
    )

    drawn = draw(damaged, 20, CHANCE)

    assert [encounter["age"] for encounter in drawn] == ["[30-40)"]
    with pytest.raises(DatasetError, match="no encounter"):
        draw(damaged.slice(0, 19), 19, CHANCE)
