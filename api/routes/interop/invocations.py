"""MLflow's scoring protocol, so that clients of `mlflow models serve` work unchanged."""

import io
from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, Depends, Request
from pydantic import Field

from api.access.limits import FileBudget
from api.contract.predictions import ModelReference
from api.contract.protocols import data_frames
from api.contract.protocols.json_objects import parse_object
from api.contract.protocols.tensors import OUTPUTS
from api.dependencies import (
    KEY_REQUIRED,
    error_schemas,
    file_budget,
    model_reference,
    require_predict,
    service_state,
)
from api.errors import InvalidEncounter, Problem
from api.files import readers
from api.files.rows import ParsedRow, parse_row
from api.http.transport import (
    CONTENT_TYPE,
    JSON,
    header,
    media_type,
    read_body,
    request_id_of,
)
from api.routes.interop.scoring import MAX_BYTES, Scored, require_few, score
from api.routes.predict_batch import CountedRoute
from readmission.domain import schema

router = APIRouter(route_class=CountedRoute)

CSV = "text/csv"
_CLASS = "predicted_class"
_EXAMPLE = {
    "prediction": "NO",
    "probability_NO": 0.62,
    "probability_>30": 0.3,
    "probability_<30": 0.08,
    "risk_percentile": 41,
    "eligible": True,
    "note": None,
    "follow_up": False,
}


class InvocationsResponse(ModelReference):
    """Predictions in the order of the rows."""

    predictions: list[dict[str, Any]] = Field(
        description=(
            "What the registered model returns for each row, `prediction` and the probability of"
            " each class, and the service's own fields."
        ),
        examples=[[_EXAMPLE]],
    )
    logged: bool = Field(description="Whether every prediction is in the log.", examples=[True])
    request_id: str


class PingResponse(ModelReference):
    """The model that is loaded."""


@router.get(
    "/ping",
    response_model=PingResponse,
    responses=error_schemas(503),
    summary="Readiness probe of MLflow's protocol",
)
async def ping(request: Request) -> dict[str, Any]:
    """Return 200 if a model is loaded."""
    return dict(model_reference(service_state(request).holder.require()))


@router.post(
    "/invocations",
    response_model=InvocationsResponse,
    responses=error_schemas(400, 401, 413, 415, 422, 429, 503),
    dependencies=[Depends(require_predict)],
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                JSON: {
                    "schema": {"type": "object"},
                    "example": {"dataframe_records": [dict(schema.example())]},
                },
                CSV: {"schema": {"type": "string", "format": "binary"}},
            },
        },
        **KEY_REQUIRED,
    },
    summary="Predict encounters by MLflow's protocol",
)
async def invocations(request: Request) -> dict[str, Any]:
    """Predict encounters in a JSON form of MLflow, or in a file.

    The forms are `dataframe_split`, `dataframe_records`, `instances` and `inputs`. Files are those
    of `POST /predict/batch`. If one row is invalid, none is predicted.
    """
    kind = media_type(header(request.scope, CONTENT_TYPE) or JSON)
    body = await read_body(request, MAX_BYTES)
    scored = await score(request, _read(body, kind, file_budget(request)), kind)
    return {
        "predictions": _predictions(scored),
        "logged": scored.logged,
        **model_reference(scored.champion),
        "request_id": request_id_of(request),
    }


def _read(body: bytes, kind: str, budget: FileBudget) -> Iterator[ParsedRow]:
    if kind == JSON:
        expected = f"a JSON object with {data_frames.ONE_OF_THEM}"
        rows = data_frames.rows_of(parse_object(body, expected))
        require_few(len(rows))
        yield from map(parse_row, rows)
        return
    found = readers.read_rows(io.BytesIO(body), kind, require_few, budget.read)
    first = next(found, None)
    if first is None:
        raise InvalidEncounter([Problem.wrong_body("expected at least one encounter")])
    yield first
    yield from found


def _predictions(scored: Scored) -> list[dict[str, Any]]:
    return [
        {"prediction": line[_CLASS]}
        | {column.name: column.cell(line) for column in OUTPUTS if column.name != _CLASS}
        for line in scored.lines
    ]
