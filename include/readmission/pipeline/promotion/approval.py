"""Have a person approve a version that won its comparison, before it goes into production.

The state is a tag of the version, like pins and rollbacks. The verdict stays as it was recorded.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from readmission.modelling.evaluation.criteria import sentence
from readmission.pipeline.promotion.order import (
    APPROVAL,
    ASKED_AT,
    CARRIED_OUT,
    DENIED,
    PROMOTED,
    Approval,
)
from readmission.pipeline.promotion.rollout import carry_out, is_carried_out, tags_of
from readmission.registry import Registry
from readmission.warehouse import ModelHistory, Promotion

log = logging.getLogger(__name__)

APPROVE, REFUSE = "Approve", "Refuse"
APPROVED_BY = "approval_by"
NOT_NEEDED = "nobody, because READMISSION_PROMOTION_APPROVAL is off"
WAITING = "awaits approval"
"""The verdict that the pages show meanwhile."""


@dataclass(frozen=True)
class ApprovalRecord:
    """What became of the request to approve a version.

    Parameters
    ----------
    version, state : str
        The version, and one of `Approval`.
    by : str
        Who decided; empty if nobody did.
    at : datetime
        When a person was asked; of a version that was superseded before that, when it was.
    """

    version: str
    state: str
    by: str
    at: datetime


def approvals(registry: Registry) -> list[ApprovalRecord]:
    """Return the state of each version that a person had to approve."""
    found = []
    for one in registry.versions():
        tags = one["tags"]
        at = _moment(tags.get(ASKED_AT) or tags.get(CARRIED_OUT) or "")
        if APPROVAL in tags and at is not None:
            by = tags.get(APPROVED_BY, "")
            found.append(ApprovalRecord(one["version"], tags[APPROVAL], by, at))
    return found


def request(promotion: Promotion, history: ModelHistory, registry: Registry) -> bool:
    """Return whether a person has to approve a verdict; if not, carry it out.

    A request supersedes those about older versions, which can then not be approved any longer.
    Repeating it is safe. A version that went into production before approval was switched on needs
    none.
    """
    states = _states(registry)
    version = promotion.challenger_version
    state = states.get(version)
    if state in DENIED or (state is None and is_carried_out(promotion, registry)):
        return False
    if promotion.verdict != PROMOTED or state == Approval.APPROVED:
        carry_out(promotion, history, registry)
        return False
    for other, state in states.items():
        if state == Approval.REQUESTED and other != version:
            older, newer = sorted((version, other), key=int)
            _supersede(older, newer, registry)
            if older == version:
                return False
    waiting = {"verdict": WAITING, ASKED_AT: _now(), APPROVAL: Approval.REQUESTED.value}
    tags = {name: tag for name, tag in tags_of(promotion).items() if name != CARRIED_OUT}
    registry.tag_version(version, tags | waiting)
    return True


def carry_out_without_approval(
    promotion: Promotion, history: ModelHistory, registry: Registry
) -> None:
    """Carry out a verdict while approval is switched off, also one that waited for it."""
    version = promotion.challenger_version
    state = _states(registry).get(version)
    if state in DENIED:
        return
    if state == Approval.REQUESTED:
        found = {APPROVED_BY: NOT_NEEDED, APPROVAL: Approval.APPROVED.value}
        registry.tag_version(version, found)
    carry_out(promotion, history, registry)


def settle(
    promotion: Promotion,
    answer: Mapping[str, Any] | None,
    history: ModelHistory,
    registry: Registry,
    announce: Callable[[str, Approval], None] = lambda _by, _state: None,
) -> str | None:
    """Carry out what a person decided; return why the version does not go into production.

    Parameters
    ----------
    promotion : Promotion
        The verdict.
    answer : mapping, optional
        What Airflow returns: ``chosen_options`` and ``responded_by_user``, which is None if the
        time is over. None if no approval was needed.
    history, registry : ModelHistory, Registry
        Where verdicts and versions are.
    announce : callable
        Called with the person and the decision before it is stored; if it raises, nothing is.

    Returns
    -------
    str or None
        None if the version was approved, and no other one is pinned.
    """
    version = promotion.challenger_version
    state = _states(registry).get(version)
    if state is None and is_carried_out(promotion, registry):
        return None
    if state == Approval.REQUESTED and answer is not None:
        state = _decide(promotion, answer, registry, announce)
    if state == Approval.APPROVED:
        carry_out(promotion, history, registry)
        pin = registry.production().pin
        held = pin is not None and pin.version != version
        return (
            f"version {version} is approved, and does not go into production: {pin}"
            if held
            else None
        )
    return f"version {version} is {state or 'not approved'}"


def body(promotion: Promotion) -> str:
    """Return what the person is asked, in Markdown: the verdict and its criteria."""
    lines = [
        f"**{promotion.batch_id}, version {promotion.challenger_version}** against"
        f" {promotion.champion_version or 'no champion'}",
        "",
        promotion.reason,
        "",
        "| result | criterion, figure and limit |",
        "|---|---|",
    ]
    found = sorted(promotion.figures.get("criteria", ()), key=lambda one: bool(one["group"]))
    lines += [f"| {one['verdict']} | {_cell(sentence(one))} |" for one in found]
    return "\n".join(lines)


def _decide(
    promotion: Promotion,
    answer: Mapping[str, Any],
    registry: Registry,
    announce: Callable[[str, Approval], None],
) -> Approval:
    user = answer.get("responded_by_user") or {}
    by = str(user.get("name") or user.get("id") or "nobody in time")
    tags: dict[str, object] = {APPROVED_BY: by}
    state = Approval.APPROVED if APPROVE in answer["chosen_options"] else Approval.REFUSED
    if user:
        announce(by, state)
    if state == Approval.REFUSED:
        tags |= tags_of(promotion)
        tags |= {"verdict": "refused", "verdict_reason": f"not approved: {by}; {promotion.reason}"}
    registry.tag_version(promotion.challenger_version, tags | {APPROVAL: state.value})
    log.info("version %s: %s by %s", promotion.challenger_version, state, by)
    return state


def _supersede(version: str, by: str, registry: Registry) -> None:
    reason = f"superseded by version {by} before anybody approved it"
    tags = {"verdict": "refused", "verdict_reason": reason, CARRIED_OUT: _now()}
    registry.tag_version(version, tags | {APPROVAL: Approval.SUPERSEDED.value})
    log.info("version %s: %s", version, reason)


def _states(registry: Registry) -> dict[str, str]:
    return {
        found["version"]: found["tags"][APPROVAL]
        for found in registry.versions()
        if APPROVAL in found["tags"]
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _moment(tag: str) -> datetime | None:
    """Return the time in a tag, or None if it was written by hand and is none."""
    try:
        return datetime.fromisoformat(tag)
    except ValueError:
        return None


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
