"""Which rows of the source are next."""

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
    # and every row is there, once, where it was
    read = pd.concat([raw.read(batch.batch_id) for batch in raw.batches()], ignore_index=True)
    assert read["source_row"].tolist() == list(range(250))
    pd.testing.assert_frame_equal(read[list(schema.NAMES)], dataset.encounters.to_pandas())
    assert {batch.origin for batch in raw.batches()} == {"file"}


def test_a_batch_no_gate_has_decided_on_comes_first_and_is_not_loaded_twice(
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


def test_a_run_that_is_tried_again_keeps_its_batches_and_loads_no_more_than_it_was_asked_for(
    raw: RawWarehouse,
) -> None:
    # given a batch of an earlier run that was killed before its gate
    dataset = file_of(encounters(450))
    earlier = load(dataset, raw, Slice(0, 100))
    began = datetime.now(UTC)
    # and a run of two batches whose first try was killed after one of them
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


def test_another_batch_size_goes_on_where_the_last_batch_ended(raw: RawWarehouse) -> None:
    dataset = file_of(encounters(250))
    accept_next(dataset, raw, 100)

    assert plan(dataset, raw, 60) == [Slice(100, 60), Slice(160, 60), Slice(220, 30)]


def test_a_file_that_has_grown_goes_on(raw: RawWarehouse) -> None:
    grown = encounters(250)
    accept_next(file_of(grown.slice(0, 150)), raw, 100, None)

    assert plan(file_of(grown, "next_week.zip"), raw, 100) == [Slice(150, 100)]


def test_another_file_starts_anew(raw: RawWarehouse) -> None:
    whole = encounters(300)
    accept_next(file_of(whole.slice(0, 150)), raw, 100, None)

    assert plan(file_of(whole.slice(150)), raw, 100) == [Slice(0, 100), Slice(100, 50)]


def test_a_rejected_batch_is_not_tried_again_and_the_next_one_comes(raw: RawWarehouse) -> None:
    dataset = file_of(encounters(250))
    raw.reject(load(dataset, raw, Slice(0, 100)).batch_id, ["bad"])

    assert plan(dataset, raw, 100, 1) == [Slice(100, 100)]


def test_a_rejected_stretch_that_was_mended_in_the_file_is_new(raw: RawWarehouse) -> None:
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

    # then only that stretch is left, once the file is right
    assert plan(damaged, raw, 100) == []
    mended = file_of(good)
    assert plan(mended, raw, 100) == [Slice(100, 100)]
    accept_next(mended, raw, 100)
    assert plan(mended, raw, 100) == []
    assert [batch.state for batch in raw.batches()] == [
        "accepted",
        "rejected",
        "accepted",
        "accepted",
    ]
