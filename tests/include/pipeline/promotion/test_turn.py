"""A challenger waits for the verdicts on earlier batches, so their order does not matter."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from readmission.pipeline.promotion.turn import ARRIVING, next_held, not_yet, unsettled
from readmission.registry import Registry
from readmission.warehouse import CleanWarehouse, ModelHistory, RawWarehouse
from readmission.warehouse.clean.failure_log import ENOUGH_RESTARTS, MAX_RESTARTS
from readmission.warehouse.clean.skipped_trainings import SkippedTrainings
from tests.conftest import Platform
from tests.include.pipeline.promotion.test_judge import (  # noqa: F401
    FIRST,
    SECOND,
    Arena,
    arena,
)
from tests.include.pipeline.test_sweep import THIRD, Ledgers, ledgers  # noqa: F401

RUNS = 20


def waits(ledgers: Ledgers, batch_id: str = THIRD) -> str | None:  # noqa: F811
    return not_yet(batch_id, ledgers.raw, ledgers.clean, ledgers.history)


def trained(ledgers: Ledgers, batch_id: str, version: str) -> None:  # noqa: F811
    ledgers.process(batch_id)
    ledgers.clean.accept(batch_id)
    ledgers.train(batch_id, version)


def test_a_challenger_waits_until_every_earlier_batch_has_a_verdict(
    ledgers: Ledgers,  # noqa: F811
) -> None:
    # given the first batch trained, the second only arrived, and the third trained
    trained(ledgers, FIRST, "1")
    trained(ledgers, THIRD, "3")

    # then
    assert waits(ledgers, FIRST) is None
    assert str(waits(ledgers)).startswith(f"not yet: {FIRST}, {SECOND} must have a verdict")
    ledgers.judge(FIRST, "1")
    assert str(waits(ledgers)).startswith(f"not yet: {SECOND} must have a verdict")
    trained(ledgers, SECOND, "2")
    assert str(waits(ledgers)).startswith(f"not yet: {SECOND} must have a verdict")
    ledgers.judge(SECOND, "2")
    assert waits(ledgers) is None


def test_a_challenger_with_a_verdict_never_waits(ledgers: Ledgers) -> None:  # noqa: F811
    # given a verdict that has to be carried out, and an older batch that comes back
    trained(ledgers, THIRD, "3")
    ledgers.judge(THIRD, "3")

    assert waits(ledgers) is None


Settle = Callable[[Ledgers], object]


def fails(stage: str) -> Settle:
    return lambda given: given.failures.record_error(SECOND, stage, "run", "lost", lasting=True)


def skip(given: Ledgers) -> None:
    assert SkippedTrainings(given.clean).reason_to_skip(SECOND, "a run", 2)


@pytest.mark.parametrize(
    ("reached", "settle"),
    [
        ("arrived", fails("clean")),
        ("cleaned", fails("training")),
        ("cleaned", lambda given: given.stop(SECOND, "training")),
        ("cleaned", skip),
        ("trained", fails("promotion")),
        ("trained", lambda given: given.stop(SECOND, "predictions")),
    ],
    ids=["processing fails", "training fails", "training gate", "skipped", "judge fails", "gate"],
)
def test_a_batch_that_gets_no_verdict_holds_up_nobody(
    ledgers: Ledgers,  # noqa: F811
    reached: str,
    settle: Settle,
) -> None:
    # given
    ledgers.finish(FIRST, "1")
    if reached != "arrived":
        ledgers.process(SECOND)
        ledgers.clean.accept(SECOND)
    if reached == "trained":
        ledgers.train(SECOND, "2")
    trained(ledgers, THIRD, "3")
    assert waits(ledgers) is not None

    # when
    settle(ledgers)

    # then
    assert waits(ledgers) is None


def test_a_training_that_keeps_failing_closes_its_batch(ledgers: Ledgers) -> None:  # noqa: F811
    ledgers.finish(FIRST, "1")
    ledgers.process(SECOND)
    ledgers.clean.accept(SECOND)
    for number in range(MAX_RESTARTS):
        ledgers.failures.record_restarts([SECOND], "training", f"sweep {number}")

    def pending(after: timedelta) -> list[str]:
        return unsettled(ledgers.raw, ledgers.clean, ledgers.history, datetime.now(UTC) + after)

    assert pending(timedelta(0)) == [SECOND, THIRD]
    assert pending(timedelta(days=2)) == [THIRD]


def keeps_failing(
    ledgers: Ledgers,  # noqa: F811
    stage: str,
    errors: Sequence[str],
) -> None:
    """Let the first run and the restarts fail, each in a transaction of its own."""
    for number, error in enumerate(errors):
        ledgers.clean.connection.commit()
        if number:
            ledgers.failures.record_restarts([SECOND], stage, f"sweep {number}")
        reason, run = f"train: {error}", f"run {number}"
        ledgers.failures.record_error(SECOND, stage, run, reason, lasting=False, error=error)
    ledgers.clean.connection.commit()


@pytest.mark.parametrize("stage", ["clean", "training", "promotion"])
def test_later_batches_pass_one_that_three_restarts_left_with_the_same_error(
    ledgers: Ledgers,  # noqa: F811
    stage: str,
) -> None:
    # given a batch whose runs fail, and the challenger of the next one
    ledgers.finish(FIRST, "1")
    if stage != "clean":
        ledgers.process(SECOND)
        ledgers.clean.accept(SECOND)
    if stage == "promotion":
        ledgers.train(SECOND, "2")
    trained(ledgers, THIRD, "3")
    assert waits(ledgers) is not None

    # when
    keeps_failing(ledgers, stage, ["OSError"] + ["KeyError"] * ENOUGH_RESTARTS)

    # then the next one is judged, and the sweep still restarts the one that fails
    assert waits(ledgers) is None
    started = ledgers.sweep(timedelta(hours=3))
    assert SECOND in (*started.processing, *started.training, *started.promotion)
    assert ledgers.failures.failures(stage)[SECOND].reason == "train: KeyError"

    # and a run that succeeds makes its challenger wait for nobody but earlier batches
    if stage == "training":
        ledgers.train(SECOND, "2")
        assert waits(ledgers, SECOND) is None
        assert waits(ledgers) is not None


@pytest.mark.parametrize(
    "errors",
    [["KeyError"] * ENOUGH_RESTARTS, ["KeyError", "KeyError", "KeyError", "OSError"]],
    ids=["two restarts", "different errors"],
)
def test_nobody_passes_a_batch_that_may_still_recover(
    ledgers: Ledgers,  # noqa: F811
    errors: list[str],
) -> None:
    ledgers.finish(FIRST, "1")
    ledgers.process(SECOND)
    ledgers.clean.accept(SECOND)
    trained(ledgers, THIRD, "3")

    keeps_failing(ledgers, "training", errors)

    assert waits(ledgers) is not None


def starts(
    ledgers: Ledgers,  # noqa: F811
    own: str,
    after: timedelta = 2 * ARRIVING,
) -> str | None:
    now = datetime.now(UTC) + after
    return next_held(own, ledgers.raw, ledgers.clean, ledgers.history, now)


def test_a_verdict_starts_the_next_challenger_that_was_held(ledgers: Ledgers) -> None:  # noqa: F811
    # given the second and third batch trained before the first
    trained(ledgers, SECOND, "2")
    trained(ledgers, THIRD, "3")
    assert starts(ledgers, THIRD) is None

    # when each gets its verdict, then it starts the next
    trained(ledgers, FIRST, "1")
    ledgers.judge(FIRST, "1")
    assert starts(ledgers, FIRST) == SECOND
    ledgers.judge(SECOND, "2")
    assert starts(ledgers, SECOND) == THIRD
    ledgers.judge(THIRD, "3")
    assert starts(ledgers, THIRD) is None


def test_a_challenger_that_has_just_arrived_is_left_to_its_own_run(
    ledgers: Ledgers,  # noqa: F811
) -> None:
    ledgers.finish(FIRST, "1")
    trained(ledgers, SECOND, "2")

    assert starts(ledgers, FIRST, after=timedelta(0)) is None
    assert starts(ledgers, FIRST) == SECOND


@pytest.mark.parametrize("lasting", [False, True])
def test_a_run_that_failed_is_not_repeated_without_end(
    ledgers: Ledgers,  # noqa: F811
    lasting: bool,
) -> None:
    # given a challenger whose run fails while the next one waits for it
    ledgers.finish(FIRST, "1")
    trained(ledgers, SECOND, "2")
    trained(ledgers, THIRD, "3")
    ledgers.failures.record_error(SECOND, "promotion", "run", "lost", lasting=lasting)

    # then its own run starts the next only if it is closed, and nobody starts it again
    assert starts(ledgers, SECOND) == (THIRD if lasting else None)
    assert starts(ledgers, THIRD) is None


def test_a_run_never_starts_itself_again(ledgers: Ledgers) -> None:  # noqa: F811
    # given a run that was killed before it stored a verdict or an error
    trained(ledgers, FIRST, "1")

    assert starts(ledgers, FIRST) is None


def test_runs_at_the_same_time_give_the_same_verdicts_as_one_after_another(
    arena: Arena,  # noqa: F811
    platform: Platform,
) -> None:
    # given the verdicts of runs one after another
    expected = [judged_in_turn(arena, batch_id) for batch_id in register(arena)]
    again = replace(arena, registry=arena.trained.registry())
    with arena.warehouse.connection.transaction():
        arena.warehouse.connection.execute("ALTER TABLE promotion DISABLE TRIGGER USER")
        arena.warehouse.connection.execute(
            "TRUNCATE promotion, judged_rows, gate_verdict, candidate"
        )

    # when many runs of both batches start at the same time, in any order
    batches = [*reversed(register(again))] * (RUNS // 2)
    with ThreadPoolExecutor(RUNS) as runs:
        found = list(runs.map(lambda batch_id: run(again, platform, batch_id), batches))

    # then
    verdicts = [verdict_of(one) for one in again.history.promotions()]
    assert verdicts == expected
    assert {one["batch_id"]: one for one in found} == {one["batch_id"]: one for one in expected}
    again.registry.client.delete_registered_model(again.registry.name)


def register(arena: Arena) -> list[str]:  # noqa: F811
    """Make a candidate for each batch; that of the second would also be a first model."""
    arena.register("logistic_regression", FIRST)
    arena.register("xgboost", SECOND)
    return [FIRST, SECOND]


def judged_in_turn(arena: Arena, batch_id: str) -> dict[str, Any]:  # noqa: F811
    verdict = arena.judge(batch_id)
    arena.carry_out(verdict)
    return verdict_of(verdict)


def verdict_of(promotion: Any) -> dict[str, Any]:
    facts = dict(vars(promotion))
    return {name: facts[name] for name in facts if name not in ("created_at", "promotion_id")}


def run(arena: Arena, platform: Platform, batch_id: str) -> dict[str, Any]:  # noqa: F811
    """Judge like a run of the DAG, with connections of its own, as often as it has to wait."""
    registry = Registry(
        arena.trained.settings.model_copy(update={"model_name": arena.registry.name})
    )
    with psycopg.connect(platform.raw_dsn) as raw, psycopg.connect(platform.clean_dsn) as clean:
        warehouse = CleanWarehouse(clean)
        history = ModelHistory(clean)
        mine = replace(arena, warehouse=warehouse, history=history, registry=registry)
        while True:
            with history.judging():
                if not_yet(batch_id, RawWarehouse(raw), warehouse, history) is None:
                    return judged_in_turn(mine, batch_id)
            time.sleep(0.05)
