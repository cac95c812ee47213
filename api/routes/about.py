"""Describe the service: probes, schema of a request, champion, history and metrics."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Response
from fastapi.responses import HTMLResponse, JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST

from api.contract import responses
from api.contract.form.description import DESCRIPTION
from api.dependencies import (
    KEY_REQUIRED,
    ServiceState,
    error_schemas,
    model_reference,
    require_predict,
    service_state,
)
from api.errors import Draining
from api.model import history
from readmission.serving.card import rendering

SERVICE = "Readmission of diabetic patients"
LINKS = {
    name.replace("/", "_"): f"/{name}"
    for name in (
        *("docs", "schema", "predict", "predict/batch", "explain", "model", "model/history"),
        *("model/card", "model/live"),
        *("quality", "health", "ready", "reload_model", "rollback", "unpin", "promote", "metrics"),
        *("invocations", "ping", "v2", "fhir/RiskAssessment", "cds-services"),
    )
}
CARD_MAY_LOAD = "default-src 'none'; style-src 'unsafe-inline'"
"""Content security policy of a page that has its own style and neither scripts nor pictures."""

router = APIRouter()

State = Annotated[ServiceState, Depends(service_state)]


@router.get(
    "/", response_model=responses.ServiceDescription, summary="The service and its endpoints"
)
async def describe_service(state: State) -> dict[str, Any]:
    """Return the name of the service, its champion and the paths of its endpoints."""
    reference = model_reference(state.holder.champion)
    name = reference["model_name"] or state.settings.model_name
    return {"service": SERVICE, **reference, "model_name": name, "links": LINKS}


@router.get("/health", response_model=responses.HealthResponse, summary="Liveness probe")
async def health(state: State) -> dict[str, Any]:
    """Return 200 while the process is alive, with the state of the model."""
    champion, failure = state.holder.champion, state.holder.failure
    return {
        "model_loaded": champion is not None,
        "waiting_for_first_model": state.holder.waiting,
        **model_reference(champion),
        "runtime": champion.model.bundle.scorer.runtime if champion else None,
        "loaded_at": champion.loaded_at if champion else None,
        "last_reload_error": asdict(failure) if failure else None,
        "moved_by_hand": state.holder.moved_by_hand,
        "pinned": state.holder.pinned,
    }


@router.get(
    "/ready",
    response_model=responses.ReadyResponse,
    responses=error_schemas(503),
    summary="Readiness probe",
)
async def ready(state: State) -> Mapping[str, Any]:
    """Return 200 if a model is loaded, or if the registry has no production model yet.

    Otherwise 503 with advice: while a model loads, if it cannot be loaded, and during shutdown.
    """
    if state.shutdown.begun:
        raise Draining
    # Read before the champion: a model that loads in between must not turn this into an error.
    waiting = state.holder.waiting
    champion = state.holder.champion if waiting else state.holder.require()
    return {
        "model_loaded": champion is not None,
        **model_reference(champion),
        "waiting_for_first_model": waiting and champion is None,
        "moved_by_hand": state.holder.moved_by_hand,
    }


@router.get(
    "/schema", response_model=responses.SchemaResponse, summary="The fields of an encounter"
)
async def describe_fields(state: State) -> JSONResponse:
    """List every field with its meaning, allowed values and an example, and the limits."""
    limits = {"file_mb": state.settings.api_batch_mb}
    return JSONResponse({**DESCRIPTION, "limits": limits})


@router.get(
    "/model",
    response_model=responses.ModelResponse,
    responses=error_schemas(401, 429, 503),
    dependencies=[Depends(require_predict)],
    openapi_extra=KEY_REQUIRED,
    summary="The champion and its card",
)
async def describe_model(state: State) -> dict[str, Any]:
    """Return the champion's origin, metrics, intended use and limits."""
    champion = state.holder.require()
    registered = champion.registered
    return {
        **model_reference(champion),
        "run_id": registered.run_id,
        "runtime": champion.model.bundle.scorer.runtime,
        "loaded_at": champion.loaded_at,
        "since": registered.tags.get("decided_at"),
        "verdict_reason": registered.tags.get("verdict_reason"),
        "test": history.test_metrics(registered.tags),
        "manual": state.holder.manual,
        "moved_by_hand": state.holder.moved_by_hand,
        "pinned": state.holder.pinned,
        "card": champion.model.card,
    }


@router.get(
    "/model/card",
    response_class=HTMLResponse,
    responses={
        200: {"content": {"text/html": {"schema": {"type": "string"}}}},
        **error_schemas(401, 404, 429, 503),
    },
    dependencies=[Depends(require_predict)],
    openapi_extra=KEY_REQUIRED,
    summary="The champion's card as a page",
)
async def model_card(state: State) -> HTMLResponse:
    """Return the card in full as HTML that prints well, as in the registry.

    It has all figures and the 31 source attributes of the US rule HTI-1. 404 if the model was
    trained by a release without such cards.
    """
    card = state.holder.require().model.card
    if not card.get("report"):
        raise HTTPException(404, "the release that trained this model wrote no full card")
    # It takes as long as several predictions, which would wait on the event loop.
    page = await asyncio.to_thread(rendering.html, card)
    return HTMLResponse(page, headers={"content-security-policy": CARD_MAY_LOAD})


@router.get(
    "/model/history",
    response_model=responses.ModelHistory,
    responses=error_schemas(401, 429, 503),
    dependencies=[Depends(require_predict)],
    openapi_extra=KEY_REQUIRED,
    summary="All versions, and the candidates of the newest batch",
)
async def model_history(state: State) -> dict[str, Any]:
    """Return every registered version with its verdict, and the newest candidates."""
    return await asyncio.to_thread(history.read, state.registry)


@router.get(
    "/model/live",
    response_model=responses.LiveFigures,
    responses=error_schemas(401, 429, 503),
    dependencies=[Depends(require_predict)],
    openapi_extra=KEY_REQUIRED,
    summary="How the versions did on live outcomes",
)
async def live_figures(state: State) -> Mapping[str, Any]:
    """Return each version's counts and metrics on live outcomes, for all patients and by group.

    The outcomes became known after the predictions, so these are not the figures on validation or
    test patients. A version in shadow is compared with its champion: challenger minus champion.
    """
    return await state.live.read()


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    summary="Metrics for Prometheus",
)
async def metrics(state: State) -> Response:
    """Return all metrics in Prometheus' text format."""
    if state.log is not None:
        state.metrics.show_log(state.log)
    return Response(state.metrics.render(), media_type=CONTENT_TYPE_LATEST)
