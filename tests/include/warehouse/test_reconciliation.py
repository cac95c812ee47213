"""Every encounter is in exactly one place at every step, and missing ones are detected."""

from pathlib import Path

import psycopg
import pytest

from readmission.errors import RowsLost
from readmission.pipeline.process import process
from readmission.pipeline.replay import replay
from readmission.warehouse.reconciliation import account
from readmission.warehouse.sql.tallies import clean_tallies, raw_tallies
from tests.include.hospital import BAD, FIRST, GOOD, ROWS, Hospital

pytestmark = pytest.mark.slow

BY, WHY = "Dr. Osei", "typing error"


@pytest.fixture
def hospital(raw_db: psycopg.Connection, clean_db: psycopg.Connection, tmp_path: Path) -> Hospital:
    return Hospital(raw_db, clean_db, tmp_path)


@pytest.mark.slow
def test_the_sum_holds_after_every_step(hospital: Hospital) -> None:
    def assert_account(expected: str) -> None:
        assert str(hospital.account()) == expected

    assert_account("0 encounters = 0 clean + 0 in quarantine")
    batch = hospital.arrive(age=BAD)
    assert_account("100 encounters = 0 clean + 0 in quarantine + 100 in progress")
    hospital.gate(batch)
    assert_account("100 encounters = 0 clean + 2 in quarantine + 98 in progress")
    process(hospital.raw, hospital.clean, FIRST, "a key")
    assert_account("100 encounters = 98 clean + 2 in quarantine")
    hospital.quarantine.fix(FIRST, [7], {}, BY, WHY)
    assert_account("100 encounters = 98 clean + 2 in quarantine")
    hospital.quarantine.waive(FIRST, [8], BY, WHY)
    assert_account("100 encounters = 98 clean + 1 in quarantine + 1 waived")
    (first,) = replay(hospital.raw)
    assert_account("100 encounters = 98 clean + 0 in quarantine + 1 waived + 1 in progress")
    hospital.gate(first)  # Its age is still wrong.
    assert_account("100 encounters = 98 clean + 1 in quarantine + 1 waived")
    hospital.quarantine.fix(first.batch_id, [7], GOOD, BY, WHY)
    (second,) = replay(hospital.raw)
    hospital.gate(second)
    assert_account("100 encounters = 98 clean + 0 in quarantine + 1 waived + 1 in progress")
    hospital.refine(second.batch_id)
    assert_account("100 encounters = 99 clean + 0 in quarantine + 1 waived")
    assert hospital.replay() == []
    assert_account("100 encounters = 99 clean + 0 in quarantine + 1 waived")
    hospital.arrive(ROWS)
    hospital.raw.reject("batch-0004", ["a column is missing"])
    assert_account("200 encounters = 99 clean + 0 in quarantine + 1 waived + 100 rejected")


def test_a_batch_that_clean_rejects_is_rejected(hospital: Hospital) -> None:
    hospital.arrive()
    hospital.set_aside(FIRST)
    process(hospital.raw, hospital.clean, FIRST, "a key")
    hospital.clean.reject(FIRST, ["bad"])

    assert str(hospital.account()) == "100 encounters = 0 clean + 0 in quarantine + 100 rejected"


def test_a_batch_checked_again_is_in_progress_until_it_is_processed(
    hospital: Hospital,
) -> None:
    # given a batch in CLEAN, of which the gate then quarantines another row
    hospital.arrive()
    hospital.set_aside(FIRST)
    hospital.refine(FIRST)
    hospital.set_aside(FIRST, 3)

    assert (hospital.account().in_progress, hospital.account().quarantined) == (ROWS - 1, 1)
    hospital.refine(FIRST)
    assert (hospital.account().clean, hospital.account().quarantined) == (ROWS - 1, 1)


@pytest.mark.parametrize(
    ("database", "change", "message"),
    [
        ("clean", "DELETE FROM encounter WHERE source_row = 20", f"{FIRST}: 100 RAW rows, but 97"),
        (
            "raw",
            "DELETE FROM encounter WHERE source_row = 20",
            "says 100 rows, but its table has 99",
        ),
        ("raw", "DELETE FROM quarantine WHERE state = 'open'", f"{FIRST}: 100 RAW rows, but 98"),
        ("clean", "DELETE FROM encounter WHERE batch_id LIKE 'replay%'", "replay-0002: 1 RAW rows"),
        (
            "raw",
            "ALTER TABLE quarantine DISABLE TRIGGER USER;"
            "UPDATE quarantine SET state = 'fixed', replay_batch = NULL WHERE state = 'replayed'",
            "replay-0002: 0 quarantined rows are marked as replayed in it, expected 1",
        ),
        (
            "raw",
            "ALTER TABLE quarantine DISABLE TRIGGER USER;"
            "DELETE FROM quarantine WHERE state = 'replayed'",
            f"{FIRST}: 100 RAW rows, but 98",
        ),
        (
            "clean",
            "UPDATE batch SET batch_id = 'batch-0009', number = 9 WHERE number = 2",
            "batch-0009: in CLEAN, but not in RAW",
        ),
    ],
    ids=["CLEAN row", "RAW row", "open row", "replay", "reopened", "replayed row", "unknown"],
)
def test_missing_rows_are_detected(
    hospital: Hospital, database: str, change: str, message: str
) -> None:
    # given rows in every state
    hospital.arrive(age=BAD)
    hospital.set_aside(FIRST, 7, 8)
    hospital.refine(FIRST)
    hospital.quarantine.fix(FIRST, [7], GOOD, BY, WHY)
    hospital.replay()
    hospital.account()

    # when some rows are deleted or changed
    connection = getattr(hospital, database).connection
    connection.execute(change)
    connection.commit()

    # then
    with pytest.raises(RowsLost, match=message):
        hospital.account()


def test_the_counts_follow_every_statement(hospital: Hospital) -> None:
    raw, clean = hospital.raw.connection, hospital.clean.connection

    def assert_counted(rows: int, split_rows: int) -> None:
        tallies = raw_tallies(raw)
        assert tallies == raw_tallies(raw, recount=True)
        assert sum(tally.stored for tally in tallies) == rows
        assert clean_tallies(clean) == clean_tallies(clean, recount=True)
        assert sum(hospital.clean.split_sizes().values()) == split_rows

    # given two batches
    for offset in (0, ROWS):
        batch = hospital.arrive(offset)
        hospital.set_aside(batch.batch_id)
        hospital.refine(batch.batch_id)
    assert_counted(2 * ROWS, 2 * ROWS)

    # when rows are corrected, deleted, moved to another batch, and written again
    clean.execute("UPDATE encounter SET superseded_by = 'batch-0002' WHERE source_row < 5")
    assert_counted(2 * ROWS, 2 * ROWS)
    assert clean_tallies(clean)[FIRST].superseded == 5
    raw.execute("DELETE FROM encounter WHERE source_row IN (1, 150)")
    clean.execute("DELETE FROM encounter WHERE source_row IN (1, 2, 150)")
    assert_counted(2 * ROWS - 2, 2 * ROWS - 3)
    raw.execute("UPDATE encounter SET batch_id = 'batch-0002' WHERE source_row = 7")
    assert_counted(2 * ROWS - 2, 2 * ROWS - 3)
    raw.rollback()
    clean.rollback()
    assert_counted(2 * ROWS, 2 * ROWS)

    # and when the tables are emptied
    raw.execute("TRUNCATE encounter CASCADE")
    clean.execute("TRUNCATE encounter")
    assert_counted(0, 0)
    assert raw.execute("TABLE stored_rows").fetchall() == []


def test_a_recount_finds_rows_that_no_trigger_saw_disappear(hospital: Hospital) -> None:
    # given a table that has lost a row, as after a restore from a backup that lacks it
    hospital.arrive()
    raw = hospital.raw.connection
    raw.execute("ALTER TABLE encounter DISABLE TRIGGER USER")
    raw.execute("DELETE FROM encounter WHERE source_row = 20")

    # then
    assert hospital.account().arrived == ROWS
    with pytest.raises(RowsLost, match="says 100 rows, but its table has 99"):
        account(hospital.raw, hospital.clean, recount=True)
