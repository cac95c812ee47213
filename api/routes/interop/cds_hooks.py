"""CDS Hooks 2.0: cards in the hospital's own system, at discharge and in the chart."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

import psycopg
from fastapi import APIRouter, Depends, HTTPException, Path, Request

from api.contract.fhir import examples
from api.contract.fhir.resources import Stay, stay_of
from api.contract.protocols import cds_hooks
from api.contract.protocols.json_objects import parse_object
from api.dependencies import (
    KEY_REQUIRED,
    audit_event,
    error_schemas,
    require_predict,
    sender_of,
    service_state,
)
from api.errors import log
from api.http.transport import JSON, read_json_body, request_id_of
from api.prediction_log.delivery import CONNECTION
from api.routes.interop.fhir import score_stay
from api.routes.interop.scoring import MAX_BYTES
from api.routes.predict_batch import CountedRoute
from readmission.logs import where
from readmission.warehouse.audit.events import Action
from readmission.warehouse.predictions.feedback import CardFeedback, record

router = APIRouter(prefix="/cds-services", route_class=CountedRoute)

ServiceId = Annotated[
    str, Path(description="One of the services.", examples=list(cds_hooks.SERVICES))
]
_EXAMPLE = {
    "hook": "encounter-discharge",
    "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
    "context": {"userId": "Practitioner/u1", "patientId": "p1", "encounterId": "e1"},
    "prefetch": {"patient": examples.PATIENT, "stay": examples.bundle(*examples.RESOURCES[1:])},
}


def service_of(name: str) -> cds_hooks.Service:
    """Return a service.

    Raises
    ------
    HTTPException
        404, if no service has this name.
    """
    if name not in cds_hooks.SERVICES:
        raise HTTPException(404, f"the services are {', '.join(cds_hooks.SERVICES)}")
    return cds_hooks.SERVICES[name]


@router.get("", response_model=cds_hooks.Services, summary="The services of CDS Hooks")
async def discover() -> dict[str, Any]:
    """Return the services, their hooks and the data that a client should send with a request."""
    return {"services": [service.model_dump() for service in cds_hooks.SERVICES.values()]}


@router.post(
    "/{service_id}",
    response_model=cds_hooks.Cards,
    responses=error_schemas(400, 401, 404, 412, 413, 415, 422, 429, 503),
    dependencies=[Depends(require_predict)],
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {JSON: {"schema": {"type": "object"}, "example": _EXAMPLE}},
        },
        **KEY_REQUIRED,
    },
    summary="Cards for a patient",
)
async def call(request: Request, service_id: ServiceId) -> dict[str, Any]:
    """Return a card with the risk and what drove it; no card for a patient who died.

    The service reads the data that the client sends as `prefetch`; it does not query the client's
    FHIR server.
    """
    service = service_of(service_id)
    stay = await asyncio.to_thread(_stay, await read_json_body(request, MAX_BYTES), service)
    found = await score_stay(request, stay)
    if not found.line["eligible"]:
        return {"cards": []}
    model = found.scored.champion.model
    explanation = await asyncio.to_thread(model.explain, found.encounter)
    version = found.scored.champion.registered.version
    event = audit_event(request, Action.EXPLAIN, version, hook=service.hook)
    service_state(request).audit.note(event)
    drivers = list(cds_hooks.drivers_of(explanation, found.encounter))
    page_url = service_state(request).settings.page_url
    card = cds_hooks.card(request_id_of(request), found.line, drivers, found.read, page_url)
    return {"cards": [card]}


def _stay(body: bytes, service: cds_hooks.Service) -> Stay:
    wanted = cds_hooks.read_request(parse_object(body), service)
    if not wanted.resources:
        raise HTTPException(412, "send the data of the patient as prefetch; GET /cds-services")
    return stay_of(wanted.resources, wanted.encounter_id)


@router.post(
    "/{service_id}/feedback",
    response_model=cds_hooks.FeedbackResponse,
    responses=error_schemas(400, 401, 404, 413, 415, 422, 429, 503),
    dependencies=[Depends(require_predict)],
    openapi_extra=KEY_REQUIRED,
    summary="Feedback about cards",
)
async def report(
    request: Request, service_id: ServiceId, body: cds_hooks.FeedbackRequest
) -> dict[str, int]:
    """Store whether cards were accepted or overridden, and why, beside their predictions."""
    service = service_of(service_id)
    caller, _ = sender_of(request)
    rows = [
        CardFeedback(one.card, one.outcome_timestamp, service.id, one.outcome, one.reason, caller)
        for one in body.feedback
    ]
    dsn = service_state(request).settings.prediction_log_dsn
    if dsn is None:
        raise HTTPException(503, "there is no database of predictions to store feedback in")
    try:
        return {"stored": await asyncio.to_thread(_store, dsn.get_secret_value(), rows)}
    except psycopg.Error as error:
        log.error("feedback was not stored: %s", where(error))
        raise HTTPException(503, "the database of predictions did not respond") from None


def _store(dsn: str, rows: Sequence[CardFeedback]) -> int:
    with psycopg.connect(dsn, **CONNECTION) as connection:
        return record(connection, rows)
