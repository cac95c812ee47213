"""From RAW to CLEAN: every row is accounted for, and a repeated run changes nothing."""

import pandas as pd
import psycopg
import pytest

from readmission.domain import schema
from readmission.domain.cleaning import clean, eligible, outcome
from readmission.errors import BatchNotFound, RowsLost
from readmission.pipeline.process import process
from readmission.warehouse import BatchState, CleanWarehouse, RawWarehouse
from tests.include.tables import contents, encounters

KEY = "a key"
ROWS = 400
NO_ROWS = pd.DataFrame({"source_row": [], "reasons": []})


@pytest.fixture
def raw(raw_db: psycopg.Connection) -> RawWarehouse:
    """Two accepted batches; rows 3 and 5 of the first are in quarantine."""
    warehouse = RawWarehouse(raw_db)
    everything = encounters(2 * ROWS, age={3: "[120-130)"}, readmitted={5: "MAYBE"})
    for offset in (0, ROWS):
        warehouse.load(everything.slice(offset, ROWS), offset, "synthetic")
    bad = pd.DataFrame({"source_row": [3, 5], "reasons": [["age"], ["readmitted"]]})
    warehouse.accept("batch-0001", bad)
    warehouse.accept("batch-0002", NO_ROWS)
    return warehouse


@pytest.fixture
def warehouse(clean_db: psycopg.Connection) -> CleanWarehouse:
    return CleanWarehouse(clean_db)


def test_raw_rows_are_clean_rows_plus_quarantined_rows(
    raw: RawWarehouse, warehouse: CleanWarehouse
) -> None:
    # when
    batch = process(raw, warehouse, "batch-0001", KEY)

    # then
    assert (batch.raw_rows, batch.clean_rows, batch.quarantined_rows) == (ROWS, ROWS - 2, 2)
    assert (batch.number, batch.origin, batch.state) == (1, "synthetic", BatchState.LOADED)
    rows = warehouse.read_batch("batch-0001")
    assert rows["source_row"].tolist() == [row for row in range(ROWS) if row not in (3, 5)]


def test_the_rows_are_those_of_the_cleaning(raw: RawWarehouse, warehouse: CleanWarehouse) -> None:
    # when
    process(raw, warehouse, "batch-0002", KEY)

    # then
    raw_rows, rows = raw.read("batch-0002"), warehouse.read_batch("batch-0002")
    pd.testing.assert_frame_equal(rows[list(schema.FEATURE_NAMES)], clean(raw_rows))
    assert rows[schema.TARGET].tolist() == outcome(raw_rows).tolist()
    assert rows["eligible"].tolist() == eligible(raw_rows).tolist()
    assert rows[schema.PATIENT].astype(str).tolist() == raw_rows[schema.PATIENT].tolist()


def test_patients_keep_their_split_in_later_batches(
    raw: RawWarehouse, warehouse: CleanWarehouse
) -> None:
    # when
    process(raw, warehouse, "batch-0001", KEY)
    first = warehouse.patient_splits()
    process(raw, warehouse, "batch-0002", KEY)

    # then
    everyone = warehouse.patient_splits()
    assert first.items() <= everyone.items()
    rows = pd.concat(map(warehouse.read_batch, ("batch-0001", "batch-0002")))
    returning = rows.groupby(schema.PATIENT)["batch_id"].nunique() == 2
    assert returning.sum() > 10
    assert rows["part"].tolist() == rows[schema.PATIENT].map(everyone).tolist()


def test_a_repeated_run_keeps_the_rows_and_the_decision(
    raw: RawWarehouse, warehouse: CleanWarehouse
) -> None:
    # given
    process(raw, warehouse, "batch-0001", KEY)
    process(raw, warehouse, "batch-0002", KEY)
    warehouse.accept("batch-0001")
    before = contents(warehouse.connection)

    # when
    repeated = process(raw, warehouse, "batch-0001", KEY)

    # then
    assert repeated.state is BatchState.ACCEPTED
    assert contents(warehouse.connection) == before


def test_rows_released_from_quarantine_replace_the_batch_which_awaits_the_gate(
    raw: RawWarehouse, warehouse: CleanWarehouse
) -> None:
    # given a good row in quarantine
    good = pd.DataFrame({"source_row": [ROWS], "reasons": [["doubtful"]]})
    raw.accept("batch-0002", good)
    process(raw, warehouse, "batch-0002", KEY)
    warehouse.accept("batch-0002")
    splits = warehouse.patient_splits()

    # when it is released
    raw.accept("batch-0002", NO_ROWS)
    batch = process(raw, warehouse, "batch-0002", KEY)

    # then
    assert (batch.clean_rows, batch.state) == (ROWS, BatchState.LOADED)
    assert splits.items() <= warehouse.patient_splits().items()


def test_lost_rows_stop_the_batch(raw: RawWarehouse, warehouse: CleanWarehouse) -> None:
    # given
    raw.connection.execute("DELETE FROM encounter WHERE source_row = %s", (ROWS + 1,))
    raw.connection.commit()
    before = contents(warehouse.connection)

    # when
    with pytest.raises(RowsLost, match="batch-0002: 400 RAW rows are not 399 rows for CLEAN"):
        process(raw, warehouse, "batch-0002", KEY)

    # then
    assert contents(warehouse.connection) == before


@pytest.mark.parametrize("state", ["loaded", "rejected"])
def test_only_an_accepted_batch_is_processed(
    raw: RawWarehouse, warehouse: CleanWarehouse, state: str
) -> None:
    raw.connection.execute("UPDATE batch SET state = %s WHERE number = 2", (state,))

    with pytest.raises(BatchNotFound, match="batch-0002 is not in the accepted RAW ledger"):
        process(raw, warehouse, "batch-0002", KEY)


def test_an_unknown_batch_is_an_error(raw: RawWarehouse, warehouse: CleanWarehouse) -> None:
    with pytest.raises(BatchNotFound, match="batch-0009 is not in the RAW ledger"):
        process(raw, warehouse, "batch-0009", KEY)
