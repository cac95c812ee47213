"""An older batch never replaces the model of a newer one, in whatever order they are judged."""

import threading

import psycopg
import pytest

from readmission.pipeline.promotion.order import PROMOTED, last_in_order
from readmission.pipeline.promotion.rule import REFUSED
from readmission.registry import PRODUCTION
from readmission.stack.services import postgres
from readmission.stack.stack import Stack
from readmission.warehouse import ModelHistory, Promotion
from tests.include.conftest import BATCHES
from tests.include.pipeline.promotion.test_judge import Arena, arena  # noqa: F401

OLDER, NEWEST = BATCHES
LATE = f"late: {NEWEST} is newer, and its model came first"
Figures = dict[str, dict[str, float]]


@pytest.fixture
def families(figures: Figures) -> tuple[str, str]:
    """The family with the worst weighted F1 and that with the best."""
    worst, *_, best = figures
    return worst, best


def test_a_late_challenger_is_refused_even_if_it_is_better(
    arena: Arena,  # noqa: F811
    families: tuple[str, str],
) -> None:
    # given a model of the newest batch in production, and one of the batch before, judged late
    worst, best = families
    newest = arena.register(worst, NEWEST)
    arena.carry_out(arena.judge(NEWEST))
    late = arena.register(best, OLDER)

    # when
    verdict = arena.judge(OLDER)
    arena.carry_out(verdict)

    # then the figures show that it was better
    assert (verdict.verdict, verdict.reason) == (REFUSED, LATE)
    assert arena.aliases() == (newest, None)
    assert arena.version(late)[1]["verdict_reason"] == LATE
    challenger, champion = verdict.figures["challenger"], verdict.figures["champion"]
    assert challenger["weighted_f1"] > champion["weighted_f1"]


def test_it_is_late_even_if_the_newer_promotion_was_killed_before_it_was_carried_out(
    arena: Arena,  # noqa: F811
    families: tuple[str, str],
) -> None:
    # given
    worst, best = families
    newest = arena.register(worst, NEWEST)
    arena.judge(NEWEST)
    arena.register(best, OLDER)

    # when the older batch is judged, and then the promotion of the newer one is repeated
    verdict = arena.judge(OLDER)
    arena.carry_out(verdict)
    assert arena.aliases() == (None, None)
    arena.carry_out(arena.judge(NEWEST))

    # then
    assert (verdict.verdict, verdict.reason) == (REFUSED, LATE)
    assert arena.aliases() == (newest, None)


@pytest.mark.parametrize("promoted", [True, False], ids=["rolled back", "moved by hand"])
def test_it_is_late_whoever_has_moved_the_alias(
    arena: Arena,  # noqa: F811
    families: tuple[str, str],
    promoted: bool,
) -> None:
    # given a promotion of the newest batch that was rolled back, or its refused model in production
    worst, best = families
    newest = arena.register(worst, NEWEST)
    if promoted:
        arena.carry_out(arena.judge(NEWEST))
        before = arena.registry.register(arena.trained.run_of(worst), {"batch_id": "batch-0000"})
        arena.registry.set_alias(PRODUCTION, before)
    else:
        arena.registry.set_alias(PRODUCTION, newest)
    arena.register(best, OLDER)

    assert arena.judge(OLDER).reason == LATE


def test_training_the_newest_batch_again_is_never_late(
    arena: Arena,  # noqa: F811
    families: tuple[str, str],
) -> None:
    # given the model of a batch that CLEAN does not have any longer
    worst, best = families
    gone = arena.register(worst, "batch-0009")
    arena.carry_out(arena.decided("batch-0009", gone))
    assert arena.aliases() == (gone, None)

    # when
    retrained = arena.register(best, NEWEST)
    verdict = arena.judge(NEWEST)
    arena.carry_out(verdict)

    # then
    assert verdict.verdict == PROMOTED
    assert arena.aliases() == (retrained, gone)


def test_training_the_champions_batch_again_is_not_late(
    arena: Arena,  # noqa: F811
    families: tuple[str, str],
) -> None:
    worst, best = families
    arena.register(worst, OLDER)
    arena.carry_out(arena.judge(OLDER))

    arena.register(best, OLDER)

    assert arena.judge(OLDER).verdict == PROMOTED


@pytest.mark.parametrize("tags", [{}, {"batch_id": "../../x"}, {"batch_id": "batch_0026"}])
def test_a_version_in_production_without_a_batch_makes_nothing_late(
    arena: Arena,  # noqa: F811
    families: tuple[str, str],
    tags: dict[str, str],
) -> None:
    worst, best = families
    version = arena.registry.register(arena.trained.run_of(worst), tags)
    arena.registry.set_alias(PRODUCTION, version)
    arena.register(best, OLDER)

    verdict = arena.judge(OLDER)

    assert (verdict.verdict, verdict.champion_version) == (PROMOTED, version)


def test_a_late_promotion_that_an_earlier_version_recorded_is_not_carried_out(
    arena: Arena,  # noqa: F811
) -> None:
    # given both verdicts, the late one recorded last
    newest = arena.register("random_forest", NEWEST)
    decided = arena.decided(NEWEST, newest)
    late = arena.decided(OLDER, arena.register("xgboost", OLDER))

    # when
    arena.carry_out(late)
    assert arena.aliases() == (None, None)
    arena.carry_out(decided)
    arena.carry_out(late)

    # then
    assert arena.aliases() == (newest, None)


def test_the_last_promotion_in_order_leaves_out_late_ones() -> None:
    def of(*numbers: int) -> list[Promotion]:
        return [Promotion(f"batch-{n:04d}", str(n), None, PROMOTED, "why") for n in numbers]

    def last(promotions: list[Promotion], newest: str | None = None) -> str | None:
        found = last_in_order(promotions, newest)
        return found.challenger_version if found else None

    assert last([]) is None
    assert last(of(24)) == "24"
    assert last(of(23, 25, 24)) == "25"
    assert last(of(23, 25, 24, 26)) == "26"
    assert last(of(9_999, 10_000)) == "10000"
    # The newest accepted batch replaces that of a batch that was taken back.
    assert last(of(25, 24), newest="batch-0024") == "24"


def test_promotions_are_judged_one_at_a_time(
    databases: Stack, clean_db: psycopg.Connection
) -> None:
    # given a worker that judges
    entered, first = threading.Event(), ModelHistory(clean_db)

    def second() -> None:
        with (
            psycopg.connect(postgres.dsn(databases.site, "clean")) as connection,
            ModelHistory(connection).judging(),
        ):
            entered.set()

    worker = threading.Thread(target=second)

    # when another one starts, it waits, also if the first one fails
    def fail() -> None:
        with first.judging():
            worker.start()
            assert not entered.wait(1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    # then
    assert entered.wait(30)
    worker.join()
