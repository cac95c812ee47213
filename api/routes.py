"""The endpoints; each is short because the work is done elsewhere."""

import asyncio
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST

from api import answers
from api.champion import Champion, ChampionHolder
from api.contract import DESCRIPTION, EncounterBody, parse_encounter
from api.errors import ApiError
from api.metrics import Metrics
from api.transport import read_json_body, request_id_of
from readmission import schema
from readmission.settings import Settings

SERVICE = "Readmission of diabetic patients"
LINKS = {
    name: f"/{name}"
    for name in ("docs", "schema", "predict", "health", "ready", "reload_model", "metrics")
}
MEANINGS = schema.BY_NAME[schema.TARGET].values

router = APIRouter()


@dataclass(frozen=True)
class Serving:
    """Everything the endpoints share."""

    settings: Settings
    holder: ChampionHolder
    metrics: Metrics


def serving_of(request: Request) -> Serving:
    """Return what the application was built with."""
    serving: Serving = request.app.state.serving
    return serving


Shared = Annotated[Serving, Depends(serving_of)]


def _refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": answers.Refusal} for status in statuses}


def _reference(champion: Champion | None) -> dict[str, str | None]:
    loaded = champion.loaded if champion else None
    return {
        "model_name": loaded.name if loaded else None,
        "model_version": loaded.version if loaded else None,
        "data_source": loaded.data_source if loaded else None,
    }


@router.get("/", response_model=answers.Home, summary="What this is and where to go")
async def home(serving: Shared) -> dict[str, Any]:
    """Name the service, the model that answers and the other addresses."""
    reference = _reference(serving.holder.champion)
    name = reference["model_name"] or serving.settings.model_name
    return {"service": SERVICE, **reference, "model_name": name, "links": LINKS}


@router.get("/health", response_model=answers.Health, summary="Alive?")
async def health(serving: Shared) -> dict[str, Any]:
    """Answer 200 as long as the process lives, and say how loading the model went."""
    champion, failure = serving.holder.champion, serving.holder.failure
    return {
        "model_loaded": champion is not None,
        **_reference(champion),
        "loaded_at": champion.loaded_at if champion else None,
        "last_reload_error": asdict(failure) if failure else None,
    }


@router.get(
    "/ready", response_model=answers.Ready, responses=_refusals(503), summary="Able to predict?"
)
async def ready(serving: Shared) -> dict[str, Any]:
    """Answer 200 once a model is loaded, 503 with the way out until then."""
    return _reference(serving.holder.require())


@router.get("/schema", response_model=answers.SchemaAnswer, summary="The fields of an encounter")
async def describe() -> JSONResponse:
    """List every field: name, section, meaning, acceptable values, example."""
    return JSONResponse(dict(DESCRIPTION))


@router.post(
    "/predict",
    response_model=answers.PredictionAnswer,
    responses=_refusals(400, 413, 415, 422, 503),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": EncounterBody.model_json_schema()}},
        }
    },
    summary="Predict one encounter",
)
async def predict(request: Request) -> JSONResponse:
    """Answer one raw encounter by its UCI names."""
    # The body's bytes go straight to the validator and the model runs on the event
    # loop: a declared body and a thread hand-over each cost more than they do.
    serving = serving_of(request)
    try:
        body = await read_json_body(request)
        return JSONResponse(_predict(serving, body, request_id_of(request)))
    except ApiError as refusal:
        serving.metrics.errors.labels(refusal.kind).inc()
        raise
    except Exception:
        serving.metrics.errors.labels("internal").inc()
        raise


def _predict(serving: Serving, body: bytes, request_id: str) -> dict[str, Any]:
    started = perf_counter()
    encounter = parse_encounter(body)
    champion = serving.holder.require()
    prediction = champion.predict(encounter)
    label = prediction.predicted_class
    serving.metrics.predictions(champion.loaded.version)[label].inc()
    serving.metrics.latency.observe(perf_counter() - started)
    return {
        "predicted_class": label,
        "meaning": MEANINGS[label],
        "probabilities": prediction.probabilities,
        **_reference(champion),
        "request_id": request_id,
    }


@router.post(
    "/reload_model",
    response_model=answers.ReloadAnswer,
    responses=_refusals(409, 503),
    summary="Load the model in production",
)
async def reload_model(serving: Shared) -> dict[str, Any]:
    """Load what the alias names beside the old model, then swap; a failure keeps the old one."""
    before = serving.holder.champion
    champion = await asyncio.to_thread(serving.holder.reload)
    previous = before.loaded.version if before else None
    return {**_reference(champion), "previous_version": previous}


@router.get("/metrics", response_class=Response, summary="Metrics for Prometheus")
async def metrics(serving: Shared) -> Response:
    """Render all metrics in Prometheus' text format."""
    return Response(serving.metrics.render(), media_type=CONTENT_TYPE_LATEST)
