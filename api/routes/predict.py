"""One encounter: its answer, and what drove it."""

import asyncio
from collections.abc import Mapping
from functools import wraps
from time import perf_counter
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic_core import to_json
from starlette.requests import ClientDisconnect

from api.access.keys import Role
from api.contract import responses
from api.contract.encounter import EncounterBody, label_of, parse_encounter
from api.dependencies import KEY_NEEDED, Serving, admit, refusals, serving_of
from api.http.direct import DirectRoute, Handler
from api.http.transport import JSON, ReadyJson, read_json_body, request_id_of
from api.model.champion import Champion
from readmission.domain import schema
from readmission.serving.encoding_tables import Encounter
from readmission.serving.model import Explanation, Prediction

MEANINGS = schema.BY_NAME[schema.TARGET].values
_SOON = schema.CLASSES.index("<30")

router = APIRouter(route_class=DirectRoute)

DOCUMENTED: Mapping[str, Any] = {
    "responses": refusals(400, 401, 413, 415, 422, 429, 503),
    "openapi_extra": {
        "requestBody": {
            "required": True,
            "content": {JSON: {"schema": EncounterBody.json_schema()}},
        },
        **KEY_NEEDED,
    },
}
"""What OpenAPI says of both endpoints."""


def refusals_counted(endpoint: Handler) -> Handler:
    """Count what an endpoint does not answer."""

    @wraps(endpoint)
    async def counted(request: Request) -> Response:
        try:
            return await endpoint(request)
        except ClientDisconnect:
            raise  # Who hangs up is not refused.
        except Exception as error:
            serving_of(request).metrics.refused(error)
            raise

    return counted


@router.post(
    "/predict",
    response_model=responses.PredictionAnswer,
    summary="Predict one encounter",
    **DOCUMENTED,
)
@refusals_counted
async def predict(request: Request) -> Response:
    """Answer one raw encounter by its UCI names."""
    serving = serving_of(request)
    admit(serving, request.scope, Role.PREDICT)
    body = await read_json_body(request)
    started = perf_counter()
    # The body's bytes go straight to the validator and the model runs on the event
    # loop: a declared body and a thread hand-over each cost more than they do.
    encounter, champion = parse_encounter(body), serving.holder.require()
    if champion.model.is_quick:
        prediction = champion.model.predict(encounter)
    else:
        prediction = await asyncio.to_thread(champion.model.predict, encounter)
    answer = _answered(serving, champion, encounter, prediction, request_id_of(request))
    serving.metrics.latency.observe(perf_counter() - started)
    return ReadyJson(to_json(answer))


@router.post(
    "/explain",
    response_model=responses.ExplanationAnswer,
    summary="Predict one encounter and say what drove the answer",
    **DOCUMENTED,
)
@refusals_counted
async def explain(request: Request) -> Response:
    """Answer one raw encounter, with the contribution of each field to each class."""
    serving = serving_of(request)
    admit(serving, request.scope, Role.PREDICT)
    body = await read_json_body(request)
    encounter, champion = parse_encounter(body), serving.holder.require()
    # The first explanation of a boosted model imports its library, which takes a second.
    prediction = await asyncio.to_thread(champion.model.predict, encounter)
    explanation = await asyncio.to_thread(champion.model.explain, encounter)
    # Only now is there an answer to be counted and logged.
    answer = _answered(serving, champion, encounter, prediction, request_id_of(request))
    return ReadyJson(to_json(answer | _explained(explanation, encounter)))


def _answered(
    serving: Serving,
    champion: Champion,
    encounter: Encounter,
    prediction: Prediction,
    request_id: str,
) -> dict[str, Any]:
    """Count and log an answer; return it as it is sent."""
    version = champion.registered.version
    serving.metrics.predictions(version)[prediction.predicted_class].inc()
    if serving.log is not None:
        serving.log.record(
            request_id, 0, version, encounter,
            prediction.probabilities, prediction.predicted_class,
        )  # fmt: skip
    answer = described(prediction)
    answer.update(champion.reference, request_id=request_id)
    return answer


def described(prediction: Prediction) -> dict[str, Any]:
    """Return a prediction as answers spell it."""
    return {
        "predicted_class": prediction.predicted_class,
        "meaning": MEANINGS[prediction.predicted_class],
        "probabilities": dict(zip(schema.CLASSES, prediction.probabilities, strict=True)),
        "risk_percentile": prediction.risk_percentile,
    }


def _explained(explanation: Explanation, encounter: Encounter) -> dict[str, Any]:
    """Return an explanation as answers spell it: what weighs most for <30 days comes first."""
    contributions = [
        {
            "field": name,
            "label": label_of(schema.BY_NAME[name]),
            "value": encounter[name],
            "by_class": dict(zip(schema.CLASSES, by_class, strict=True)),
        }
        for name, by_class in sorted(
            explanation.contributions.items(), key=lambda item: -abs(item[1][_SOON])
        )
    ]
    base = dict(zip(schema.CLASSES, explanation.base, strict=True))
    return {"unit": explanation.unit, "base": base, "contributions": contributions}
