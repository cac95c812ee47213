"""Reload the champion, roll back, remove a pin, or promote a version by hand, as an admin."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from api.access.keys import Caller
from api.contract import changes
from api.dependencies import (
    KEY_REQUIRED,
    ServiceState,
    audit_event,
    error_schemas,
    model_reference,
    require_admin,
    service_state,
)
from api.errors import RollbackFailed, log
from api.http.checked_bodies import CheckedBodyRoute
from api.model.moves import PromotionFailed
from readmission.domain.production import Pin
from readmission.errors import BundleRefused, NoModel, ProductionPinned
from readmission.warehouse.audit.events import Action

router = APIRouter(route_class=CheckedBodyRoute)

Operator = Annotated[Caller, Depends(require_admin)]


@router.post(
    "/reload_model",
    response_model=changes.ReloadResponse,
    responses=error_schemas(401, 403, 409, 429, 503),
    openapi_extra=KEY_REQUIRED,
    summary="Load the model in production",
)
async def reload_model(request: Request, operator: Operator) -> dict[str, Any]:
    """Load and verify the version in production, then swap; on failure the champion stays."""
    log.info("reload requested by %s", operator.name)
    await service_state(request).audit.require(audit_event(request, Action.RELOAD, None))
    return await _reload(request)


@router.post(
    "/rollback",
    response_model=changes.RollbackResponse,
    responses=error_schemas(400, 401, 403, 409, 413, 415, 422, 429, 503),
    openapi_extra=KEY_REQUIRED,
    summary="Roll back to an earlier model",
)
async def rollback(
    request: Request, operator: Operator, wanted: changes.RollbackRequest
) -> dict[str, Any]:
    """Put an earlier version into production and pin it; by default the previous version.

    While a version is pinned, promotion records its verdicts and moves no alias. A rollback
    replaces an earlier pin; repeating a request whose pin stands changes nothing. If the champion
    was put into production by hand, the rollback goes to the last promoted version. Reason and
    pin are stored in the audit trail before the version changes, and then in the registry.
    """
    state, by = service_state(request), wanted.signed(operator.name)
    production = await asyncio.to_thread(state.registry.state)
    if wanted.is_done(production, by):
        done_before = {"status": "rolled_back", "pinned": str(production.pin)}
        return await _reload(request) | done_before
    try:
        earlier = await asyncio.to_thread(state.registry.earlier, wanted.to)
        # Open it before it goes into production: a version that cannot serve must not.
        await asyncio.to_thread(state.store.open, earlier)
        # By its number: a promotion in between makes another version the previous one.
        pin = Pin(earlier.version, by, wanted.reason, wanted.until)
        event = audit_event(request, Action.ROLL_BACK, earlier.version, pin=str(pin))
        await state.audit.require(event)
        done = await asyncio.to_thread(state.registry.roll_back, pin)
    except NoModel as error:
        raise RollbackFailed(f"{error}.") from error
    except BundleRefused as error:
        raise RollbackFailed(
            f"Nothing was changed, because version {earlier.version} cannot serve: {error}."
        ) from error
    log.warning("rolled back from version %s to %s by %s", done.left, done.back, by)
    # The poller may already serve the new version, so the registry says which one was replaced.
    facts = {"status": "rolled_back", "previous_version": done.left, "pinned": str(pin)}
    return await _reload(request) | facts


@router.post(
    "/unpin",
    response_model=changes.UnpinResponse,
    responses=error_schemas(400, 401, 403, 409, 413, 415, 422, 429, 503),
    openapi_extra=KEY_REQUIRED,
    summary="Remove the pin of a rollback",
)
async def unpin(
    request: Request, operator: Operator, wanted: changes.UnpinRequest
) -> dict[str, Any]:
    """Let promotion replace the pinned version again, from the next batch on."""
    state, by = service_state(request), wanted.signed(operator.name)
    pin = (await asyncio.to_thread(state.registry.state)).pin
    if pin is None:
        raise RollbackFailed("No version is pinned.")
    await state.audit.require(
        audit_event(request, Action.UNPIN, pin.version, by=wanted.by, reason=wanted.reason)
    )
    await asyncio.to_thread(state.registry.unpin)
    log.warning("%s; the pin was removed by %s", pin, by)
    await asyncio.to_thread(state.holder.follow)
    return {"was": str(pin)}


@router.post(
    "/promote",
    response_model=changes.PromoteResponse,
    responses=error_schemas(400, 401, 403, 409, 413, 415, 422, 429, 503),
    openapi_extra=KEY_REQUIRED,
    summary="Promote a version by hand",
)
async def promote(
    request: Request, operator: Operator, wanted: changes.PromoteRequest
) -> dict[str, Any]:
    """Put a registered version into production, whatever its verdict, and record by whom and why.

    It is opened first, so its signature, its digests and its golden rows are verified. This also
    accepts a version to which somebody moved the alias by hand. It is refused while a rollback has
    pinned a version.
    """
    state, by = service_state(request), wanted.signed(operator.name)
    left = _served_version(state)
    try:
        version = await asyncio.to_thread(state.registry.version, wanted.version)
        await asyncio.to_thread(state.store.open, version)
    except (NoModel, BundleRefused) as error:
        raise PromotionFailed(
            f"Nothing was changed, because version {wanted.version} cannot serve: {error}."
        ) from error
    pin = (await asyncio.to_thread(state.registry.state)).pin
    if pin is not None:
        raise PromotionFailed(f"Nothing was changed: {ProductionPinned(pin)}.")
    await state.audit.require(
        audit_event(
            request, Action.PROMOTE, wanted.version, by=wanted.by or None, reason=wanted.reason
        )
    )
    await asyncio.to_thread(state.registry.promote, wanted.version, by, wanted.reason)
    log.warning("version %s was promoted by hand by %s", wanted.version, by)
    # The poller may already serve the new version, so this is what was served at the beginning.
    return await _reload(request) | {"status": "promoted", "previous_version": left}


async def _reload(request: Request) -> dict[str, Any]:
    state = service_state(request)
    left = _served_version(state)
    champion = await asyncio.to_thread(state.holder.reload)
    return {**model_reference(champion), "previous_version": left}


def _served_version(state: ServiceState) -> str | None:
    champion = state.holder.champion
    return champion.registered.version if champion else None
