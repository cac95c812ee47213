"""Keep the order of batches: an older batch never replaces the model of a newer one.

Batches usually come in order. After a worker was killed, its batch is judged again, possibly after
the next one.
"""

from collections.abc import Sequence
from enum import StrEnum

from readmission.domain.batch_ids import batch_number
from readmission.errors import InvalidBatchId
from readmission.registry import Registry
from readmission.warehouse import BatchState, CleanWarehouse, ModelHistory, Promotion

PROMOTED = "promoted"
APPROVAL = "approval"
"""The tag with the state of a version that a person has to approve."""
ASKED_AT = "approval_asked_at"
"""The tag with the time at which a person was last asked."""
CARRIED_OUT = "decided_at"
"""The tag that a version receives last, once the verdict on it is carried out."""


def promoted(history: ModelHistory) -> list[Promotion]:
    """Return the promotions without the refusals, oldest first."""
    return [promotion for promotion in history.promotions() if promotion.verdict == PROMOTED]


def existing(promotions: Sequence[Promotion], registry: Registry) -> list[Promotion]:
    """Return the promotions whose version still exists.

    A registry that was set up again counts from 1, so a number alone does not identify a version.
    """
    batches = {found["version"]: found["tags"].get("batch_id") for found in registry.versions()}
    return [one for one in promotions if batches.get(one.challenger_version) == one.batch_id]


class Approval(StrEnum):
    """Whether a person has approved a version that won its comparison."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REFUSED = "refused"
    SUPERSEDED = "superseded"


DENIED = (Approval.REFUSED, Approval.SUPERSEDED)


def standing(
    history: ModelHistory, registry: Registry, *, waiting: bool = False
) -> list[Promotion]:
    """Return the promotions whose version exists and was not denied, oldest first.

    With `waiting`, those that wait for approval are among them.
    """
    return existing(not_denied(history, registry, waiting=waiting), registry)


def not_denied(
    history: ModelHistory, registry: Registry, *, waiting: bool = False
) -> list[Promotion]:
    """Return the same promotions, and those whose version no longer exists."""
    left_out = DENIED if waiting else (*DENIED, Approval.REQUESTED)
    states = {found["version"]: found["tags"].get(APPROVAL) for found in registry.versions()}
    return [one for one in promoted(history) if states.get(one.challenger_version) not in left_out]


def last_in_order(promotions: Sequence[Promotion], newest: str | None) -> Promotion | None:
    """Return the promotion whose model belongs in production.

    Parameters
    ----------
    promotions : sequence of Promotion
        In the order in which they were recorded.
    newest : str, optional
        The newest accepted batch, which replaces any other.

    Returns
    -------
    Promotion or None
        The last one, leaving out those that came after the promotion of a newer batch.
    """
    last: Promotion | None = None
    for promotion in promotions:
        late = last is not None and _precedes(promotion.batch_id, last.batch_id)
        if promotion.batch_id == newest or not late:
            last = promotion
    return last


def newest_batch(warehouse: CleanWarehouse) -> str | None:
    """Return the newest batch that CLEAN has accepted."""
    accepted = [b.batch_id for b in warehouse.batches() if b.state is BatchState.ACCEPTED]
    return accepted[-1] if accepted else None


def find_newer(
    batch_id: str, warehouse: CleanWarehouse, history: ModelHistory, registry: Registry
) -> str | None:
    """Return the newer batch whose model came before the challenger of a batch, if there is one.

    That is the batch of the version in production or of the last promotion, even if that promotion
    was not carried out yet or was rolled back since. The newest batch is never late: training it
    again gives the model that should be in production.
    """
    newest = newest_batch(warehouse)
    if batch_id == newest:
        return None
    last = last_in_order(standing(history, registry, waiting=True), newest)
    served = registry.served_version()
    production = [
        found["tags"].get("batch_id") for found in registry.versions() if found["version"] == served
    ]
    batches = [*production, last.batch_id if last else None]
    return next((other for other in batches if other and _precedes(batch_id, other)), None)


def _precedes(batch_id: str, other: str) -> bool:
    try:
        return batch_number(batch_id) < batch_number(other)
    except InvalidBatchId:  # A tag or a row that was written by hand names no batch.
        return False
