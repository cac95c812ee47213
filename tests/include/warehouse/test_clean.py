"""CLEAN: one transaction per batch, even if runs are repeated, concurrent or killed."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import psycopg
import pytest

from readmission.domain import schema
from readmission.domain.splitting import Split
from readmission.errors import BatchNotFound
from readmission.pipeline.process import process
from readmission.settings import CHECKOUT
from readmission.warehouse import BatchState, CleanBatch, CleanWarehouse, RawWarehouse
from tests.conftest import Platform
from tests.include.tables import contents, encounters, held, terminate, waiting_backend

KEY = "a key"
ROWS = 300
BATCHES = ("batch-0001", "batch-0002", "batch-0003")
TRAINED_ON = (Split.TRAIN, Split.VALIDATION)

PROCESS = """
import sys
import psycopg
from readmission.pipeline.process import process
from readmission.warehouse import CleanWarehouse, RawWarehouse
with psycopg.connect(sys.argv[1]) as raw, psycopg.connect(sys.argv[2]) as clean:
    process(RawWarehouse(raw), CleanWarehouse(clean), "batch-0001", sys.argv[3])
"""
NOT_YET_IN_THE_LEDGER = """
INSERT INTO batch (batch_id, number, raw_rows, clean_rows, quarantined_rows, content_sha256, origin)
VALUES ('batch-0001', 1, 0, 0, 0, '', '')
"""
"""Makes a run wait at its ledger line, after it has written patients and rows."""


@pytest.fixture
def raw(raw_db: psycopg.Connection) -> RawWarehouse:
    """Three accepted batches."""
    warehouse = RawWarehouse(raw_db)
    everything = encounters(len(BATCHES) * ROWS)
    for position, batch_id in enumerate(BATCHES):
        offset = position * ROWS
        warehouse.load(everything.slice(offset, ROWS), offset, "synthetic")
        warehouse.accept(batch_id, pd.DataFrame({"source_row": [], "reasons": []}))
    return warehouse


@pytest.fixture
def warehouse(clean_db: psycopg.Connection) -> CleanWarehouse:
    return CleanWarehouse(clean_db)


@pytest.fixture
def filled(raw: RawWarehouse, warehouse: CleanWarehouse) -> CleanWarehouse:
    """The three batches, before their gate has decided."""
    for batch_id in BATCHES:
        process(raw, warehouse, batch_id, KEY)
    return warehouse


def process_once(platform: Platform, batch_id: str = "batch-0001") -> CleanBatch:
    with (
        psycopg.connect(platform.raw_dsn) as raw,
        psycopg.connect(platform.clean_dsn) as clean,
    ):
        return process(RawWarehouse(raw), CleanWarehouse(clean), batch_id, KEY)


@pytest.mark.parametrize("kill", ["session", "process"])
def test_a_run_killed_before_its_commit_leaves_nothing_and_repeats(
    raw: RawWarehouse, warehouse: CleanWarehouse, platform: Platform, kill: str
) -> None:
    # given a run that has written patients and rows but not committed
    before = contents(warehouse.connection)
    with held(platform.clean_dsn, NOT_YET_IN_THE_LEDGER), ThreadPoolExecutor(1) as pool:
        if kill == "session":
            processing = pool.submit(process_once, platform)
            # when the server drops it
            terminate(platform.clean_dsn, waiting_backend(platform.clean_dsn))
            assert isinstance(processing.exception(30), psycopg.OperationalError)
        else:
            running = subprocess.Popen(
                [sys.executable, "-c", PROCESS, platform.raw_dsn, platform.clean_dsn, KEY],
                env={"PYTHONPATH": str(CHECKOUT / "include")},
            )
            waiting_backend(platform.clean_dsn)
            # when it is killed
            running.kill()
            running.wait()

    # then nothing is left
    assert contents(warehouse.connection) == before
    # and repeating it leaves the same as an undisturbed run
    process_once(platform)
    repeated = contents(warehouse.connection, clock=False)
    warehouse.connection.execute("TRUNCATE batch, patient, encounter")
    process(raw, warehouse, "batch-0001", KEY)
    assert contents(warehouse.connection, clock=False) == repeated


def test_concurrent_runs_of_one_batch_leave_the_same_as_runs_in_turn(
    raw: RawWarehouse, warehouse: CleanWarehouse, platform: Platform
) -> None:
    # given
    process(raw, warehouse, "batch-0001", KEY)
    expected = contents(warehouse.connection, clock=False)
    warehouse.connection.execute("TRUNCATE batch, patient, encounter")
    warehouse.connection.commit()
    start = threading.Barrier(2)

    def race(_: int) -> str:
        start.wait()
        return process_once(platform).content_sha256

    # when
    with ThreadPoolExecutor(2) as pool:
        hashes = set(pool.map(race, range(2)))

    # then
    assert len(hashes) == 1
    assert contents(warehouse.connection, clock=False) == expected


def test_concurrent_batches_give_each_patient_one_split(
    raw: RawWarehouse, warehouse: CleanWarehouse, platform: Platform
) -> None:
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda batch_id: process_once(platform, batch_id), BATCHES))

    rows = pd.concat(map(warehouse.read_batch, BATCHES))
    assert len(rows) == len(BATCHES) * ROWS
    assert rows.groupby(schema.PATIENT)["part"].nunique().eq(1).all()


def test_only_accepted_batches_up_to_one_are_read_for_training(filled: CleanWarehouse) -> None:
    # given
    filled.accept("batch-0001")
    filled.reject("batch-0002", ["bad"])
    filled.accept("batch-0003")

    # when
    early = filled.read_splits(TRAINED_ON, "batch-0002")
    late = filled.read_splits(TRAINED_ON, "batch-0003")
    test = filled.read_splits((Split.TEST,))

    # then
    assert set(early["batch_id"]) == {"batch-0001"}
    assert list(late["batch_id"].unique()) == ["batch-0001", "batch-0003"]
    assert set(late["part"]) == {"train", "val"}
    assert set(test["batch_id"]) == {"batch-0001", "batch-0003"}
    assert set(test["part"]) == {"test"}
    assert len(late) + len(test) == 2 * ROWS
    assert late["source_row"].is_monotonic_increasing


def test_a_rejected_batch_stays_readable_with_its_reason(filled: CleanWarehouse) -> None:
    batch = filled.reject("batch-0002", ["one", "two"])

    assert (batch.state, batch.reason) == (BatchState.REJECTED, "one\ntwo")
    assert len(filled.read_batch("batch-0002")) == ROWS


def test_the_sizes_of_the_splits_are_counted_by_batch(filled: CleanWarehouse) -> None:
    sizes = filled.split_sizes()

    for batch_id in BATCHES:
        splits = filled.read_batch(batch_id)["part"].value_counts()
        assert {split: sizes[batch_id, split] for split in splits.index} == splits.to_dict()
    assert sum(sizes.values()) == len(BATCHES) * ROWS


def test_the_database_rejects_a_ledger_line_that_does_not_add_up(filled: CleanWarehouse) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        filled.connection.execute("UPDATE batch SET clean_rows = clean_rows - 1")


@pytest.mark.parametrize("decide", ["batch", "accept"])
def test_an_unknown_batch_is_refused_by_name(warehouse: CleanWarehouse, decide: str) -> None:
    with pytest.raises(BatchNotFound, match="batch-0099 is not in the CLEAN ledger"):
        getattr(warehouse, decide)("batch-0099")
