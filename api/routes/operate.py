"""Reload the champion, roll back, or promote a version by hand; all need the role admin."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from api.access.keys import Caller
from api.contract import responses
from api.dependencies import (
    KEY_REQUIRED,
    audit_event,
    error_schemas,
    model_reference,
    require_admin,
    service_state,
)
from api.errors import RollbackFailed, log
from api.model.moves import PromotionFailed
from readmission.errors import BundleRefused, NoModel
from readmission.warehouse.audit.events import Action

router = APIRouter()

Operator = Annotated[Caller, Depends(require_admin)]


@router.post(
    "/reload_model",
    response_model=responses.ReloadResponse,
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
    response_model=responses.RollbackResponse,
    responses=error_schemas(401, 403, 409, 429, 503),
    openapi_extra=KEY_REQUIRED,
    summary="Roll back to the previous model",
)
async def rollback(request: Request, operator: Operator) -> dict[str, Any]:
    """Swap the production and previous aliases, then load the version now in production.

    Calling it twice returns to the first version. If the champion was put into production by hand,
    the rollback goes to the last promoted version.
    """
    state = service_state(request)
    try:
        previous = await asyncio.to_thread(state.registry.previous)
        # Open it before it goes into production: a version that cannot serve must not.
        await asyncio.to_thread(state.store.open, previous)
        await state.audit.require(audit_event(request, Action.ROLL_BACK, previous.version))
        left, back = await asyncio.to_thread(state.registry.roll_back, operator.name)
    except NoModel as error:
        raise RollbackFailed(f"{error}.") from error
    except BundleRefused as error:
        raise RollbackFailed(
            f"Nothing was changed, because version {previous.version} cannot serve: {error}."
        ) from error
    log.warning("rolled back from version %s to %s by %s", left, back, operator.name)
    # The poller may have loaded the new version already, so take `left` from the registry.
    return await _reload(request) | {"status": "rolled_back", "previous_version": left}


@router.post(
    "/promote",
    response_model=responses.PromoteResponse,
    responses=error_schemas(400, 401, 403, 409, 422, 429, 503),
    openapi_extra=KEY_REQUIRED,
    summary="Promote a version by hand",
)
async def promote(
    request: Request, operator: Operator, wanted: responses.PromoteRequest
) -> dict[str, Any]:
    """Put a registered version into production, whatever its verdict, and record who and why.

    It is opened first, so its signature, its digests and its golden rows are verified. This also
    accepts a version to which somebody moved the alias by hand.
    """
    state = service_state(request)
    by = f"{wanted.by} ({operator.name})" if wanted.by else operator.name
    try:
        version = await asyncio.to_thread(state.registry.version, wanted.version)
        await asyncio.to_thread(state.store.open, version)
    except (NoModel, BundleRefused) as error:
        raise PromotionFailed(
            f"Nothing was changed, because version {wanted.version} cannot serve: {error}."
        ) from error
    await state.audit.require(
        audit_event(
            request, Action.PROMOTE, wanted.version, by=wanted.by or None, reason=wanted.reason
        )
    )
    await asyncio.to_thread(state.registry.promote, wanted.version, by, wanted.reason)
    log.warning("version %s was promoted by hand by %s", wanted.version, by)
    return await _reload(request) | {"status": "promoted"}


async def _reload(request: Request) -> dict[str, Any]:
    holder = service_state(request).holder
    before = holder.champion
    champion = await asyncio.to_thread(holder.reload)
    previous = before.registered.version if before else None
    return {**model_reference(champion), "previous_version": previous}
