"""A delivery that overlaps with an earlier one brings its new rows; the others are counted."""

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import psycopg
import pyarrow as pa
import pytest

from readmission.errors import GateFailed
from readmission.pipeline.ingest import ingest
from readmission.pipeline.process import process
from readmission.pipeline.replay import replay
from readmission.pipeline.source import Dataset, Origin
from readmission.quality.gates import Gatekeeper
from readmission.warehouse import BatchState, CleanWarehouse, Quarantine, RawBatch, RawWarehouse
from readmission.warehouse.raw.corrections import Corrections
from readmission.warehouse.raw.repeated_rows import RepeatedRows
from readmission.warehouse.reconciliation import account
from tests.conftest import Platform
from tests.include.quality.conftest import LIMIT, NO_ROWS
from tests.include.tables import contents, encounters

FIRST, SECOND = "batch-0001", "batch-0002"


class Ward:
    """Files that arrive, each of which is one batch at the raw gate."""

    def __init__(self, raw: RawWarehouse, gatekeeper: Gatekeeper) -> None:
        self.raw, self.gatekeeper = raw, gatekeeper

    def load(self, rows: pa.Table) -> RawBatch:
        (batch,) = ingest(Dataset(Path("file.csv"), Origin.FILE, rows), self.raw, 10_000)
        return batch

    def deliver(self, rows: pa.Table) -> RawBatch:
        return self.gatekeeper.raw(self.raw, self.load(rows).batch_id, LIMIT)

    def accept(self, rows: pa.Table, *bad: int) -> RawBatch:
        """Accept a file like the gate, which takes a second, and quarantine some of its rows."""
        batch_id = self.load(rows).batch_id
        RepeatedRows(self.raw.connection).mark(batch_id)
        reasons = [["a value is wrong"]] * len(bad)
        return self.raw.accept(batch_id, pd.DataFrame({"source_row": bad, "reasons": reasons}))

    def repeats(self, batch_id: str) -> Mapping[int, tuple[str, int]]:
        """Return which row of which batch each repeated row repeats."""
        with self.raw.connection.transaction():
            rows = self.raw.connection.execute(
                "SELECT source_row, earlier_batch, earlier_row FROM repeated_row"
                " WHERE batch_id = %s",
                (batch_id,),
            ).fetchall()
        return {row: (batch, earlier) for row, batch, earlier in rows}


def turned(rows: pa.Table) -> pa.Table:
    """Return the rows in another order, so that the file does not continue an earlier one."""
    return pa.concat_tables([rows.slice(10), rows.slice(0, 10)])


@pytest.fixture
def ward(raw: RawWarehouse, gatekeeper: Gatekeeper) -> Ward:
    return Ward(raw, gatekeeper)


def test_a_rolling_window_brings_its_new_rows(ward: Ward, clean: CleanWarehouse) -> None:
    # given the encounters 0 to 499
    window = encounters(900)
    ward.deliver(window.slice(0, 500))

    # when 400 to 899 arrive
    batch = ward.deliver(window.slice(400))

    # then 100 are repeated and 400 are new
    assert (batch.state, batch.rows, batch.repeated_rows) == (BatchState.ACCEPTED, 500, 100)
    assert (batch.quarantined_rows, batch.accepted_rows) == (0, 400)
    assert ward.repeats(SECOND) == {row: (FIRST, 400 + row) for row in range(100)}
    # and RAW has all rows as they arrived, CLEAN has each encounter once
    assert len(ward.raw.read(SECOND)) == 500
    for batch_id in (FIRST, SECOND):
        process(ward.raw, clean, batch_id, "a key")
        ward.gatekeeper.clean(clean, batch_id)
    assert [batch.clean_rows for batch in clean.batches()] == [500, 400]
    assert str(account(ward.raw, clean)) == (
        "1,000 encounters = 900 clean + 0 in quarantine + 100 repeated"
    )


def test_a_row_in_another_spelling_is_repeated_and_no_correction(ward: Ward) -> None:
    # given rows of an export of CSV, one of which has an age in years
    known = {
        "race": {1: "?", 2: "?"}, "diag_1": {1: "250.83", 3: "428"}, "max_glu_serum": {1: "None"},
        "age": {4: "75"}, "gender": {1: "Female"},
    }  # fmt: skip
    ward.accept(encounters(61, **known).slice(0, 60))

    # when they arrive from a Spanish Excel, with a new row, other values and another year of age
    sent = {
        "race": {1: "", 2: "NA"}, "diag_1": {1: "250,83", 3: "E11.9"}, "max_glu_serum": {1: ""},
        "age": {4: "76"}, "gender": {1: "FEMALE"},
    }  # fmt: skip
    batch = ward.deliver(encounters(61, **sent))

    # then rows that say the same are repeated, and only what differs is a correction
    assert (batch.repeated_rows, batch.quarantined_rows, batch.accepted_rows) == (58, 2, 1)
    corrected = Corrections(ward.raw.connection).all()
    assert [(one.source_row, one.columns) for one in corrected] == [(3, ["diag_1"]), (4, ["age"])]
    assert ward.repeats(SECOND)[1] == (FIRST, 1)


def test_copies_in_one_file_are_counted(ward: Ward) -> None:
    rows = encounters(300)

    batch = ward.accept(pa.concat_tables([rows, rows.slice(5, 3), rows.slice(5, 1)]))

    assert (batch.state, batch.repeated_rows, batch.accepted_rows) == (BatchState.ACCEPTED, 4, 300)
    repeats = ward.repeats(FIRST)
    assert repeats == {300: (FIRST, 5), 301: (FIRST, 6), 302: (FIRST, 7), 303: (FIRST, 5)}


def test_copies_in_one_file_in_another_spelling_are_repeated(ward: Ward) -> None:
    # given a file with copies of four rows from another export
    rows = encounters(
        100, diag_1={5: "250.83", 7: "428"}, race={6: "?"}, age={8: "75"}, gender={6: "Female"}
    )
    copies = encounters(
        100, diag_1={5: "250,83", 7: "427"}, race={6: ""}, age={8: "76"}, gender={6: "FEMALE"}
    )

    batch = ward.deliver(pa.concat_tables([rows, copies.slice(5, 4), rows.slice(5, 1)]))

    # then those that say the same are repeated, and those that differ are in quarantine
    assert ward.repeats(FIRST) == {100: (FIRST, 5), 101: (FIRST, 6), 104: (FIRST, 5)}
    assert (batch.state, batch.repeated_rows) == (BatchState.ACCEPTED, 3)
    waiting = [row.source_row for row in Quarantine(ward.raw.connection).rows()]
    assert waiting == [7, 8, 102, 103]


def test_a_batch_without_a_new_row_is_closed_with_the_reason(ward: Ward) -> None:
    # given a file, and a part of it under another name, which starts at another row
    rows = encounters(200)
    ward.accept(rows)

    batch = ward.deliver(rows.slice(50, 100))

    assert (batch.state, batch.ends_here) == (BatchState.ACCEPTED, True)
    assert batch.reason == "none of the 100 rows is new: 100 had arrived before"
    # and the first file itself is still recognised by what was sent, as is the part
    for table in (rows, rows.slice(50, 100)):
        assert ingest(Dataset(Path("again.csv"), Origin.FILE, table), ward.raw, 10_000) == []


def test_the_gate_repeated_leaves_the_same_rows(ward: Ward) -> None:
    # given two windows
    window = encounters(150)
    ward.accept(window.slice(0, 100))
    ward.accept(window.slice(50))
    before = contents(ward.raw.connection, clock=False)

    # when the gates are run again, the earlier one last
    for batch_id in (SECOND, FIRST):
        ward.gatekeeper.raw(ward.raw, batch_id, LIMIT)

    # then the rows of the first batch do not repeat those of the second
    after = contents(ward.raw.connection, clock=False)
    assert {**after, "gate_verdict": []} == before


def test_a_gate_killed_after_it_marked_rows_marks_the_same_again(ward: Ward) -> None:
    window = encounters(150)
    ward.accept(window.slice(0, 100))
    ward.load(window.slice(50))
    assert RepeatedRows(ward.raw.connection).mark(SECOND) == 50

    batch = ward.gatekeeper.raw(ward.raw, SECOND, LIMIT)

    assert (batch.repeated_rows, batch.accepted_rows) == (50, 50)


def test_rows_of_a_rejected_batch_are_not_repeated(ward: Ward) -> None:
    # given two windows that were loaded together, of which the gate rejects the first
    window = encounters(150)
    ward.load(window.slice(0, 100))
    second = ward.load(window.slice(50))
    ward.raw.reject(FIRST, ["bad"])

    # then the second brings all of its rows
    assert RepeatedRows(ward.raw.connection).mark(second.batch_id) == 0


def test_a_rejected_batch_has_no_repeated_rows(ward: Ward) -> None:
    # given a batch of known rows and too many bad ones
    rows = encounters(200, age=dict.fromkeys(range(100, 130), "[200-210)"))
    ward.accept(rows.slice(0, 100))

    with pytest.raises(GateFailed, match="30 of 200 rows are bad"):
        ward.deliver(turned(rows))

    assert ward.raw.batch(SECOND).repeated_rows == 0


def test_a_bad_row_that_arrives_again_waits_for_one_decision(ward: Ward) -> None:
    # given a quarantined row, fixed and replayed
    rows = encounters(100, age={7: "[300-310)"})
    ward.accept(rows.slice(0, 60), 7)
    quarantine = Quarantine(ward.raw.connection)
    quarantine.fix(FIRST, [7], {"age": "[30-40)"}, "Dr. Osei", "asked the ward")
    (replayed,) = replay(ward.raw)
    assert RepeatedRows(ward.raw.connection).mark(replayed.batch_id) == 0
    ward.raw.accept(replayed.batch_id, NO_ROWS)

    # when the source delivers it once more, unchanged
    batch = ward.accept(turned(rows))

    # then it is not quarantined again
    assert ward.repeats(batch.batch_id)[97] == (FIRST, 7)
    assert (batch.repeated_rows, batch.accepted_rows) == (60, 40)


def test_a_replay_of_a_row_that_is_in_clean_is_repeated(ward: Ward) -> None:
    # given a row that is right in one batch, and quarantined with a wrong age in the next
    rows = encounters(20)
    age = rows["age"][0].as_py()
    ward.accept(rows)
    bad = encounters(20, age={0: "[300-310)"})
    batch = ward.accept(turned(bad), 10)

    # when it is corrected to the same values
    Quarantine(ward.raw.connection).fix(
        batch.batch_id, [10], {"age": age}, "Dr. Osei", "asked the ward"
    )
    (replayed,) = replay(ward.raw)

    # then it does not reach CLEAN twice
    assert RepeatedRows(ward.raw.connection).mark(replayed.batch_id) == 1
    assert ward.repeats(replayed.batch_id) == {10: (FIRST, 0)}


def test_one_bad_row_among_few_new_ones_does_not_reject_the_delivery(ward: Ward) -> None:
    rows = encounters(101, age={100: "[300-310)"})
    ward.accept(rows.slice(0, 100))

    batch = ward.deliver(turned(rows))

    assert (batch.state, batch.quarantined_rows) == (BatchState.ACCEPTED, 1)


def test_two_gates_at_once_accept_an_encounter_once(
    ward: Ward, platform: Platform, tmp_path: Path
) -> None:
    # given two batches with the same 100 rows, and others
    window = encounters(300)
    for rows in (window.slice(0, 200), window.slice(100)):
        ward.load(rows)
    ward.raw.connection.commit()
    start = threading.Barrier(2)

    def gate(batch_id: str) -> RawBatch:
        with psycopg.connect(platform.raw_dsn) as connection:
            start.wait()
            gatekeeper = Gatekeeper(tmp_path / batch_id, lambda _site, _gate: None)
            return gatekeeper.raw(RawWarehouse(connection), batch_id, LIMIT)

    # when both gates start together
    with ThreadPoolExecutor() as pool:
        batches = list(pool.map(gate, (FIRST, SECOND)))

    # then the rows are repeated in one of them
    assert sorted(batch.repeated_rows for batch in batches) == [0, 100]
    accepted = pd.concat(
        ward.raw.read(batch_id, quarantined=False, repeated=False) for batch_id in (FIRST, SECOND)
    )
    assert accepted["encounter_id"].is_unique
    assert len(accepted) == 300
