"""Moves of the alias by hand become rows of the history, each once."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from readmission.domain.production import PROMOTED_VERSION, Pin, Production, PromotionByHand
from readmission.pipeline.promotion.rollout import carry_out
from readmission.pipeline.record_moves import record_moves
from readmission.registry import PREVIOUS, PRODUCTION, Registry
from readmission.registry.rollbacks import roll_back
from readmission.warehouse import CleanWarehouse, ModelHistory, Promotion
from readmission.warehouse.clean.move_log import MoveLog
from readmission.warehouse.clean.rollback_log import RollbackLog
from tests.include.conftest import BATCHES
from tests.include.training import Training

FAMILIES = ("random_forest", "xgboost", "logistic_regression")
OLD, PROMOTED, NEVER_PROMOTED = "1", "2", "3"


@dataclass(frozen=True)
class Moved:
    """Two carried-out promotions and one more version; the alias is where promotion left it."""

    history: ModelHistory
    registry: Registry

    def record(self) -> None:
        """Record as the sweep does, twice."""
        for _ in range(2):
            record_moves(self.history, self.registry)

    def rows(self) -> list[tuple[str, str | None, str | None]]:
        """Return kind, version before and version after of all rows."""
        moves = MoveLog(self.history.connection).moves()
        return [(move.kind, move.left, move.version) for move in moves]

    def delete_tag(self) -> None:
        """Make the registry like that of an earlier release."""
        self.registry.client.delete_registered_model_tag(self.registry.name, PROMOTED_VERSION)


@pytest.fixture
def moved(filled: CleanWarehouse, trained: Training) -> Iterator[Moved]:
    registry, history = trained.registry(), ModelHistory(filled.connection)
    for family, batch_id in zip(FAMILIES, (*BATCHES, BATCHES[-1]), strict=True):
        tags = trained.lineage.tags() | {"batch_id": batch_id}
        registry.register(trained.run_of(family), tags)
    for version, batch_id in ((OLD, BATCHES[0]), (PROMOTED, BATCHES[1])):
        figures = {"challenger": {"weighted_f1": 0.5}, "champion": None, "test_rows": 1}
        promotion = Promotion(batch_id, version, None, "promoted", "because", figures)
        carry_out(history.record_promotion(promotion), history, registry)
    yield Moved(history, registry)
    registry.client.delete_registered_model(registry.name)


def test_promotions_are_no_moves_by_hand(moved: Moved) -> None:
    moved.record()

    assert moved.registry.production() == Production(PROMOTED, (PROMOTED,))
    assert moved.rows() == []


def test_a_move_by_hand_and_its_end_are_recorded_once_each(moved: Moved) -> None:
    # when somebody moves the alias there and back, and there again
    for version in (NEVER_PROMOTED, PROMOTED, NEVER_PROMOTED):
        moved.registry.set_alias(PRODUCTION, version)
        moved.record()
    moved.registry.client.delete_registered_model_alias(moved.registry.name, PRODUCTION)
    moved.record()

    # then
    assert moved.rows() == [
        ("manual", PROMOTED, NEVER_PROMOTED),
        ("settled", NEVER_PROMOTED, PROMOTED),
        ("manual", PROMOTED, NEVER_PROMOTED),
        ("manual", PROMOTED, None),
    ]


def test_a_promotion_by_hand_settles_the_move_and_is_recorded(moved: Moved) -> None:
    # given
    moved.registry.set_alias(PRODUCTION, NEVER_PROMOTED)
    moved.record()

    # when it is promoted as the API does it
    made = PromotionByHand.now(NEVER_PROMOTED, "Dr. Osei (admin)", "checked: it is\nbetter")
    moved.registry.promote(NEVER_PROMOTED)
    moved.registry.tag_version(NEVER_PROMOTED, made.tags)
    moved.record()

    # then
    assert moved.rows() == [
        ("manual", PROMOTED, NEVER_PROMOTED),
        ("promoted", None, NEVER_PROMOTED),
        ("settled", NEVER_PROMOTED, NEVER_PROMOTED),
    ]
    recorded = MoveLog(moved.history.connection).moves()[1]
    assert (recorded.by, recorded.reason, recorded.at) == (made.by, made.reason, made.at)
    assert moved.registry.version_of(PREVIOUS) == PROMOTED


@pytest.mark.parametrize("aliased", [PROMOTED, NEVER_PROMOTED])
def test_after_an_upgrade_the_history_says_what_was_promoted(moved: Moved, aliased: str) -> None:
    # given a registry of an earlier release, whose alias is followed
    moved.delete_tag()
    moved.registry.set_alias(PRODUCTION, aliased)
    assert moved.registry.production() == Production(aliased, ())
    assert moved.registry.production().served(follow=False) == aliased

    # when
    moved.record()

    # then
    assert moved.registry.production() == Production(aliased, (PROMOTED,))
    expected = [] if aliased == PROMOTED else [("manual", PROMOTED, NEVER_PROMOTED)]
    assert moved.rows() == expected


def test_after_an_upgrade_a_rollback_counts_as_a_promotion(moved: Moved) -> None:
    # given a rollback after the last promotion
    roll_back(moved.registry, Pin(OLD, "somebody", "too many alarms"))
    moved.registry.write_pin(None)
    tags = moved.registry.client.get_model_version(moved.registry.name, PROMOTED).tags
    (key,) = [name for name in tags if name.startswith("rolled_back")]
    later = (datetime.now(UTC) + timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    moved.registry.client.delete_model_version_tag(moved.registry.name, PROMOTED, key)
    moved.registry.tag_version(PROMOTED, {f"rolled_back {later}": tags[key]})
    moved.delete_tag()

    # when
    moved.record()

    # then
    assert [(one.left, one.back) for one in RollbackLog(moved.history.connection).rollbacks()] == [
        (PROMOTED, OLD)
    ]
    assert moved.registry.production() == Production(OLD, (OLD,))
    assert moved.rows() == []


def test_a_verdict_that_was_not_carried_out_is_not_called_promoted(moved: Moved) -> None:
    # given a registry of an earlier release, and a promotion that was killed before the alias moved
    promotion = Promotion(BATCHES[-1], NEVER_PROMOTED, PROMOTED, "promoted", "because", {})
    moved.history.record_promotion(promotion)
    moved.delete_tag()

    # when
    moved.record()

    # then
    assert moved.registry.production() == Production(PROMOTED, ())


@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET reason = ''", "DELETE FROM {}", "TRUNCATE {}"]
)
def test_the_history_cannot_be_rewritten(clean_db: psycopg.Connection, statement: str) -> None:
    log = MoveLog(clean_db)
    log.record_state(Production("2", ("1",)))

    with pytest.raises(psycopg.errors.RaiseException, match="moves of production are append-only"):
        clean_db.execute(statement.format("production_move").encode())

    clean_db.rollback()
    assert len(log.moves()) == 1
