"""The sweep finds the batches that a lost event left behind, and no others."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import psycopg
import pytest

from readmission.pipeline.process import process
from readmission.pipeline.sweep import LeftBehind, find
from readmission.warehouse import (
    Candidate,
    CleanWarehouse,
    ModelHistory,
    Promotion,
    RawWarehouse,
)
from readmission.warehouse.clean.failure_log import FIRST_PAUSE, MAX_RESTARTS, FailureLog
from readmission.warehouse.clean.skipped_trainings import SkippedTrainings
from readmission.warehouse.verdicts import GateVerdict, VerdictLog
from tests.include.tables import encounters

ROWS = 50
GRACE = timedelta(minutes=10)
FIRST, SECOND, THIRD = "batch-0001", "batch-0002", "batch-0003"
NOTHING = LeftBehind((), (), ())


class Ledgers:
    """Three accepted RAW batches, and the ledgers of the later stages."""

    def __init__(self, raw: psycopg.Connection, clean: psycopg.Connection) -> None:
        self.raw, self.clean = RawWarehouse(raw), CleanWarehouse(clean)
        self.history, self.verdicts = ModelHistory(clean), VerdictLog(clean)
        self.failures = FailureLog(clean)
        everything = encounters(3 * ROWS)
        for position, batch_id in enumerate((FIRST, SECOND, THIRD)):
            offset = position * ROWS
            self.raw.load(everything.slice(offset, ROWS), offset, "synthetic")
            self.raw.accept(batch_id, pd.DataFrame({"source_row": [], "reasons": []}))

    def process(self, batch_id: str) -> None:
        process(self.raw, self.clean, batch_id, "a key")

    def train(self, batch_id: str, version: str) -> None:
        self.history.record_candidate(Candidate(batch_id, "run", "xgboost", version, "sha"))

    def judge(self, batch_id: str, version: str) -> None:
        promotion = Promotion(batch_id, version, None, "refused", "not better")
        self.history.record_promotion(promotion)

    def finish(self, batch_id: str, version: str) -> None:
        self.process(batch_id)
        self.clean.accept(batch_id)
        self.train(batch_id, version)
        self.judge(batch_id, version)

    def stop(self, batch_id: str, gate: str, *, passed: bool = False) -> None:
        self.verdicts.record(GateVerdict(batch_id, gate, passed, 1, ["bad"], 0.1, "page"))

    def sweep(self, later: timedelta = 2 * GRACE) -> LeftBehind:
        now = datetime.now(UTC) + later
        return find(self.raw, self.clean, self.history, GRACE, now)


@pytest.fixture
def ledgers(raw_db: psycopg.Connection, clean_db: psycopg.Connection) -> Ledgers:
    return Ledgers(raw_db, clean_db)


def test_no_batch_is_left_behind_when_every_stage_has_finished(ledgers: Ledgers) -> None:
    for version, batch_id in enumerate((FIRST, SECOND, THIRD), 1):
        ledgers.finish(batch_id, str(version))

    assert ledgers.sweep() == NOTHING


def test_each_stage_gets_the_batches_that_the_previous_one_has_finished(ledgers: Ledgers) -> None:
    # given the first batch trained, the second cleaned, the third only arrived
    for batch_id in (FIRST, SECOND):
        ledgers.process(batch_id)
        ledgers.clean.accept(batch_id)
    ledgers.train(FIRST, "1")

    assert ledgers.sweep() == LeftBehind((THIRD,), (SECOND,), (FIRST,))


def test_a_batch_that_has_just_finished_a_stage_is_not_left_behind(ledgers: Ledgers) -> None:
    ledgers.process(FIRST)
    ledgers.clean.accept(FIRST)
    ledgers.process(SECOND)
    ledgers.clean.accept(SECOND)
    ledgers.train(SECOND, "1")

    assert ledgers.sweep(later=GRACE / 2) == NOTHING


def test_a_batch_that_was_written_without_a_decision_is_left_behind(ledgers: Ledgers) -> None:
    # given a run that was killed between writing CLEAN and its gate
    ledgers.process(FIRST)

    assert ledgers.sweep().processing == (FIRST, SECOND, THIRD)


def test_a_batch_that_a_gate_has_stopped_is_not_started_again(ledgers: Ledgers) -> None:
    # given one batch stopped by each gate
    ledgers.raw.reject(THIRD, ["bad"])
    for batch_id in (FIRST, SECOND):
        ledgers.process(batch_id)
        ledgers.clean.accept(batch_id)
    ledgers.stop(FIRST, "training")
    ledgers.train(SECOND, "1")
    ledgers.stop(SECOND, "predictions")

    # then
    assert ledgers.sweep() == NOTHING
    ledgers.stop(FIRST, "training", passed=True)
    ledgers.stop(SECOND, "predictions", passed=True)
    # The challenger of the second batch waits for the verdict on the first.
    assert ledgers.sweep() == LeftBehind((), (FIRST,), ())


def test_a_batch_that_the_clean_gate_has_rejected_is_not_left_behind(ledgers: Ledgers) -> None:
    ledgers.finish(FIRST, "1")
    ledgers.finish(SECOND, "2")
    ledgers.process(THIRD)
    ledgers.clean.reject(THIRD, ["bad"])

    assert ledgers.sweep() == NOTHING


def test_a_training_repeated_after_its_verdict_awaits_another_verdict(
    ledgers: Ledgers,
) -> None:
    for version, batch_id in enumerate((FIRST, SECOND, THIRD), 1):
        ledgers.finish(batch_id, str(version))

    ledgers.train(SECOND, "9")

    assert ledgers.sweep() == LeftBehind((), (), (SECOND,))


def test_challengers_are_judged_again_together_if_no_other_batch_is_pending(
    ledgers: Ledgers,
) -> None:
    for version, batch_id in enumerate((FIRST, SECOND), 1):
        ledgers.process(batch_id)
        ledgers.clean.accept(batch_id)
        ledgers.train(batch_id, str(version))

    assert ledgers.sweep().promotion == (FIRST, SECOND)


def test_a_challenger_is_not_closed_by_the_failures_of_the_one_that_it_waits_for(
    ledgers: Ledgers,
) -> None:
    for version, batch_id in enumerate((FIRST, SECOND), 1):
        ledgers.process(batch_id)
        ledgers.clean.accept(batch_id)
        ledgers.train(batch_id, str(version))

    ledgers.failures.record_restarts([FIRST, SECOND], "promotion", "sweep 0")
    assert ledgers.sweep().promotion == (FIRST,)
    for number in range(1, MAX_RESTARTS):
        ledgers.failures.record_restarts([FIRST], "promotion", f"sweep {number}")

    assert ledgers.sweep(timedelta(days=2)).promotion == (SECOND,)


STAGES = {"clean": "processing", "training": "training", "promotion": "promotion"}


@pytest.fixture
def waiting(ledgers: Ledgers) -> Ledgers:
    """The third batch waits for processing, the second for training, the first for promotion."""
    for batch_id in (FIRST, SECOND):
        ledgers.process(batch_id)
        ledgers.clean.accept(batch_id)
    ledgers.train(FIRST, "1")
    return ledgers


@pytest.mark.parametrize(
    ("stage", "batch_id"), [("clean", THIRD), ("training", SECOND), ("promotion", FIRST)]
)
def test_a_lasting_error_closes_a_batch_at_its_stage_only(
    waiting: Ledgers, stage: str, batch_id: str
) -> None:
    before = vars(waiting.sweep())

    waiting.failures.record_error(batch_id, stage, "run", "3 rows are lost", lasting=True)

    assert vars(waiting.sweep()) == before | {STAGES[stage]: ()}
    assert waiting.failures.failures(stage)[batch_id].reason == "3 rows are lost"


def test_an_error_that_may_pass_does_not_close_a_batch(waiting: Ledgers) -> None:
    waiting.failures.record_error(SECOND, "training", "run", "MLflow is down", lasting=False)
    assert waiting.sweep().training == (SECOND,)


def test_the_pause_after_each_restart_is_twice_as_long_until_the_batch_is_closed(
    waiting: Ledgers,
) -> None:
    pause = FIRST_PAUSE
    for number in range(MAX_RESTARTS):
        waiting.failures.record_restarts([SECOND], "training", f"sweep {number}")
        assert waiting.sweep(later=pause - timedelta(minutes=1)).training == ()
        closed = number + 1 == MAX_RESTARTS
        assert waiting.sweep(later=pause + GRACE).training == (() if closed else (SECOND,))
        pause *= 2
    (failures,) = waiting.failures.failures("training").values()
    assert failures.is_closed(datetime.now(UTC) + pause)
    assert not failures.is_closed(datetime.now(UTC))


def test_a_run_of_the_sweep_that_is_repeated_counts_one_restart(waiting: Ledgers) -> None:
    for _ in range(2):
        waiting.failures.record_restarts([FIRST, SECOND], "training", "sweep")
    assert {f.restarts for f in waiting.failures.failures("training").values()} == {1}


def test_a_batch_whose_training_was_skipped_is_not_left_behind(ledgers: Ledgers) -> None:
    # given a training on every other batch
    skipped = SkippedTrainings(ledgers.clean)
    for version, batch_id in enumerate((FIRST, THIRD), 1):
        ledgers.finish(batch_id, str(version))
    ledgers.process(SECOND)
    ledgers.clean.accept(SECOND)

    # when
    assert ledgers.sweep().training == (SECOND,)
    assert skipped.reason_to_skip(SECOND, "a run", 2)

    # then
    assert ledgers.sweep() == NOTHING
