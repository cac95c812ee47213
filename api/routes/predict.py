"""Predict and explain one encounter."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import wraps
from time import perf_counter
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic_core import to_json
from starlette.requests import ClientDisconnect

from api.access.keys import Role
from api.contract.encounter import EncounterBody, parse_encounter
from api.contract.explanations.explanation import (
    ExplanationFields,
    ExplanationResponse,
    read_explanation,
    read_what_if,
)
from api.contract.explanations.what_if import Alternative, json_schema, parse_explain_request
from api.contract.predictions import (
    PredictionResponse,
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
from readmission.domain.columns import earlier_stays
from readmission.serving.encoding_tables import Encounter
from readmission.serving.model import Prediction, ServedModel
from readmission.warehouse.audit.events import Action

router = APIRouter(route_class=DirectRoute)


def _openapi(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what OpenAPI says about an endpoint with this body."""
    return {
        "responses": error_schemas(400, 401, 413, 415, 422, 429, 503),
        "openapi_extra": {
            "requestBody": {"required": True, "content": {JSON: {"schema": body}}},
            **KEY_REQUIRED,
        },
    }


def count_errors(endpoint: Handler) -> Handler:
    """Count the errors of an endpoint."""

    @wraps(endpoint)
    async def counted(request: Request) -> Response:
        try:
            return await endpoint(request)
        except ClientDisconnect:
            raise  # The caller has disconnected; the service did not fail.
        except Exception as error:
            service_state(request).metrics.count_error(error)
            raise

    return counted


@router.post(
    "/predict",
    response_model=PredictionResponse,
    summary="Predict one encounter",
    **_openapi(EncounterBody.json_schema()),
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
    with state.tracer.span("validate"):
        encounter, champion = parse_encounter(body), state.holder.require()
        encounter = state.stays.complete(champion.model, encounter)
    with state.tracer.span("score"):
        prediction = await champion.scorer.predict(encounter)
    fields = await _record(state, champion, encounter, prediction, request)
    state.metrics.latency.observe(perf_counter() - started)
    return Response(to_json(fields), media_type=JSON)


@router.post(
    "/explain",
    response_model=ExplanationResponse,
    summary="Predict one encounter and explain the prediction",
    **_openapi(json_schema()),
)
@count_errors
async def explain(request: Request) -> Response:
    """Predict one raw encounter and return what each field adds to the score of each class.

    With `what_if`, also return how the probabilities differ when a modifiable field has another
    value: an association that the model has learnt, not the effect of a treatment.
    """
    state = service_state(request)
    authorize(state, request.scope, Role.PREDICT)
    body = await read_json_body(request)
    # In a thread: the 150 alternatives of the page take milliseconds.
    with state.tracer.span("validate"):
        encounter, alternatives = await asyncio.to_thread(parse_explain_request, body)
        champion = state.holder.require()
        encounter = state.stays.complete(champion.model, encounter)
    with state.tracer.span("score"):
        prediction = champion.model.predict(encounter)
    # In a thread: the first explanation of a boosted model imports its library for a second.
    with state.tracer.span("explain"):
        explained = await asyncio.to_thread(
            _explain, champion.model, encounter, prediction, alternatives
        )
    # Count and log the prediction only now, because explaining it may have failed.
    fields = await _record(state, champion, encounter, prediction, request)
    state.audit.note(audit_event(request, Action.EXPLAIN, champion.registered.version))
    fields |= explained.model_dump()
    return Response(to_json(fields), media_type=JSON)


def _explain(
    model: ServedModel,
    encounter: Encounter,
    prediction: Prediction | None,
    alternatives: Sequence[Alternative],
) -> ExplanationFields:
    """Return the fields of an explanation; they are empty if there is no prediction."""
    if prediction is None:
        return read_explanation(None, encounter)
    fields = read_explanation(model.explain(encounter), encounter)
    history = {name: encounter[name] for name in earlier_stays.NAMES if name in encounter}
    predictions = model.predict_many([{**one.encounter, **history} for one in alternatives])
    fields.what_if = read_what_if(alternatives, predictions, encounter, prediction)
    return fields


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
        with state.tracer.span("log"):
            logged = log is not None and log.record(
                request_id, 0, version, encounter, prediction.probabilities, label,
                *sender_of(request),
            )  # fmt: skip
            if log is not None and logged:
                logged = await log.synced()
        if state.shadow is not None:
            state.shadow.offer(request_id, 0, version, encounter, prediction)
    fields = read_prediction(prediction) | read_encounter(encounter)
    fields["follow_up"] = state.follow_up.decide(prediction)
    fields["logged"] = logged
    fields.update(champion.reference, request_id=request_id)
    return fields
