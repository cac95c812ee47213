"""A corrected row reaches CLEAN once, through the same gates; a waived row never does."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from readmission.domain.batch_ids import BatchKind
from readmission.errors import BatchNotFound
from readmission.pipeline import ingest, sweep
from readmission.pipeline.replay import replay
from readmission.pipeline.source import Dataset, Origin
from readmission.pipeline.training import reading, train
from readmission.warehouse import BatchState, ModelHistory, RawWarehouse, RowState
from readmission.warehouse.clean.model_history import Candidate
from readmission.warehouse.sql.content import content_hash
from readmission.warehouse.verdicts import VerdictLog
from tests.conftest import Platform
from tests.include.hospital import BAD, FIRST, GOOD, ROWS, Hospital
from tests.include.tables import contents, encounters, held, terminate, waiting_backend

BY, WHY = "Dr. Osei", "typing error"
REPLAYED = "replay-0002"


@pytest.fixture
def hospital(raw_db: psycopg.Connection, clean_db: psycopg.Connection, tmp_path: Path) -> Hospital:
    """One batch with rows 7 and 8 in quarantine."""
    hospital = Hospital(raw_db, clean_db, tmp_path)
    hospital.arrive(age=BAD)
    hospital.set_aside(FIRST, 7, 8)
    return hospital


def fix(hospital: Hospital, *rows: int, batch_id: str = FIRST) -> None:
    hospital.quarantine.fix(batch_id, rows, GOOD, BY, WHY)


def test_fixed_rows_become_a_new_batch(hospital: Hospital) -> None:
    # given
    fix(hospital, 8)
    fix(hospital, 7)
    before = hospital.raw.read(FIRST)

    # when
    (batch,) = replay(hospital.raw)

    # then it has the next number and holds the corrected rows under their row numbers
    assert (batch.batch_id, batch.number, batch.kind) == (REPLAYED, 2, BatchKind.REPLAY)
    assert (batch.rows, batch.state, batch.origin) == (2, BatchState.LOADED, "file")
    expected = before[before["source_row"].isin([7, 8])].assign(**GOOD).reset_index(drop=True)
    assert hospital.raw.read(REPLAYED).equals(expected)
    # and the original rows are closed and unchanged
    rows = hospital.quarantine.rows()
    assert [(r.state, r.replay_batch) for r in rows] == [(RowState.REPLAYED, REPLAYED)] * 2
    assert hospital.raw.read(FIRST).equals(before)


def test_a_fixed_row_reaches_clean_once_however_often_it_is_replayed(
    hospital: Hospital,
) -> None:
    hospital.refine(FIRST)
    fix(hospital, 7)
    hospital.quarantine.waive(FIRST, [8], BY, WHY)

    assert [batch.batch_id for batch in hospital.replay(gated=True)] == [REPLAYED]
    for _ in range(3):
        assert hospital.replay(gated=True) == []

    assert hospital.times_in_clean(7) == 1
    assert hospital.times_in_clean(8) == 0
    assert [b.clean_rows for b in hospital.clean.batches()] == [ROWS - 2, 1]
    for warehouse in (hospital.raw, hospital.clean):  # One row has no shares to warn of.
        verdicts = {v.batch_id: v for v in VerdictLog(warehouse.connection).verdicts()}
        assert verdicts[REPLAYED].failures == []
    assert all(b.state is BatchState.ACCEPTED for b in hospital.clean.batches())


def test_clean_holds_the_corrected_value(hospital: Hospital) -> None:
    fix(hospital, 7)
    hospital.replay()

    assert hospital.clean.read_batch(REPLAYED)["age"].tolist() == [35]


def test_a_replayed_row_joins_the_split_of_its_patient(hospital: Hospital) -> None:
    # given another stay of the patient of the bad row
    patient = encounters(ROWS).column("patient_nbr").to_pylist()[7]
    hospital.arrive(ROWS, patient_nbr={ROWS + 1: patient})
    hospital.set_aside("batch-0002")
    hospital.refine("batch-0002")
    split = hospital.clean.patient_splits()[int(patient)]
    hospital.refine(FIRST)
    fix(hospital, 7)

    hospital.replay()

    assert hospital.clean.read_batch("replay-0003")["part"].tolist() == [split]


def test_a_training_set_may_end_with_a_replay(hospital: Hospital) -> None:
    hospital.refine(FIRST)
    fix(hospital, 7)
    hospital.replay()

    rows = reading.whole(hospital.clean, REPLAYED)
    hospital.gatekeeper.training(hospital.clean, REPLAYED, rows)

    assert train.lineage(hospital.clean, REPLAYED, len(rows)).batches == 2
    before = reading.whole(hospital.clean, FIRST)
    assert set(rows["source_row"]) - set(before["source_row"]) <= {7}


def test_a_replay_without_a_decision_is_returned_again(hospital: Hospital) -> None:
    # given a run that was killed between the replay and its gate
    fix(hospital, 7)
    first = replay(hospital.raw)

    # then the next replay returns its batch
    assert replay(hospital.raw) == first
    # and a batch of the rows that were fixed meanwhile
    fix(hospital, 8)
    assert [b.batch_id for b in replay(hospital.raw)] == [REPLAYED, "replay-0003"]


def test_two_replays_at_once_write_a_row_once(hospital: Hospital, platform: Platform) -> None:
    fix(hospital, 7, 8)

    def replay_once(_: int) -> list[str]:
        with psycopg.connect(platform.raw_dsn) as connection:
            return [batch.batch_id for batch in replay(RawWarehouse(connection))]

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(replay_once, range(2))) == [[REPLAYED], [REPLAYED]]

    assert [(b.batch_id, b.rows) for b in hospital.raw.batches()][1:] == [(REPLAYED, 2)]


def test_a_replay_killed_before_its_commit_leaves_nothing_and_repeats(
    hospital: Hospital, platform: Platform
) -> None:
    # given a replay that has written its batch but not committed
    fix(hospital, 7)
    before = contents(hospital.raw.connection)

    def replay_once() -> None:
        with psycopg.connect(platform.raw_dsn) as connection:
            replay(RawWarehouse(connection))

    lock = "LOCK TABLE encounter IN SHARE UPDATE EXCLUSIVE MODE"
    with held(platform.raw_dsn, lock), ThreadPoolExecutor(1) as pool:
        killed = pool.submit(replay_once)
        terminate(platform.raw_dsn, waiting_backend(platform.raw_dsn))
        assert isinstance(killed.exception(30), psycopg.OperationalError)

    assert contents(hospital.raw.connection) == before
    assert [batch.batch_id for batch in replay(hospital.raw)] == [REPLAYED]


def test_a_replay_can_be_limited_to_the_rows_of_one_batch(hospital: Hospital) -> None:
    hospital.arrive(ROWS, age={ROWS + 3: "old"})
    hospital.set_aside("batch-0002", ROWS + 3)
    fix(hospital, 7)
    fix(hospital, ROWS + 3, batch_id="batch-0002")

    (batch,) = replay(hospital.raw, "batch-0002")

    assert hospital.raw.read(batch.batch_id)["source_row"].tolist() == [ROWS + 3]
    assert hospital.quarantine.row(FIRST, 7).state is RowState.FIXED
    with pytest.raises(BatchNotFound, match="batch-0099"):
        replay(hospital.raw, "batch-0099")


def test_rows_of_a_rejected_batch_are_not_replayed(hospital: Hospital) -> None:
    fix(hospital, 7)
    hospital.raw.reject(FIRST, ["a column is missing"])

    assert replay(hospital.raw) == []
    assert hospital.quarantine.row(FIRST, 7).state is RowState.FIXED


def test_rows_of_the_same_number_or_another_origin_are_kept_apart(
    hospital: Hospital,
) -> None:
    # given row 7 of two files, and row 9 of a synthetic file
    hospital.arrive(age={7: "old"}, diag_1={0: "428"})
    hospital.set_aside("batch-0002", 7)
    hospital.arrive(origin="synthetic", age={9: "old"})
    hospital.set_aside("batch-0003", 9)
    fix(hospital, 7, 8)
    fix(hospital, 7, batch_id="batch-0002")
    fix(hospital, 9, batch_id="batch-0003")

    replayed = replay(hospital.raw)

    assert [(b.origin, hospital.raw.read(b.batch_id)["source_row"].tolist()) for b in replayed] == [
        ("file", [7, 8]),
        ("file", [7]),
        ("synthetic", [9]),
    ]


class TestGate:
    """The raw gate checks a replay like any other batch."""

    def test_a_row_that_is_still_bad_returns_to_quarantine(self, hospital: Hospital) -> None:
        # given a correction of a value that was right
        hospital.quarantine.fix(FIRST, [7], {"gender": "Female"}, BY, WHY)

        # when
        (batch,) = hospital.replay(gated=True)

        # then nothing reaches CLEAN, and the row can be fixed in the new batch
        assert batch.state is BatchState.ACCEPTED
        assert batch.ends_here
        row = hospital.quarantine.row(REPLAYED, 7)
        assert row.state is RowState.OPEN
        assert "age" in row.reasons[0]
        hospital.quarantine.fix(REPLAYED, [7], GOOD, BY, WHY)
        (second,) = hospital.replay()
        assert second.batch_id == "replay-0003"
        assert hospital.times_in_clean(7) == 1

    def test_the_good_rows_of_a_replay_reach_clean_without_the_bad_ones(
        self, hospital: Hospital
    ) -> None:
        fix(hospital, 7)
        hospital.quarantine.fix(FIRST, [8], {}, BY, "looks right to me")

        hospital.replay(gated=True)

        assert (hospital.times_in_clean(7), hospital.times_in_clean(8)) == (1, 0)

    def test_of_two_equal_encounters_the_one_that_was_not_waived_reaches_clean(
        self, hospital: Hospital
    ) -> None:
        # given an encounter twice in a batch: both are set aside
        duplicate = encounters(2 * ROWS).column("encounter_id").to_pylist()[ROWS + 1]
        batch = hospital.gate(hospital.arrive(ROWS, encounter_id={ROWS + 2: duplicate}))
        assert batch.quarantined_rows == 2

        # when
        hospital.quarantine.waive(batch.batch_id, [ROWS + 2], BY, "entered twice")
        hospital.quarantine.fix(batch.batch_id, [ROWS + 1], {}, BY, "right as it arrived")
        hospital.replay(gated=True)

        # then
        assert hospital.times_in_clean(ROWS + 1) == 1
        assert hospital.times_in_clean(ROWS + 2) == 0

    def test_a_row_that_was_sent_again_meanwhile_does_not_reach_clean_twice(
        self, hospital: Hospital
    ) -> None:
        # given a later batch with the corrected encounter
        corrected = encounters(ROWS).column("encounter_id").to_pylist()[7]
        later = hospital.gate(hospital.arrive(ROWS, encounter_id={ROWS: corrected}))
        hospital.refine(later.batch_id)
        assert later.quarantined_rows == 0

        # when the row of the first batch is fixed as well
        fix(hospital, 7)
        (batch,) = hospital.replay(gated=True)

        # then
        assert batch.ends_here
        (reason,) = hospital.quarantine.row(batch.batch_id, 7).reasons
        assert reason.startswith(f"corrects row {ROWS + 1} of {later.batch_id} (")

    def test_of_two_rows_of_an_encounter_the_first_at_the_gate_comes_first(
        self, hospital: Hospital
    ) -> None:
        # given a batch with the same encounter, loaded before the replay and decided on after it
        corrected = encounters(ROWS).column("encounter_id").to_pylist()[7]
        waiting = hospital.arrive(ROWS, encounter_id={ROWS: corrected})
        fix(hospital, 7)
        (replayed,) = hospital.replay(gated=True)

        decided = hospital.gate(waiting)

        assert (replayed.accepted_rows, decided.accepted_rows) == (1, ROWS - 1)


class TestNeighbours:
    """Other parts of the pipeline distinguish a replay from an arrival."""

    def test_ingestion_plans_without_replays(self, hospital: Hospital) -> None:
        # given a replay of the row that is now right in the file
        corrected = encounters(ROWS, age={7: GOOD["age"]})
        fix(hospital, 7)
        (batch,) = replay(hospital.raw)
        assert batch.content_sha256 == content_hash(corrected.slice(7, 1))

        # when that file arrives
        dataset = Dataset(Path("corrected.csv"), Origin.FILE, corrected)
        planned = ingest.plan(dataset, hospital.raw, ROWS)

        # then all its rows are new, and its row 7 is not mistaken for the replay
        assert planned == [ingest.Slice(0, ROWS)]
        assert hospital.raw.load(corrected.slice(7, 1), 7, "file").batch_id == "batch-0003"

    def test_the_sweep_restarts_a_replay_but_not_one_that_ended(self, hospital: Hospital) -> None:
        # given an accepted replay, and one whose rows all returned to quarantine
        hospital.refine(FIRST)
        fix(hospital, 7)
        replay(hospital.raw)
        hospital.set_aside(REPLAYED)
        fix(hospital, 8)
        replay(hospital.raw)
        hospital.set_aside("replay-0003", 8)

        later = datetime.now(UTC) + timedelta(hours=1)
        history = ModelHistory(hospital.clean.connection)
        found = sweep.find(hospital.raw, hospital.clean, history, timedelta(minutes=1), later)

        assert found.processing == (REPLAYED,)

    def test_candidates_are_in_order_of_batches_whatever_their_kind(
        self, hospital: Hospital
    ) -> None:
        history = ModelHistory(hospital.clean.connection)
        for batch_id in ("batch-0003", REPLAYED, FIRST):
            history.record_candidate(Candidate(batch_id, "run", "xgboost", "1", "sha"))

        assert [c.batch_id for c in history.candidates()] == [FIRST, REPLAYED, "batch-0003"]
