"""A delivered file of any size: what is known of it is not read again, and a change is found."""

import gzip
import io
import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import psycopg
import pyarrow as pa
import pytest
from pyarrow import parquet as pq

from readmission.domain import schema, synthetic
from readmission.errors import DatasetError, StillArriving
from readmission.files.limits import IncompleteFile
from readmission.pipeline.delivery import chunks
from readmission.pipeline.delivery.arrival import Arrival
from readmission.pipeline.delivery.chunk_text import chunk_texts
from readmission.pipeline.delivery.delivery import Delivery
from readmission.pipeline.ingest import Slice, ingest, plan
from readmission.pipeline.source import Dataset
from readmission.warehouse import RawWarehouse
from readmission.warehouse.raw.known_files import KnownFiles
from readmission.warehouse.sql.content import content_hash

ROWS, BATCH = 400, 100
CSV = synthetic.csv_bytes(ROWS)
TABLE = synthetic.encounters(ROWS)
LINES = CSV.splitlines(keepends=True)
UCI_BATCHES = (
    "346007f8b118438c53c3b293d06ca36008079998724b68c894f6af9db3845af5",
    "c7bdfba1e0622953ea3ad31bb38ce7e7b098f6610fab81751e1fbaed65e3ab05",
    "9abaea624591d70f5e9f69be3fac2c94f05b01c47134a9abb1b9b8dec3d75e8e",
    "f7eb9843461f57eb3a7b2572a62b5af0b85581135d76a0adc681e87cd8ff9b9f",
    "6f5831fb8eb00d44a883e390eada6af064ac83bd85e462ab96479f4a955d3dc7",
    "89fd5efeed1574835f70785fc7a6ddce8f8ff9e62bebf7642340e95daa05d501",
    "1de3e43293c1fa4e3da4e922eba5bd38d1580b0671ee2d57d2e074d442177d7c",
)
"""Content hashes of the UCI file's batches in the ledgers of earlier releases."""


@pytest.fixture
def raw(raw_db: psycopg.Connection) -> RawWarehouse:
    return RawWarehouse(raw_db)


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Let a chunk have about 20 rows."""
    if "uci" not in request.fixturenames:
        monkeypatch.setattr(chunks, "CHUNK_BYTES", 5_000)


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The rows before each chunk that was parsed."""
    found: list[int] = []
    columnar = chunks.columnar

    def counted(table: Any, names: Any, reason_in: str, rows_before: int) -> pa.Table:
        found.append(rows_before)
        return columnar(table, names, reason_in, rows_before)

    monkeypatch.setattr(chunks, "columnar", counted)
    return found


def survey(path: Path, raw: RawWarehouse) -> Delivery:
    return Delivery.survey(Arrival(path), KnownFiles(raw.connection))


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def accept_all(found: Delivery, raw: RawWarehouse, batches: int | None = None) -> None:
    for batch in ingest(found, raw, BATCH, batches):
        raw.accept(batch.batch_id, pd.DataFrame({"source_row": [], "reasons": []}))


def parquet_bytes() -> bytes:
    sink = io.BytesIO()
    pq.write_table(TABLE, sink, row_group_size=150)
    return sink.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        CSV,
        b"\xef\xbb\xbf" + CSV,
        CSV.decode().encode("utf-16"),
        CSV.replace(b"\n", b"\r\n"),
        gzip.compress(CSV),
        parquet_bytes(),
    ],
    ids=["text", "bom", "utf-16", "crlf", "gzip", "Parquet"],
)
def test_every_format_ends_in_the_ledger_of_the_file_in_memory(
    raw: RawWarehouse, tmp_path: Path, content: bytes
) -> None:
    path = written(tmp_path / "encounters", content)

    # when batches arrive one run at a time, and in any order of the plan
    for _ in range(ROWS // BATCH):
        accept_all(survey(path, raw), raw, 1)

    # then
    found = [(b.source_offset, b.rows, b.content_sha256, b.origin) for b in raw.batches()]
    assert found == [
        (at, BATCH, content_hash(TABLE.slice(at, BATCH)), "synthetic")
        for at in range(0, ROWS, BATCH)
    ]
    backwards = [Slice(at, 70) for at in (330, 150, 0)]
    for piece, rows in zip(backwards, survey(path, raw).read(backwards), strict=True):
        assert rows.equals(TABLE.slice(*piece))


def test_the_uci_file_ends_in_the_ledger_of_earlier_releases(
    raw: RawWarehouse, uci: Dataset
) -> None:
    found = Delivery.survey(Arrival(uci.path), KnownFiles(raw.connection))

    slices = plan(found, raw, 15_000)

    assert found.origin == "uci"
    assert tuple(map(content_hash, found.read(slices))) == UCI_BATCHES


def test_an_unchanged_file_is_not_read(
    raw: RawWarehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a file of which every batch has arrived
    path = written(tmp_path / "encounters.csv", CSV)
    accept_all(survey(path, raw), raw)

    # when no file can be opened
    def refuse(*_arguments: Any, **_options: Any) -> None:
        raise AssertionError("the file was opened")

    monkeypatch.setattr(Path, "open", refuse)

    # then
    assert plan(survey(path, raw), raw, BATCH) == []


def test_of_a_grown_file_only_new_chunks_are_parsed(
    raw: RawWarehouse, tmp_path: Path, parsed: list[int]
) -> None:
    # given
    path = written(tmp_path / "encounters.csv", b"".join(LINES[:301]))
    accept_all(survey(path, raw), raw)
    parsed.clear()

    # when it grows
    with path.open("ab") as file:
        file.writelines(LINES[301:])
    accept_all(survey(path, raw), raw)

    # then its beginning was parsed only for the first row, which tells the origin; the last batch
    # is hashed again, because the chunk in which it ended has grown
    assert sorted(set(parsed))[1] > 190
    assert [batch.rows for batch in raw.batches()] == [BATCH] * 4
    assert plan(survey(path, raw), raw, BATCH) == []


@pytest.mark.parametrize("age", [b"[10-20)", b"[0-10)"], ids=["same length", "shorter"])
def test_a_change_in_an_earlier_chunk_is_found(
    raw: RawWarehouse, tmp_path: Path, age: bytes
) -> None:
    # given a file whose row 150 is corrected after all batches arrived
    old = LINES[151].split(b",")
    assert old[4] != age
    path = written(tmp_path / "encounters.csv", CSV)
    accept_all(survey(path, raw), raw)
    line = b",".join([*old[:4], age, *old[5:]])

    # when
    path.write_bytes(b"".join([*LINES[:151], line, *LINES[152:]]))

    # then its batch is new
    assert plan(survey(path, raw), raw, BATCH) == [Slice(100, BATCH)]


def test_another_order_of_columns_is_found_though_the_rows_have_the_same_bytes(
    raw: RawWarehouse, tmp_path: Path
) -> None:
    path = written(tmp_path / "encounters.csv", CSV)
    accept_all(survey(path, raw), raw)

    path.write_bytes(CSV.replace(b'"diag_1","diag_2"', b'"diag_2","diag_1"', 1))

    assert len(plan(survey(path, raw), raw, BATCH)) == ROWS // BATCH
    (first,) = survey(path, raw).read([Slice(0, BATCH)])
    assert first["diag_1"].equals(TABLE["diag_2"].slice(0, BATCH))


def test_a_file_that_changes_after_the_survey_is_not_loaded(
    raw: RawWarehouse, tmp_path: Path
) -> None:
    path = written(tmp_path / "encounters.csv", CSV)
    found = survey(path, raw)

    path.write_bytes(CSV.replace(b"Female", b"female"))

    with pytest.raises(StillArriving, match=r"encounters.csv .*changed while it was read"):
        ingest(found, raw, BATCH)
    assert raw.batches() == []


def test_a_last_line_without_an_end_is_read_once_the_file_has_settled(
    raw: RawWarehouse, tmp_path: Path
) -> None:
    # given a file that is still written, and whose last value may go on
    path = written(tmp_path / "encounters.csv", CSV.removesuffix(b"\n"))
    settle = timedelta(minutes=10)

    def at(passed: timedelta) -> Delivery:
        now: Callable[[], float] = lambda: path.stat().st_ctime + passed.total_seconds()  # noqa: E731
        return Delivery.survey(Arrival(path, settle, now), KnownFiles(raw.connection))

    # then
    assert len(at(settle / 2)) == ROWS - 1
    assert len(at(settle)) == ROWS


def test_bad_rows_in_the_middle_keep_their_place_and_the_others_go_on(
    raw: RawWarehouse, tmp_path: Path
) -> None:
    short, zero = b"Total: 40 stays\n", LINES[251].replace(b"Female", b"Fe\0ale")
    zero = zero if b"\0" in zero else zero.replace(b"Male", b"Ma\0e")
    lines = [*LINES[:151], short, *LINES[152:251], zero, *LINES[252:]]
    path = written(tmp_path / "encounters.csv", b"".join(lines))

    accept_all(survey(path, raw), raw)

    assert [batch.rows for batch in raw.batches()] == [BATCH] * 4
    reasons = {
        batch.source_offset: set(raw.read(batch.batch_id)[schema.TARGET]) - set(schema.CLASSES)
        for batch in raw.batches()
    }
    assert reasons == {
        0: set(),
        100: {"(this row has 1 value, the header has 50)"},
        200: {"(this row has a zero byte)"},
        300: set(),
    }


def test_a_truncated_parquet_file_is_named_and_the_whole_one_goes_through(
    raw: RawWarehouse, tmp_path: Path
) -> None:
    whole = parquet_bytes()
    path = written(tmp_path / "encounters.parquet", whole[: len(whole) // 2])

    with pytest.raises(DatasetError, match=r"encounters.parquet is a damaged or incomplete Parqu"):
        survey(path, raw)
    path.write_bytes(whole)
    accept_all(survey(path, raw), raw)

    assert [batch.rows for batch in raw.batches()] == [BATCH] * 4


def test_a_quote_that_is_not_closed_is_an_error_that_names_its_row(
    raw: RawWarehouse, tmp_path: Path
) -> None:
    line = LINES[301].replace(b",Male,", b',"Male,').replace(b",Female,", b',"Female,')
    path = written(tmp_path / "encounters.csv", b"".join([*LINES[:301], line, *LINES[302:]]))

    with pytest.raises(DatasetError, match=r"row 301 has .*quote not closed"):
        survey(path, raw)


def test_chunks_end_with_a_row_whatever_is_quoted() -> None:
    # given rows with line ends, delimiters and quotes in quoted values, and a stray quote
    draw = random.Random(7)  # noqa: S311
    values = ['"a\nb"', '"a ""b"",c"', "", "plain", '6" tall', '"\r\n"']
    rows = [",".join(draw.choices(values, k=4)).encode() + b"\n" for _ in range(500)]
    text = b"".join(rows)

    # when
    found = list(chunk_texts(io.BytesIO(text), ",", 700))

    # then
    ends = {0}
    for row in rows:
        ends.add(max(ends) + len(row))
    assert b"".join(found) == text
    assert len(found) > 10
    position = 0
    for chunk in found:
        position += len(chunk)
        assert position in ends


def test_a_row_of_any_length_does_not_fill_the_memory() -> None:
    with pytest.raises(IncompleteFile, match="a row is longer than 800 bytes; is a quote not"):
        list(chunk_texts(io.BytesIO(b'"' + b"a\n" * 10_000), ",", 100))
