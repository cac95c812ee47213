"""Predict and explain one encounter."""

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
    read_encounter,
    read_prediction,
)
from api.dependencies import (
    KEY_REQUIRED,
    ServiceState,
    audit_event,
    authorize,
    error_schemas,
    sender_of,
    service_state,
)
from api.http.direct import DirectRoute, Handler
from api.http.transport import JSON, read_json_body, request_id_of
from api.model.champion import Champion
from readmission.domain import schema
from readmission.serving.encoding_tables import Encounter
from readmission.serving.model import Explanation, Prediction
from readmission.warehouse.audit.events import Action

_SOON = schema.CLASSES.index("<30")

router = APIRouter(route_class=DirectRoute)

OPENAPI: Mapping[str, Any] = {
    "responses": error_schemas(400, 401, 413, 415, 422, 429, 503),
    "openapi_extra": {
        "requestBody": {
            "required": True,
            "content": {JSON: {"schema": EncounterBody.json_schema()}},
        },
        **KEY_REQUIRED,
    },
}
"""OpenAPI that both endpoints share."""


def count_errors(endpoint: Handler) -> Handler:
    """Count the errors of an endpoint."""

    @wraps(endpoint)
    async def counted(request: Request) -> Response:
        try:
            return await endpoint(request)
        except ClientDisconnect:
            raise  # The caller is gone; the service did not fail.
        except Exception as error:
            service_state(request).metrics.count_error(error)
            raise

    return counted


@router.post(
    "/predict",
    response_model=PredictionResponse,
    summary="Predict one encounter",
    **OPENAPI,
)
@count_errors
async def predict(request: Request) -> Response:
    """Predict one raw encounter, given by its UCI column names."""
    state = service_state(request)
    authorize(state, request.scope, Role.PREDICT)
    body = await read_json_body(request)
    started = perf_counter()
    # Validate the raw body and run the model on the event loop: declaring a body, or handing over
    # to a thread, would each take longer than both.
    encounter, champion = parse_encounter(body), state.holder.require()
    prediction = champion.model.predict(encounter)
    fields = await _record(state, champion, encounter, prediction, request)
    state.metrics.latency.observe(perf_counter() - started)
    return Response(to_json(fields), media_type=JSON)


@router.post(
    "/explain",
    response_model=ExplanationResponse,
    summary="Predict one encounter and explain the prediction",
    **OPENAPI,
)
@count_errors
async def explain(request: Request) -> Response:
    """Predict one raw encounter and return what each field adds to the score of each class."""
    state = service_state(request)
    authorize(state, request.scope, Role.PREDICT)
    body = await read_json_body(request)
    encounter, champion = parse_encounter(body), state.holder.require()
    prediction = champion.model.predict(encounter)
    # In a thread: the first explanation of a boosted model imports its library for a second.
    explanation = await asyncio.to_thread(champion.model.explain, encounter) if prediction else None
    # Count and log the prediction only now, because explaining it may have failed.
    fields = await _record(state, champion, encounter, prediction, request)
    state.audit.note(audit_event(request, Action.EXPLAIN, champion.registered.version))
    fields |= _explanation_fields(explanation, encounter).model_dump()
    return Response(to_json(fields), media_type=JSON)


async def _record(
    state: ServiceState,
    champion: Champion,
    encounter: Encounter,
    prediction: Prediction | None,
    request: Request,
) -> dict[str, Any]:
    """Count and log a prediction, if there is one; return the fields of the response."""
    version, request_id = champion.registered.version, request_id_of(request)
    log, logged = state.log, False
    if prediction is not None:
        label = prediction.predicted_class
        state.metrics.predictions(version)[label].inc()
        logged = log is not None and log.record(
            request_id, 0, version, encounter, prediction.probabilities, label,
            *sender_of(request),
        )  # fmt: skip
    if log is not None and logged:
        logged = await log.synced()
    fields = read_prediction(prediction) | read_encounter(encounter)
    fields["logged"] = logged
    fields.update(champion.reference, request_id=request_id)
    return fields


def _explanation_fields(explanation: Explanation | None, encounter: Encounter) -> ExplanationFields:
    """Return the fields of an explanation, with the largest effect on <30 days first."""
    if explanation is None:
        return ExplanationFields(unit=None, base=None, contributions=[])
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
