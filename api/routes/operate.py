"""What changes which model is served; both need the role admin."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from api.access.keys import Caller
from api.contract import responses
from api.dependencies import KEY_NEEDED, may_operate, reference, refusals, serving_of
from api.errors import NothingToRollBackTo, log
from readmission.errors import BundleRefused, NoModel

router = APIRouter()

Operator = Annotated[Caller, Depends(may_operate)]


@router.post(
    "/reload_model",
    response_model=responses.ReloadResponse,
    responses=refusals(401, 403, 409, 429, 503),
    openapi_extra=KEY_NEEDED,
    summary="Load the model in production",
)
async def reload_model(request: Request, operator: Operator) -> dict[str, Any]:
    """Load what the alias names beside the old model, then swap; a failure keeps the old one."""
    log.info("a reload is asked for by %s", operator.name)
    return await _reload(request)


@router.post(
    "/rollback",
    response_model=responses.RollbackResponse,
    responses=refusals(401, 403, 409, 429, 503),
    openapi_extra=KEY_NEEDED,
    summary="Go back to the model before",
)
async def rollback(request: Request, operator: Operator) -> dict[str, Any]:
    """Swap production and previous in the registry and serve; asked twice, it comes back."""
    registry = serving_of(request).registry
    try:
        before = await asyncio.to_thread(registry.before)
        # What cannot serve must not come into production: it is opened while it is out of it.
        await asyncio.to_thread(registry.open, before)
        left, back = await asyncio.to_thread(
            registry.ask, lambda registry: registry.roll_back(operator.name)
        )
    except NoModel as error:
        raise NothingToRollBackTo(f"{error}.") from error
    except BundleRefused as error:
        raise NothingToRollBackTo(
            f"Version {before.version} cannot serve any more, and nothing was changed: {error}."
        ) from error
    log.warning("rolled back from version %s to %s by %s", left, back, operator.name)
    # Whoever polls may have swapped already: what was left is what the registry said.
    return await _reload(request) | {"status": "rolled_back", "previous_version": left}


async def _reload(request: Request) -> dict[str, Any]:
    holder = serving_of(request).holder
    before = holder.champion
    champion = await asyncio.to_thread(holder.reload)
    previous = before.registered.version if before else None
    return {**reference(champion), "previous_version": previous}
