"""Synthetic encounters in any number: the same for a seed, drawn chunk by chunk."""

import gzip
import zipfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet as pq

from readmission.domain import schema
from readmission.domain.synthetic import is_synthetic, writing
from readmission.domain.synthetic.stream import CHUNK_ROWS, NEW_PATIENTS, stream
from tests.include.contract import violations

ROWS = CHUNK_ROWS + 500


@pytest.fixture(scope="module")
def table() -> pa.Table:
    return pa.concat_tables(stream(ROWS))


def test_they_satisfy_the_contract_and_have_numbers_of_their_own(table: pa.Table) -> None:
    rows = table.to_pandas()

    assert len(rows) == ROWS
    assert violations(rows) == {}
    assert rows[schema.ENCOUNTER].is_unique
    assert is_synthetic(table)


def test_the_same_seed_gives_the_same_rows_and_a_longer_stream_begins_with_a_shorter(
    table: pa.Table,
) -> None:
    assert pa.concat_tables(stream(600)).equals(table.slice(0, 600))
    assert not pa.concat_tables(stream(600, seed=1)).equals(table.slice(0, 600))


def test_chunks_are_drawn_one_at_a_time() -> None:
    # given a stream that would fill any memory
    chunks = stream(10**12)

    # then it yields at once
    assert [chunk.num_rows for chunk in islice(chunks, 2)] == [CHUNK_ROWS] * 2


def test_patients_return(table: pa.Table) -> None:
    first, second = (set(part[schema.PATIENT].to_pylist()) for part in (
        table.slice(0, CHUNK_ROWS), table.slice(CHUNK_ROWS)
    ))  # fmt: skip

    assert len(first) == NEW_PATIENTS
    assert first & second
    assert second - first


def test_they_drift_to_and_fro() -> None:
    def shares(number: int) -> tuple[float, float]:
        rows = next(islice(stream(30 * CHUNK_ROWS), number, None)).to_pandas()
        return (rows["payer_code"] == "?").mean(), (rows[schema.TARGET] == "NO").mean()

    start, turn = shares(0), shares(9)

    assert start[0] > 0.95
    assert turn[0] < 0.25
    assert turn[1] > start[1] + 0.1


def _zip(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return archive.read("encounters.csv")


def _gzip(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes())


@pytest.mark.parametrize(("ending", "content"), [("csv.gz", _gzip), ("zip", _zip)])
def test_packed_files_hold_the_same_text(
    tmp_path: Path, ending: str, content: Callable[[Path], bytes]
) -> None:
    plain, packed = tmp_path / "a.csv", tmp_path / f"a.{ending}"
    writing.write(300, str(plain))
    writing.write(300, str(packed))

    assert content(packed) == plain.read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {plain.name, packed.name}


def test_parquet_holds_the_same_rows_and_progress_is_told(tmp_path: Path, table: pa.Table) -> None:
    told: list[int] = []
    path = tmp_path / "a.parquet"

    writing.write(ROWS, str(path), progress=told.append)

    assert pq.read_table(path).equals(table)
    assert told == [CHUNK_ROWS, ROWS]


def test_a_target_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(writing.SynthesisError, match=r"unknown ending; use one of \.csv"):
        writing.write(10, str(tmp_path / "a.xlsx"))
    with pytest.raises(writing.SynthesisError, match="cannot be written"):
        writing.write(10, str(tmp_path / "absent" / "a.csv"))


def test_a_file_that_is_not_complete_does_not_appear(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(rows: int, seed: int = 0) -> Iterator[pa.Table]:
        yield from stream(min(rows, 5), seed)
        if rows > 1:
            raise OSError("no space left")

    monkeypatch.setattr(writing, "stream", broken)

    with pytest.raises(writing.SynthesisError, match="no space left"):
        writing.write(10, str(tmp_path / "a.csv"))
    assert list(tmp_path.iterdir()) == []
