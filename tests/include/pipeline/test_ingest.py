"""Which rows of the source come next, and what reaches RAW."""

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import psycopg
import pyarrow as pa
import pytest

from readmission.domain import schema
from readmission.pipeline.ingest import Slice, ingest, load, plan
from readmission.pipeline.source import Dataset, Origin
from readmission.warehouse import RawWarehouse
from tests.include.tables import contents, encounters

NO_ROWS = pd.DataFrame({"source_row": [], "reasons": []})


@pytest.fixture
def raw(raw_db: psycopg.Connection) -> RawWarehouse:
    return RawWarehouse(raw_db)


def file_of(table: pa.Table, name: str = "encounters.csv") -> Dataset:
    return Dataset(Path(name), Origin.FILE, table)


def accept_next(
    dataset: Dataset, raw: RawWarehouse, batch_size: int, batches: int | None = 1
) -> None:
    for batch in ingest(dataset, raw, batch_size, batches):
        raw.accept(batch.batch_id, NO_ROWS)


def test_the_uci_file_is_six_full_batches_and_the_rest(raw: RawWarehouse, uci: Dataset) -> None:
    slices = plan(uci, raw, 15_000)

    assert [piece.rows for piece in slices] == [15_000] * 6 + [11_766]
    assert [piece.offset for piece in slices] == list(range(0, 101_766, 15_000))


def test_batches_come_in_order_until_nothing_is_left(raw: RawWarehouse) -> None:
    # given
    dataset = file_of(encounters(250))

    # then
    assert plan(dataset, raw, 100) == [Slice(0, 100), Slice(100, 100), Slice(200, 50)]
    accept_next(dataset, raw, 100)
    assert plan(dataset, raw, 100, 1) == [Slice(100, 100)]
    accept_next(dataset, raw, 100, None)
    assert plan(dataset, raw, 100) == []
    # and RAW holds every row once, in the order of the source
    read = pd.concat([raw.read(batch.batch_id) for batch in raw.batches()], ignore_index=True)
    assert read["source_row"].tolist() == list(range(250))
    pd.testing.assert_frame_equal(read[list(schema.NAMES)], dataset.encounters.to_pandas())
    assert {batch.origin for batch in raw.batches()} == {"file"}


def test_a_batch_without_a_decision_comes_first_and_is_not_loaded_twice(
    raw: RawWarehouse,
) -> None:
    # given a run that was killed between load and gate
    dataset = file_of(encounters(250))
    load(dataset, raw, Slice(0, 100))
    before = contents(raw.connection)

    # when
    slices = plan(dataset, raw, 100, 1)
    load(dataset, raw, slices[0])

    # then
    assert slices == [Slice(0, 100), Slice(100, 100)]
    assert contents(raw.connection) == before


def test_a_retried_run_keeps_its_batches_and_loads_no_more_than_requested(
    raw: RawWarehouse,
) -> None:
    # given a batch of an earlier run that was killed before its gate
    dataset = file_of(encounters(450))
    earlier = load(dataset, raw, Slice(0, 100))
    began = datetime.now(UTC)
    # and a run whose first try was killed after one new batch
    (first,) = ingest(dataset, raw, 100, 1, began)[1:]
    before = contents(raw.connection)

    # when
    again = ingest(dataset, raw, 100, 1, began)
    assert contents(raw.connection) == before
    both = ingest(dataset, raw, 100, 2, began)

    # then
    assert again == [earlier, first]
    assert both[:2] == again
    assert [(batch.source_offset, batch.rows) for batch in both] == [
        (0, 100), (100, 100), (200, 100),
    ]  # fmt: skip


def test_another_batch_size_continues_where_the_last_batch_ended(raw: RawWarehouse) -> None:
    dataset = file_of(encounters(250))
    accept_next(dataset, raw, 100)

    assert plan(dataset, raw, 60) == [Slice(100, 60), Slice(160, 60), Slice(220, 30)]


def test_a_grown_file_continues_where_it_ended(raw: RawWarehouse) -> None:
    grown = encounters(250)
    accept_next(file_of(grown.slice(0, 150)), raw, 100, None)

    assert plan(file_of(grown, "next_week.zip"), raw, 100) == [Slice(150, 100)]


def test_another_file_starts_from_its_first_row(raw: RawWarehouse) -> None:
    whole = encounters(300)
    accept_next(file_of(whole.slice(0, 150)), raw, 100, None)

    assert plan(file_of(whole.slice(150)), raw, 100) == [Slice(0, 100), Slice(100, 50)]


def test_a_rejected_batch_is_not_loaded_again_and_the_next_one_follows(raw: RawWarehouse) -> None:
    dataset = file_of(encounters(250))
    raw.reject(load(dataset, raw, Slice(0, 100)).batch_id, ["bad"])

    assert plan(dataset, raw, 100, 1) == [Slice(100, 100)]


def test_rejected_rows_that_were_corrected_in_the_file_are_new(raw: RawWarehouse) -> None:
    # given a file whose second batch was rejected
    good = encounters(300)
    ages = good["age"].to_pylist()
    ages[100:200] = ["[300-310)"] * 100
    damaged = file_of(good.set_column(good.column_names.index("age"), "age", pa.array(ages)))
    for piece in plan(damaged, raw, 100):
        batch = load(damaged, raw, piece)
        if piece.offset == 100:
            raw.reject(batch.batch_id, ["age: 100 rows are bad"])
        else:
            raw.accept(batch.batch_id, NO_ROWS)

    # then only those rows are new, once the file is corrected
    assert plan(damaged, raw, 100) == []
    corrected = file_of(good)
    assert plan(corrected, raw, 100) == [Slice(100, 100)]
    accept_next(corrected, raw, 100)
    assert plan(corrected, raw, 100) == []
    assert [batch.state for batch in raw.batches()] == [
        "accepted",
        "rejected",
        "accepted",
        "accepted",
    ]
