"""The Open Inference Protocol (KServe V2) in its REST and JSON form."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path, Request
from pydantic import Field

from api.contract.predictions import ResponseModel
from api.contract.protocols import tensors
from api.contract.protocols.json_objects import parse_object
from api.dependencies import (
    KEY_REQUIRED,
    ServiceState,
    error_schemas,
    require_predict,
    service_state,
)
from api.errors import Draining
from api.files.rows import ParsedRow, parse_row
from api.http.transport import JSON, read_json_body, request_id_of
from api.model.champion import Champion
from api.routes.interop.scoring import MAX_BYTES, require_few, score
from api.routes.predict_batch import CountedRoute
from readmission import __version__
from readmission.domain import schema
from readmission.settings import Settings

PLATFORM = "readmission_compiled"
MODEL: str = Settings.model_fields["model_name"].default

router = APIRouter(prefix="/v2", route_class=CountedRoute)

State = Annotated[ServiceState, Depends(service_state)]
Name = Annotated[str, Path(description="Name of the registered model.", examples=[MODEL])]


def wanted_version(request: Request) -> str | None:
    """Return the version in the path, if there is one."""
    version: str | None = request.path_params.get("version")
    return version


Version = Annotated[str | None, Depends(wanted_version)]


class ServerMetadata(ResponseModel):
    """The server and the extensions of the protocol that it has."""

    name: str = Field(examples=["readmission"])
    version: str = Field(examples=[__version__])
    extensions: list[str] = Field(examples=[[]])


class ServerLive(ResponseModel):
    """The process is alive."""

    live: bool = Field(examples=[True])


class Ready(ResponseModel):
    """A model is loaded."""

    ready: bool = Field(examples=[True])


class ModelReady(Ready):
    """The model is loaded."""

    name: str = Field(examples=[MODEL])


class ModelMetadata(ResponseModel):
    """The tensors of the model."""

    name: str = Field(examples=[MODEL])
    versions: list[str] = Field(examples=[["3"]])
    platform: str = Field(examples=[PLATFORM])
    inputs: list[tensors.TensorDescription]
    outputs: list[tensors.TensorDescription]


class InferenceResponse(ResponseModel):
    """One tensor for each field of a prediction."""

    model_name: str = Field(examples=[MODEL])
    model_version: str = Field(examples=["3"])
    id: str = Field(description="The request's `id`; without one, the request id.")
    parameters: dict[str, Any] = Field(examples=[{"logged": True, "data_source": "uci"}])
    outputs: list[tensors.Tensor]


def serving(state: ServiceState, name: str, version: str | None) -> Champion:
    """Return the champion if it has this name and version.

    Raises
    ------
    HTTPException
        404, if it has another name or version.
    """
    champion = state.holder.require()
    registered = champion.registered
    if name != registered.name or version not in (None, registered.version):
        raise HTTPException(
            404, f"this service has only {registered.name!r}, version {registered.version}"
        )
    return champion


@router.get("", response_model=ServerMetadata, summary="The server, in KServe's protocol")
async def server_metadata() -> dict[str, Any]:
    """Return name and version of the service."""
    return {"name": "readmission", "version": __version__, "extensions": []}


@router.get(
    "/health/live", response_model=ServerLive, summary="Liveness probe of KServe's protocol"
)
async def live() -> dict[str, Any]:
    """Return 200 while the process is alive."""
    return {"live": True}


@router.get(
    "/health/ready",
    response_model=Ready,
    responses=error_schemas(503),
    summary="Readiness probe of KServe's protocol",
)
async def ready(state: State) -> dict[str, Any]:
    """Return 200 if a model is loaded; unlike `/ready`, 503 before the first promotion."""
    if state.shutdown.begun:
        raise Draining
    state.holder.require()
    return {"ready": True}


@router.get(
    "/models/{name}",
    response_model=ModelMetadata,
    responses=error_schemas(401, 404, 422, 429, 503),
    dependencies=[Depends(require_predict)],
    openapi_extra=KEY_REQUIRED,
    summary="The tensors of the model",
)
@router.get(
    "/models/{name}/versions/{version}",
    dependencies=[Depends(require_predict)],
    include_in_schema=False,
)
async def model_metadata(state: State, name: Name, version: Version) -> dict[str, Any]:
    """Return the names, types and shapes of the model's inputs and outputs."""
    registered = serving(state, name, version).registered
    return {
        "name": registered.name,
        "versions": [registered.version],
        "platform": PLATFORM,
        "inputs": tensors.described_inputs(),
        "outputs": tensors.described_outputs(),
    }


@router.get(
    "/models/{name}/ready",
    response_model=ModelReady,
    responses=error_schemas(404, 422, 503),
    summary="Whether the model is loaded",
)
@router.get("/models/{name}/versions/{version}/ready", include_in_schema=False)
async def model_ready(state: State, name: Name, version: Version) -> dict[str, Any]:
    """Return 200 if the model of this name is loaded."""
    return {"name": serving(state, name, version).registered.name, "ready": True}


_BODY = "a JSON object with 'inputs', one tensor for each field of an encounter"
_EXAMPLE = {
    "inputs": [
        {
            "name": field,
            "shape": [1],
            "datatype": tensors.WHOLE if isinstance(value, int) else tensors.TEXT,
            "data": [value],
        }
        for field, value in schema.example().items()
    ]
}


def _rows(body: Mapping[str, Any]) -> Iterator[ParsedRow]:
    rows = tensors.rows_of(body)
    require_few(len(rows))
    yield from map(parse_row, rows)


@router.post(
    "/models/{name}/infer",
    response_model=InferenceResponse,
    responses=error_schemas(400, 401, 404, 413, 415, 422, 429, 503),
    dependencies=[Depends(require_predict)],
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {JSON: {"schema": {"type": "object"}, "example": _EXAMPLE}},
        },
        **KEY_REQUIRED,
    },
    summary="Predict encounters by KServe's protocol",
)
@router.post(
    "/models/{name}/versions/{version}/infer",
    dependencies=[Depends(require_predict)],
    include_in_schema=False,
)
async def infer(request: Request, name: Name, version: Version) -> dict[str, Any]:
    """Predict encounters given as one tensor for each field; if one is invalid, none is predicted.

    Texts are `BYTES` and counts `INT64`. A missing value is null or `?`.
    """
    serving(service_state(request), name, version)
    # In a thread, because a megabyte of JSON takes tens of milliseconds.
    sent = await read_json_body(request, MAX_BYTES)
    body = await asyncio.to_thread(parse_object, sent, _BODY)
    wanted = tensors.wanted_outputs(body)
    scored = await score(request, _rows(body), "kserve")
    reference: Mapping[str, str | None] = scored.champion.reference
    return {
        "model_name": reference["model_name"],
        "model_version": reference["model_version"],
        "id": body["id"] if isinstance(body.get("id"), str) else request_id_of(request),
        "parameters": {
            "logged": scored.logged,
            "data_source": reference["data_source"],
            "request_id": request_id_of(request),
        },
        "outputs": tensors.outputs_of(scored.lines, wanted),
    }
