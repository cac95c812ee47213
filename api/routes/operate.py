"""Reload the champion or roll back to the previous version; both need the role admin."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from api.access.keys import Caller
from api.contract import responses
from api.dependencies import (
    KEY_REQUIRED,
    error_schemas,
    model_reference,
    require_admin,
    service_state,
)
from api.errors import RollbackFailed, log
from readmission.errors import BundleRefused, NoModel

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

    Calling it twice returns to the first version.
    """
    state = service_state(request)
    try:
        previous = await asyncio.to_thread(state.registry.previous)
        # Open it before it goes into production: a version that cannot serve must not.
        await asyncio.to_thread(state.store.open, previous)
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


async def _reload(request: Request) -> dict[str, Any]:
    holder = service_state(request).holder
    before = holder.champion
    champion = await asyncio.to_thread(holder.reload)
    previous = before.registered.version if before else None
    return {**model_reference(champion), "previous_version": previous}
