"""Carry out a verdict: move the alias, reload the API, and wait until it serves the version."""

import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from readmission.domain.production import CRITERION, CriterionStatus
from readmission.errors import ServingMismatch
from readmission.modelling.evaluation.criteria import sentence
from readmission.pipeline.promotion.order import (
    CARRIED_OUT,
    last_in_order,
    newest_batch,
    standing,
)
from readmission.registry import Registry
from readmission.settings import Settings
from readmission.warehouse import CleanWarehouse, ModelHistory, Promotion

log = logging.getLogger(__name__)

_TAGGED = ("weighted_f1", "macro_f1", "log_loss", "auroc_under_30", "recall_top_20")
"""Metrics that become tags in the registry; the promotion's row holds all metrics."""

_LONGEST_TAG = 5_000
"""Characters that MLflow stores of a version's tag."""


def carry_out(promotion: Promotion, history: ModelHistory, registry: Registry) -> None:
    """Carry out a verdict once.

    Repeating it is safe: it undoes neither the promotion of a newer batch nor a rollback since.
    While a version is pinned, no alias moves, now or later.
    """
    version = promotion.challenger_version
    if is_carried_out(promotion, registry):
        return
    newest = newest_batch(CleanWarehouse(history.connection))
    last = last_in_order(standing(history, registry), newest)
    if last is not None and last.promotion_id == promotion.promotion_id:
        _promote_unless_pinned(version, registry)
    registry.tag_version(version, tags_of(promotion))


def _promote_unless_pinned(version: str, registry: Registry) -> None:
    """Promote a version; a version that somebody pins meanwhile goes back into production."""
    pin = registry.production().pin
    if pin is None:
        registry.promote(version)
        pin = registry.production().pin
        if pin is not None:
            registry.promote(pin.version)
    if pin is not None:
        log.warning("version %s was not put in production: %s", version, pin)


def is_carried_out(promotion: Promotion, registry: Registry) -> bool:
    """Return whether a verdict was carried out, whatever happened since."""
    tags = {found["version"]: found["tags"] for found in registry.versions()}
    return tags.get(promotion.challenger_version, {}).get(CARRIED_OUT) == _decided_at(promotion)


def wait_until_served(registry: Registry, settings: Settings, timeout: float = 60) -> str:
    """Tell the API to load the production model, and return the version that it then serves.

    The request reaches only one of the API's processes. The others notice the new version within
    seconds, so this waits until the API reports it.

    Raises
    ------
    httpx.HTTPError
        If the API cannot be reached. The promotion stands, and a retry reloads again.
    ServingMismatch
        If the API still serves another version.
    """
    key = settings.api_key
    headers = {"X-API-Key": key.get_secret_value()} if key else {}
    deadline = time.monotonic() + timeout
    with httpx.Client(base_url=settings.api_url, timeout=timeout, headers=headers) as api:
        reloaded = api.post("/reload_model")
        while True:
            served = api.get("/").raise_for_status().json()["model_version"]
            expected = registry.served_version()
            if served == expected:
                return str(served)
            if reloaded.is_error or time.monotonic() > deadline:
                break
            time.sleep(0.5)
    raise ServingMismatch(
        f"version {expected} is in production and the API serves {served};"
        f" it responded to /reload_model with {reloaded.status_code} {reloaded.text[:300]}"
    )


def tags_of(promotion: Promotion) -> dict[str, object]:
    """Return the tags of a version whose verdict is carried out."""
    sides = {
        "test": promotion.figures["challenger"],
        "champion_test": promotion.figures["champion"],
    }
    metrics = {
        f"{side}_{name}": f"{found[name]:.4f}"
        for side, found in sides.items()
        for name in _TAGGED
        if found and name in found
    }
    return {
        "verdict": promotion.verdict,
        "verdict_reason": promotion.reason,
        "compared_with": promotion.champion_version or "none",
        **metrics,
        **_criteria(promotion.figures),
        CARRIED_OUT: _decided_at(promotion),
    }


def _criteria(figures: Mapping[str, Any]) -> dict[str, object]:
    """Return a tag for each criterion of all patients, and one for those of their groups."""
    if "rule" not in figures:  # An earlier version of the project recorded the verdict.
        return {}
    found = figures["criteria"]
    tags: dict[str, object] = {"promotion_rule": figures["rule"]["name"]}
    for one in found:
        if not one["group"]:
            tags[CRITERION + one["name"]] = f"{one['verdict']}: {sentence(one)}"
    groups = [one for one in found if one["group"]]
    if groups:
        tags[CRITERION + "groups"] = _groups(groups)[:_LONGEST_TAG]
    return tags


def _groups(found: Sequence[Mapping[str, Any]]) -> str:
    by_status = {
        status: [one for one in found if one["verdict"] == status] for status in CriterionStatus
    }
    if failed := by_status[CriterionStatus.FAILED]:
        return f"{CriterionStatus.FAILED}: {'; '.join(map(sentence, failed))}"
    passed = len(by_status[CriterionStatus.PASSED])
    reported = len(by_status[CriterionStatus.REPORTED])
    status = CriterionStatus.PASSED if passed else CriterionStatus.REPORTED
    return (
        f"{status}: of the comparisons in groups of patients, {passed} passed, and {reported} are"
        " of groups too small to decide"
    )


def _decided_at(promotion: Promotion) -> str:
    return promotion.created_at.isoformat(timespec="seconds") if promotion.created_at else ""
