"""One encounter: its answer, and what drove it."""

import asyncio
from collections.abc import Mapping
from functools import wraps
from time import perf_counter
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic_core import to_json

from api import answers
from api.contract import EncounterBody, label_of, parse_encounter
from api.direct import DirectRoute, Handler
from api.keys import Role
from api.serving import KEY_NEEDED, Serving, admit, reference, refusals, serving_of
from api.transport import JSON, ReadyJson, read_json_body, request_id_of
from readmission import schema
from readmission.serving.encoding import Encounter
from readmission.serving.served import Explanation, Prediction, ServedModel

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


def _refusals_counted(endpoint: Handler) -> Handler:
    """Count what an endpoint does not answer."""

    @wraps(endpoint)
    async def counted(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Exception as error:
            serving_of(request).metrics.refused(error)
            raise

    return counted


@router.post(
    "/predict",
    response_model=answers.PredictionAnswer,
    summary="Predict one encounter",
    **DOCUMENTED,
)
@_refusals_counted
async def predict(request: Request) -> Response:
    """Answer one raw encounter by its UCI names."""
    # The body's bytes go straight to the validator and the model runs on the event
    # loop: a declared body and a thread hand-over each cost more than they do.
    serving = serving_of(request)
    admit(serving, request.scope, Role.PREDICT)
    body = await read_json_body(request)
    started = perf_counter()
    _, _, answer = _answer(serving, body, request_id_of(request))
    serving.metrics.latency.observe(perf_counter() - started)
    return ReadyJson(to_json(answer))


@router.post(
    "/explain",
    response_model=answers.ExplanationAnswer,
    summary="Predict one encounter and say what drove the answer",
    **DOCUMENTED,
)
@_refusals_counted
async def explain(request: Request) -> Response:
    """Answer one raw encounter, with the contribution of each field to each class."""
    serving = serving_of(request)
    admit(serving, request.scope, Role.PREDICT)
    body = await read_json_body(request)
    model, encounter, answer = _answer(serving, body, request_id_of(request))
    # The first explanation of a boosted model imports its library, which takes a second.
    explanation = await asyncio.to_thread(model.explain, encounter)
    return ReadyJson(to_json(answer | _explained(explanation, encounter)))


def _answer(
    serving: Serving, body: bytes, request_id: str
) -> tuple[ServedModel, Encounter, dict[str, Any]]:
    encounter = parse_encounter(body)
    champion = serving.holder.require()
    prediction = champion.model.predict(encounter)
    version = champion.registered.version
    serving.metrics.predictions(version)[prediction.predicted_class].inc()
    if serving.log is not None:
        serving.log.record(
            request_id, 0, version, encounter,
            prediction.probabilities, prediction.predicted_class,
        )  # fmt: skip
    answer = described(prediction)
    answer.update(reference(champion), request_id=request_id)
    return champion.model, encounter, answer


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
