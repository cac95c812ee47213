"""The threshold from which patients are followed up."""

import asyncio
from dataclasses import asdict
from typing import Annotated, Any

import psycopg
from fastapi import APIRouter, Depends, HTTPException, Request

from api.access.keys import Caller
from api.contract import changes
from api.dependencies import (
    KEY_REQUIRED,
    audit_event,
    error_schemas,
    require_admin,
    require_predict,
    service_state,
)
from api.errors import log
from api.http.checked_bodies import CheckedBodyRoute
from readmission.logs import where
from readmission.warehouse.audit.events import Action

router = APIRouter(route_class=CheckedBodyRoute)

Operator = Annotated[Caller, Depends(require_admin)]


@router.get(
    "/follow_up",
    response_model=changes.FollowUpResponse,
    responses=error_schemas(401, 429),
    dependencies=[Depends(require_predict)],
    openapi_extra=KEY_REQUIRED,
    summary="The threshold of follow-up",
)
async def stored_threshold(request: Request) -> dict[str, Any]:
    """Return the stored threshold, and who chose it; all fields are null if there is none."""
    return _response(request)


@router.post(
    "/follow_up",
    response_model=changes.FollowUpResponse,
    responses=error_schemas(400, 401, 403, 413, 415, 422, 429, 503),
    openapi_extra=KEY_REQUIRED,
    summary="Store the threshold of follow-up",
)
async def store_threshold(
    request: Request, operator: Operator, wanted: changes.FollowUpRequest
) -> dict[str, Any]:
    """Store the risk from which `follow_up` is true; null ends the stored one.

    Other processes of the service use it within seconds.
    """
    state, by = service_state(request), wanted.signed(operator.name)
    dsn = state.settings.prediction_log_dsn
    if dsn is None:
        raise HTTPException(503, "there is no database of predictions to store a threshold in")
    await state.audit.require(
        audit_event(request, Action.SET_THRESHOLD, str(wanted.threshold), by=wanted.by)
    )
    patients = wanted.followed, wanted.discharged
    choice = wanted.threshold, patients, by, wanted.reason
    try:
        await asyncio.to_thread(state.follow_up.store, dsn.get_secret_value(), *choice)
    except psycopg.Error as error:
        log.error("the threshold of follow-up was not stored: %s", where(error))
        raise HTTPException(503, "the database of predictions did not respond") from None
    return _response(request)


def _response(request: Request) -> dict[str, Any]:
    stored = service_state(request).follow_up.stored
    return asdict(stored) if stored else dict.fromkeys(changes.FollowUpResponse.model_fields)
