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
from api.contract.encounter import EncounterBody, label_of, parse_encounter
from api.contract.predictions import (
    Contribution,
    ExplanationFields,
    ExplanationResponse,
    PredictionResponse,
    by_class,
    read_prediction,
)
from api.dependencies import KEY_NEEDED, Serving, admit, refusals, serving_of
from api.http.direct import DirectRoute, Handler
from api.http.transport import JSON, ReadyJson, read_json_body, request_id_of
from api.model.champion import Champion
from readmission.domain import schema
from readmission.serving.encoding_tables import Encounter
from readmission.serving.model import Explanation, Prediction

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
    response_model=PredictionResponse,
    summary="Predict one encounter",
    **DOCUMENTED,
)
@refusals_counted
async def predict(request: Request) -> Response:
    """Predict one raw encounter, given by its UCI column names."""
    serving = serving_of(request)
    admit(serving, request.scope, Role.PREDICT)
    body = await read_json_body(request)
    started = perf_counter()
    # The body's bytes go straight to the validator and the model runs on the event
    # loop: declaring the body or handing over to a thread would cost more than either.
    encounter, champion = parse_encounter(body), serving.holder.require()
    if champion.model.is_quick:
        prediction = champion.model.predict(encounter)
    else:
        prediction = await asyncio.to_thread(champion.model.predict, encounter)
    fields = _recorded(serving, champion, encounter, prediction, request_id_of(request))
    serving.metrics.latency.observe(perf_counter() - started)
    return ReadyJson(to_json(fields))


@router.post(
    "/explain",
    response_model=ExplanationResponse,
    summary="Predict one encounter and explain the prediction",
    **DOCUMENTED,
)
@refusals_counted
async def explain(request: Request) -> Response:
    """Predict one raw encounter and return what each field adds to the score of each class."""
    serving = serving_of(request)
    admit(serving, request.scope, Role.PREDICT)
    body = await read_json_body(request)
    encounter, champion = parse_encounter(body), serving.holder.require()
    # The first explanation of a boosted model imports its library, which takes a second.
    prediction = await asyncio.to_thread(champion.model.predict, encounter)
    explanation = await asyncio.to_thread(champion.model.explain, encounter)
    # Count and log the prediction only now: the explanation may have failed.
    fields = _recorded(serving, champion, encounter, prediction, request_id_of(request))
    return ReadyJson(to_json(fields | _explained(explanation, encounter).model_dump()))


def _recorded(
    serving: Serving,
    champion: Champion,
    encounter: Encounter,
    prediction: Prediction,
    request_id: str,
) -> dict[str, Any]:
    """Count and log a prediction; return the fields of the response."""
    version = champion.registered.version
    serving.metrics.predictions(version)[prediction.predicted_class].inc()
    if serving.log is not None:
        serving.log.record(
            request_id, 0, version, encounter,
            prediction.probabilities, prediction.predicted_class,
        )  # fmt: skip
    fields = read_prediction(prediction)
    fields.update(champion.reference, request_id=request_id)
    return fields


def _explained(explanation: Explanation, encounter: Encounter) -> ExplanationFields:
    """Return an explanation as response fields, largest effect on <30 days first."""
    contributions = sorted(explanation.contributions.items(), key=lambda item: -abs(item[1][_SOON]))
    return ExplanationFields(
        unit=explanation.unit,
        base=by_class(explanation.base),
        contributions=[
            Contribution(
                field=name,
                label=label_of(schema.BY_NAME[name]),
                value=encounter[name],
                by_class=by_class(scores),
            )
            for name, scores in contributions
        ],
    )
