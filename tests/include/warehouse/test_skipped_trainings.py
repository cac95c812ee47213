"""A training every few batches: which batches are skipped, and that they stay so."""

import psycopg
import pytest

from readmission.warehouse import Candidate, CleanWarehouse, ModelHistory
from readmission.warehouse.clean.skipped_trainings import OnDrift, SkippedTrainings


@pytest.fixture
def skipped(clean_db: psycopg.Connection) -> SkippedTrainings:
    """Five accepted batches, of which the second was rejected."""
    for number in range(1, 7):
        clean_db.execute(
            "INSERT INTO batch (batch_id, number, raw_rows, clean_rows, quarantined_rows,"
            " content_sha256, origin, state) VALUES (%s, %s, 1, 1, 0, '', 'file', %s)",
            (f"batch-000{number}", number, "rejected" if number == 2 else "accepted"),
        )
    clean_db.commit()
    return SkippedTrainings(CleanWarehouse(clean_db))


def trained(skipped: SkippedTrainings, every: int | str) -> list[int]:
    return [
        number
        for number in (1, 3, 4, 5, 6)
        if not skipped.reason_to_skip(f"batch-000{number}", f"run {number}", every)
    ]


@pytest.mark.parametrize(
    ("every", "numbers"), [(1, [1, 3, 4, 5, 6]), (2, [1, 4, 6]), (3, [1, 5]), (9, [1])]
)
def test_the_first_batch_is_trained_on_and_then_every_so_many(
    skipped: SkippedTrainings, every: int, numbers: list[int]
) -> None:
    assert trained(skipped, every) == numbers
    assert len(skipped.batches()) == 5 - len(numbers)


def test_a_skipped_batch_says_why_on_each_try_and_another_run_trains_on_it(
    skipped: SkippedTrainings,
) -> None:
    first, again, other = (
        skipped.reason_to_skip("batch-0003", run, 3) for run in ("run 1", "run 1", "by hand")
    )

    assert first == again
    assert "READMISSION_TRAIN_EVERY is 3, and this batch is 1 after" in first
    assert "the next training comes in 2" in first
    assert other == ""


@pytest.mark.parametrize(
    ("every", "numbers"),
    [("1 rows", [1, 3, 4, 5, 6]), ("100 rows", [1, 4, 6]), ("120 rows", [1, 5]), ("999 rows", [1])],
)
def test_trainings_come_after_so_many_new_rows(
    skipped: SkippedTrainings, every: str, numbers: list[int]
) -> None:
    skipped.connection.execute("UPDATE batch SET raw_rows = 50, clean_rows = 50")

    assert trained(skipped, every) == numbers


def test_a_batch_skipped_for_its_rows_says_how_many_are_missing(skipped: SkippedTrainings) -> None:
    reason = skipped.reason_to_skip("batch-0004", "run 1", "10000 rows")

    assert "READMISSION_TRAIN_EVERY is 10000 rows, and 2 rows are new" in reason
    assert "the next training comes after another 9,998, on all batches up to then" in reason


def register(skipped: SkippedTrainings, number: int) -> None:
    """Have a batch give a model."""
    candidate = Candidate(f"batch-000{number}", f"run {number}", "xgboost", str(number), "")
    ModelHistory(skipped.connection).record_candidate(candidate)


@pytest.mark.parametrize(
    ("drifting", "gap", "numbers"),
    [({4, 5}, 9, [1, 4, 5]), (set(), 9, [1]), (set(), 2, [1, 4, 6]), ({3}, 2, [1, 3, 5])],
)
def test_trainings_come_with_drift_and_after_the_longest_gap(
    skipped: SkippedTrainings, drifting: set[int], gap: int, numbers: list[int]
) -> None:
    found = []
    for number in (1, 3, 4, 5, 6):
        columns = ["payer_code"] if number in drifting else []
        rule = OnDrift(columns, gap)
        if not skipped.reason_to_skip(f"batch-000{number}", f"run {number}", rule):
            found.append(number)
            register(skipped, number)

    assert found == numbers


def test_a_batch_without_drift_says_so_and_how_long_the_next_training_may_take(
    skipped: SkippedTrainings,
) -> None:
    register(skipped, 1)

    reason = skipped.reason_to_skip("batch-0003", "run 1", OnDrift([], 4))

    assert "TRAIN_EVERY is drift, and no column of this batch has a drift alarm" in reason
    assert "a batch that has one, or 3 after this one, on all batches up to then" in reason


def test_without_a_champion_every_batch_is_trained_on(skipped: SkippedTrainings) -> None:
    assert skipped.reason_to_skip("batch-0003", "run 1", OnDrift(None, 4)) == ""


def test_a_skipped_batch_that_somebody_trained_on_ends_the_gap(skipped: SkippedTrainings) -> None:
    # given
    register(skipped, 1)
    for number in (3, 4):
        assert skipped.reason_to_skip(f"batch-000{number}", "a run", OnDrift([], 3))

    # when
    register(skipped, 4)

    # then the third batch since the first is not trained on
    assert skipped.reason_to_skip("batch-0005", "a run", OnDrift([], 3))


def test_a_training_that_gave_no_model_does_not_lengthen_the_gap(skipped: SkippedTrainings) -> None:
    # given a batch that drifted, and whose training failed
    register(skipped, 1)
    assert not skipped.reason_to_skip("batch-0003", "a run", OnDrift(["payer_code"], 3))

    # then the third batch since the last model is trained on, although its drift is known
    assert skipped.reason_to_skip("batch-0004", "a run", OnDrift([], 3))
    assert not skipped.reason_to_skip("batch-0005", "a run", OnDrift([], 3))
