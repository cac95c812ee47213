"""What the service says of itself: that it lives, what it expects, which model answers."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST

from api.contract import responses
from api.contract.encounter import DESCRIPTION
from api.dependencies import KEY_NEEDED, Serving, may_predict, reference, refusals, serving_of
from api.errors import AboutToEnd
from api.http.draining import is_draining
from api.model import history

SERVICE = "Readmission of diabetic patients"
LINKS = {
    name.replace("/", "_"): f"/{name}"
    for name in (
        *("docs", "schema", "predict", "predict/batch", "explain", "model", "model/history"),
        *("quality", "health", "ready", "reload_model", "rollback", "metrics"),
    )
}

router = APIRouter()

Shared = Annotated[Serving, Depends(serving_of)]


@router.get(
    "/", response_model=responses.ServiceDescription, summary="What this is and where to go"
)
async def home(serving: Shared) -> dict[str, Any]:
    """Name the service, the model that answers and the other addresses."""
    model = reference(serving.holder.champion)
    name = model["model_name"] or serving.settings.model_name
    return {"service": SERVICE, **model, "model_name": name, "links": LINKS}


@router.get("/health", response_model=responses.HealthResponse, summary="Alive?")
async def health(serving: Shared) -> dict[str, Any]:
    """Answer 200 as long as the process lives, and say how loading the model went."""
    champion, failure = serving.holder.champion, serving.holder.failure
    return {
        "model_loaded": champion is not None,
        **reference(champion),
        "runtime": champion.model.bundle.scorer.runtime if champion else None,
        "loaded_at": champion.loaded_at if champion else None,
        "last_reload_error": asdict(failure) if failure else None,
    }


@router.get(
    "/ready",
    response_model=responses.ReadyResponse,
    responses=refusals(503),
    summary="Able to predict?",
)
async def ready(request: Request, serving: Shared) -> Mapping[str, Any]:
    """Answer 200 once a model is loaded, 503 with the way out until then and before the end."""
    if is_draining(request):
        raise AboutToEnd
    return reference(serving.holder.require())


@router.get(
    "/schema", response_model=responses.SchemaResponse, summary="The fields of an encounter"
)
async def describe(serving: Shared) -> JSONResponse:
    """List every field with its meaning, acceptable values and an example; and the limits."""
    limits = {"file_mb": serving.settings.api_batch_mb}
    return JSONResponse({**DESCRIPTION, "limits": limits})


@router.get(
    "/model",
    response_model=responses.ModelResponse,
    responses=refusals(401, 429, 503),
    dependencies=[Depends(may_predict)],
    openapi_extra=KEY_NEEDED,
    summary="The model that answers, with its card",
)
async def model(serving: Shared) -> dict[str, Any]:
    """Describe the model: where it is from, how good it is, what it is for and what not."""
    champion = serving.holder.require()
    of = champion.registered
    return {
        **reference(champion),
        "run_id": of.run_id,
        "runtime": champion.model.bundle.scorer.runtime,
        "loaded_at": champion.loaded_at,
        "since": of.tags.get("decided_at"),
        "verdict_reason": of.tags.get("verdict_reason"),
        "test": history.test_figures(of.tags),
        "card": champion.model.card,
    }


@router.get(
    "/model/history",
    response_model=responses.ModelHistory,
    responses=refusals(401, 429, 503),
    dependencies=[Depends(may_predict)],
    openapi_extra=KEY_NEEDED,
    summary="All versions, and the candidates of the newest batch",
)
async def model_history(serving: Shared) -> dict[str, Any]:
    """Ask the registry for every version and its verdict, and for the last three candidates."""
    return await asyncio.to_thread(history.read, serving.registry)


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    summary="Metrics for Prometheus",
)
async def metrics(request: Request) -> Response:
    """Render all metrics in Prometheus' text format."""
    serving = serving_of(request)
    if serving.log is not None:
        serving.metrics.show_log(serving.log)
    return Response(serving.metrics.render(), media_type=CONTENT_TYPE_LATEST)
