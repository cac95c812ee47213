"""Record in CLEAN the changes of the version in production that no verdict caused.

MLflow keeps neither a history of an alias nor the name of the person who moved it. So the sweep
compares the alias with the promoted version, and appends a row when they differ or agree again.
"""

import logging
from itertools import chain

from readmission.domain.production import PromotionByHand
from readmission.pipeline.promotion.order import (
    CARRIED_OUT,
    last_in_order,
    newest_batch,
    standing,
)
from readmission.registry import Registry
from readmission.registry.rollbacks import rollbacks
from readmission.warehouse import CleanWarehouse, ModelHistory
from readmission.warehouse.clean.move_log import PROMOTED, MoveLog, ProductionMove
from readmission.warehouse.clean.rollback_log import RollbackLog

log = logging.getLogger(__name__)


def record_moves(history: ModelHistory, registry: Registry) -> ProductionMove | None:
    """Copy rollbacks and promotions by hand to CLEAN, and record a move of the alias by hand.

    A registry of an earlier release does not say which version was promoted. The histories in CLEAN
    then do, and the registry gets its tag. Repeating this records nothing twice.

    Parameters
    ----------
    history : ModelHistory
        The verdicts; no promotion may run meanwhile (`ModelHistory.judging`).
    registry : Registry
        With the login of the promotion, which may write the tag.

    Returns
    -------
    ProductionMove or None
        The move that was noticed, if there was one.
    """
    moves = MoveLog(history.connection)
    RollbackLog(history.connection).record(rollbacks(registry))
    moves.record_promotions(promotions_by_hand(registry))
    version = last_promoted(history, registry)
    if version is not None and not registry.production().promoted:
        registry.mark_promoted(version)
    noticed = moves.record_state(registry.production())
    if noticed is not None:
        log.warning("production: %s, %s to %s", noticed.kind, noticed.left, noticed.version)
    return noticed


def promotions_by_hand(registry: Registry) -> list[PromotionByHand]:
    """Return the promotions by hand that the registry has recorded, oldest first."""
    found = (PromotionByHand.of_tags(one["version"], one["tags"]) for one in registry.versions())
    return sorted(chain.from_iterable(found), key=lambda promotion: promotion.at)


def last_promoted(history: ModelHistory, registry: Registry) -> str | None:
    """Return the version that was put in production last, according to CLEAN.

    Returns
    -------
    str or None
        None if there was no promotion, or if the last one has not been carried out yet.
    """
    tags = {found["version"]: found["tags"] for found in registry.versions()}
    newest = newest_batch(CleanWarehouse(history.connection))
    last = last_in_order(standing(history, registry), newest)
    if last is None or last.created_at is None or CARRIED_OUT not in tags[last.challenger_version]:
        return None
    recorded = RollbackLog(history.connection).rollbacks()
    moves = MoveLog(history.connection).moves()
    changes = [
        (last.created_at, last.challenger_version),
        *((rollback.at, rollback.back) for rollback in recorded),
        *((move.at, move.version) for move in moves if move.kind == PROMOTED and move.version),
    ]
    return max((change for change in changes if change[1] in tags), key=lambda change: change[0])[1]
