"""RAW: each batch is stored once and unchanged, even if loads are repeated or killed."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import psycopg
import pytest

from readmission.domain import schema
from readmission.errors import BatchNotFound
from readmission.settings import CHECKOUT
from readmission.warehouse import BatchState, RawBatch, RawWarehouse
from readmission.warehouse.raw.corrections import Corrections
from readmission.warehouse.sql.content import content_hash
from tests.conftest import Platform
from tests.include.tables import contents, encounters, held, terminate, waiting_backend

ROWS = 200
NO_ROWS = pd.DataFrame({"source_row": [], "reasons": []})
NASTY = [
    "", " ", "?", "None", "NULL", "\\N", "\\.", '"', '""', "a,b", 'a "b", c', "a\nb", "a\r\nb",
    "'; DROP TABLE batch; --", "Ω é 漢", " lead", "trail ", "\t", "%s", "{}", "0010", "1e5",
]  # fmt: skip

LOAD = """
import sys
import psycopg
from readmission.warehouse import RawWarehouse
from tests.include.tables import encounters
with psycopg.connect(sys.argv[1]) as connection:
    RawWarehouse(connection).load(encounters(int(sys.argv[2])), 0, "synthetic")
"""
NOT_YET_ANALYZED = "LOCK TABLE encounter IN SHARE UPDATE EXCLUSIVE MODE"
"""Makes a load wait just before its commit, after it has written all rows."""


@pytest.fixture
def raw(raw_db: psycopg.Connection) -> RawWarehouse:
    return RawWarehouse(raw_db)


def load(dsn: str, rows: int = ROWS, offset: int = 0) -> RawBatch:
    with psycopg.connect(dsn) as connection:
        return RawWarehouse(connection).load(encounters(rows), offset, "synthetic")


def test_rows_are_read_back_byte_for_byte(raw: RawWarehouse) -> None:
    # given values with a meaning in CSV, a shell or SQL
    nasty = dict(enumerate(NASTY))
    sent = encounters(ROWS, payer_code=nasty, diag_1=nasty, readmitted=nasty)

    # when
    batch = raw.load(sent, 30_000, "file")

    # then
    read = raw.read(batch.batch_id)
    pd.testing.assert_frame_equal(read[list(schema.NAMES)], sent.to_pandas())
    assert read["source_row"].tolist() == list(range(30_000, 30_000 + ROWS))
    assert batch.content_sha256 == content_hash(sent)


def test_values_longer_than_a_block_of_the_reader_are_read_back(raw: RawWarehouse) -> None:
    # given line breaks in every row of more than a megabyte
    sent = encounters(8_000, race=dict.fromkeys(range(8_000), "Cau\ncasian"))

    batch = raw.load(sent, 0, "file")

    pd.testing.assert_frame_equal(raw.read(batch.batch_id)[list(schema.NAMES)], sent.to_pandas())


def test_the_ledger_describes_each_batch(raw: RawWarehouse) -> None:
    first = raw.load(encounters(ROWS), 0, "uci")
    second = raw.load(encounters(ROWS), ROWS, "uci")

    assert [b.batch_id for b in raw.batches()] == ["batch-0001", "batch-0002"]
    assert (second.number, second.rows, second.source_offset) == (2, ROWS, ROWS)
    assert (second.origin, second.state, second.reason) == ("uci", BatchState.LOADED, "")
    assert (second.quarantined_rows, second.accepted_rows, second.decided_at) == (0, ROWS, None)
    assert raw.batch("batch-0001") == first


def test_a_repeated_load_changes_nothing(raw: RawWarehouse) -> None:
    # given
    raw.load(encounters(ROWS), 0, "uci")
    raw.accept("batch-0001", pd.DataFrame({"source_row": [3], "reasons": [["bad"]]}))
    before = contents(raw.connection)

    # when the same rows are loaded from the same offset
    repeated = raw.load(encounters(ROWS), 0, "uci")

    # then
    assert repeated.batch_id == "batch-0001"
    assert contents(raw.connection) == before


def test_different_rows_at_the_same_offset_are_another_batch(raw: RawWarehouse) -> None:
    raw.load(encounters(ROWS), 0, "file")

    corrected = raw.load(encounters(ROWS, age={0: "[0-10)"}), 0, "file")

    assert corrected.batch_id == "batch-0002"


@pytest.mark.parametrize("kill", ["session", "process"])
def test_a_load_killed_before_its_commit_leaves_nothing_and_repeats(
    raw: RawWarehouse, platform: Platform, kill: str
) -> None:
    # given a load that has written everything but not committed
    before = contents(raw.connection)
    with held(platform.raw_dsn, NOT_YET_ANALYZED), ThreadPoolExecutor(1) as pool:
        if kill == "session":
            loading = pool.submit(load, platform.raw_dsn)
            # when the server drops it
            terminate(platform.raw_dsn, waiting_backend(platform.raw_dsn))
            assert isinstance(loading.exception(30), psycopg.OperationalError)
        else:
            process = subprocess.Popen(
                [sys.executable, "-c", LOAD, platform.raw_dsn, str(ROWS)],
                cwd=CHECKOUT,
                env={"PYTHONPATH": f"{CHECKOUT / 'include'}:{CHECKOUT}"},
            )
            waiting_backend(platform.raw_dsn)
            # when it is killed
            process.kill()
            process.wait()

    # then nothing is left
    assert contents(raw.connection) == before
    # and repeating it leaves the same as an undisturbed load
    load(platform.raw_dsn)
    repeated = contents(raw.connection, clock=False)
    raw.connection.execute("TRUNCATE batch, encounter CASCADE")
    raw.load(encounters(ROWS), 0, "synthetic")
    assert contents(raw.connection, clock=False) == repeated


@pytest.mark.parametrize(
    ("offsets", "expected"),
    [((0, 0), ["batch-0001"]), ((0, ROWS), ["batch-0001", "batch-0002"])],
    ids=["same rows", "other rows"],
)
def test_concurrent_loads_get_different_numbers(
    raw: RawWarehouse, platform: Platform, offsets: tuple[int, int], expected: list[str]
) -> None:
    # given two loads that start together
    start = threading.Barrier(2)

    def race(offset: int) -> str:
        start.wait()
        return load(platform.raw_dsn, offset=offset).batch_id

    # when
    with ThreadPoolExecutor(2) as pool:
        loaded = set(pool.map(race, offsets))

    # then
    assert sorted(loaded) == [batch.batch_id for batch in raw.batches()] == expected
    counted = raw.connection.execute("SELECT count(*) FROM encounter").fetchone()
    assert counted == (ROWS * len(expected),)


def test_quarantined_rows_are_set_aside_with_their_reasons(raw: RawWarehouse) -> None:
    # given
    raw.load(encounters(ROWS), 0, "file")

    # when
    bad = pd.DataFrame({"source_row": [5, 7], "reasons": [["a", "b"], ['"c", {d}']]})
    batch = raw.accept("batch-0001", bad)

    # then
    assert (batch.state, batch.quarantined_rows) == (BatchState.ACCEPTED, 2)
    assert batch.accepted_rows == len(raw.read("batch-0001", quarantined=False)) == ROWS - 2
    assert set(raw.read("batch-0001")["source_row"]) - set(
        raw.read("batch-0001", quarantined=False)["source_row"]
    ) == {5, 7}
    assert raw.quarantine().to_dict("records") == [
        {"batch_id": "batch-0001", "source_row": 5, "reasons": ["a", "b"]},
        {"batch_id": "batch-0001", "source_row": 7, "reasons": ['"c", {d}']},
    ]


def test_a_new_decision_of_the_gate_replaces_the_earlier_one(raw: RawWarehouse) -> None:
    raw.load(encounters(ROWS), 0, "file")
    raw.accept("batch-0001", pd.DataFrame({"source_row": [5], "reasons": [["a"]]}))

    rejected = raw.reject("batch-0001", ["too many", "bad rows"])

    assert (rejected.state, rejected.reason) == (BatchState.REJECTED, "too many\nbad rows")
    assert rejected.quarantined_rows == 0
    assert len(raw.read("batch-0001")) == ROWS


def test_only_a_valid_row_of_an_accepted_batch_is_corrected(raw: RawWarehouse) -> None:
    # given row 0 quarantined in batch 1, batch 2 rejected, batch 4 undecided, with the same keys
    rows = encounters(10, age=dict.fromkeys(range(10), "[40-50)"))
    others = encounters(10, age=dict.fromkeys(range(10), "[50-60)"))
    for offset, table in ((0, rows), (10, rows), (20, others), (30, rows)):
        raw.load(table, offset, "file")
    raw.accept("batch-0001", pd.DataFrame({"source_row": [0], "reasons": [["bad"]]}))
    raw.reject("batch-0002", ["bad"])

    found = Corrections(raw.connection).find("batch-0003")

    assert [(one.source_row, one.earlier_row) for one in found] == [
        (20 + n, n) for n in range(1, 10)
    ]
    assert {(one.earlier_batch, *one.columns) for one in found} == {("batch-0001", "age")}


def test_the_error_about_an_unknown_batch_names_it(raw: RawWarehouse) -> None:
    with pytest.raises(BatchNotFound, match="batch-0099 is not in the RAW ledger"):
        raw.batch("batch-0099")


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO encounter (batch_id, source_row) VALUES ('batch-0009', 1)",
        "UPDATE encounter SET batch_id = 'batch-0009'",
        "DELETE FROM batch",
        "UPDATE batch SET batch_id = 'batch-0009'",
        "TRUNCATE batch CASCADE",
    ],
)
def test_every_row_has_a_batch(raw: RawWarehouse, statement: str) -> None:
    raw.load(encounters(3), 0, "file")
    before = contents(raw.connection)

    with pytest.raises(psycopg.errors.ForeignKeyViolation), raw.connection.transaction():
        raw.connection.execute(statement.encode())

    assert contents(raw.connection) == before
