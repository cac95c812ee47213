"""FHIR R4: a bundle of one stay in, a RiskAssessment out."""

import asyncio
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic_core import to_json

from api.contract.fhir import examples
from api.contract.fhir.mapping import ReadStay, read
from api.contract.fhir.resources import Stay, stay_in
from api.contract.fhir.risk_assessment import FHIR_JSON, risk_assessment
from api.contract.protocols.json_objects import parse_object
from api.dependencies import KEY_REQUIRED, error_schemas, require_predict
from api.errors import ApiError, UnsupportedFormat
from api.files.rows import ParsedRow, parse_row
from api.http.transport import (
    CONTENT_TYPE,
    JSON,
    header,
    media_type,
    read_body,
    request_id_of,
)
from api.routes.interop.scoring import MAX_BYTES, Scored, score
from api.routes.predict_batch import CountedRoute
from readmission.serving.encoding_tables import Encounter

router = APIRouter(route_class=CountedRoute)


@dataclass(frozen=True)
class ScoredStay:
    """The prediction for a stay, and how its bundle was read."""

    read: ReadStay
    scored: Scored

    @property
    def encounter(self) -> Encounter:
        """The stay as an encounter of the contract, as the model received it."""
        return self.scored.encounters[0]

    @property
    def line(self) -> dict[str, Any]:
        """The prediction, as a line of a file of predictions."""
        return self.scored.lines[0]


async def score_stay(request: Request, stay: Stay) -> ScoredStay:
    """Predict, count and log one stay.

    Raises
    ------
    InvalidEncounter
        Naming each field that the bundle lacks and the contract needs, or that is wrong.
    """
    # In a thread, because a bundle may have thousands of resources.
    found = await asyncio.to_thread(read, stay)
    row = parse_row(found.fields)
    if isinstance(row.content, ApiError):
        raise row.content
    scored = await score(request, [ParsedRow(row.content)], "fhir")
    return ScoredStay(found, scored)


@router.post(
    "/fhir/RiskAssessment",
    response_class=Response,
    responses=error_schemas(400, 401, 413, 415, 422, 429, 503)
    | {
        200: {
            "description": "A RiskAssessment of FHIR R4.",
            "content": {FHIR_JSON: {"schema": {"type": "object"}}},
        }
    },
    dependencies=[Depends(require_predict)],
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {FHIR_JSON: {"schema": {"type": "object"}, "example": examples.bundle()}},
        },
        **KEY_REQUIRED,
    },
    summary="Predict a stay given as a FHIR bundle",
)
async def assess(request: Request) -> Response:
    """Predict the stay in a Bundle with Patient, Encounter, Condition, Observation and medicines.

    What the bundle lacks is taken as not recorded, and the note of the response says so.
    """
    content_type = header(request.scope, CONTENT_TYPE) or JSON
    if media_type(content_type) not in (JSON, FHIR_JSON):
        raise UnsupportedFormat(content_type, (FHIR_JSON, JSON))
    body = await read_body(request, MAX_BYTES)
    stay = await asyncio.to_thread(lambda: stay_in(parse_object(body)))
    found = await score_stay(request, stay)
    reference = found.scored.champion.reference
    remarks = found.read.remarks
    resource = risk_assessment(stay, found.line, reference, request_id_of(request), remarks)
    return Response(to_json(resource), media_type=FHIR_JSON)
