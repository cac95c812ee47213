"""The body of every error response: problem details as RFC 9457 defines them.

The fields of `ErrorFields` are its extension members, so a client of either finds what it needs.
"""

from typing import Any

from pydantic import Field
from pydantic.json_schema import models_json_schema

from api.contract.predictions import ErrorFields, read_error
from api.errors import ApiError

PROBLEM_JSON = "application/problem+json"
HTTP = "http"
"""Kind of the errors of HTTP itself, such as 404: their status says everything."""
BLANK = "about:blank"


class ErrorResponse(ErrorFields):
    """The body of every error response: problem details (RFC 9457)."""

    type: str = Field(
        description="The kind of error as a URI; `about:blank` if the status says everything.",
        examples=["urn:readmission:error:invalid"],
    )
    title: str = Field(
        description="The kind of error in words; the same for every error of this type.",
        examples=["The request has missing, unknown or wrong fields"],
    )
    status: int = Field(description="The status of the response.", examples=[422])
    detail: str = Field(description="The same as `message`.")
    instance: str = Field(
        description="This response as a URI: it names the request.",
        examples=["urn:readmission:request:52666b4d50a81500000000000000006f"],
    )
    request_id: str


def problem_details(error: ApiError, request_id: str) -> dict[str, Any]:
    """Return the fields of `ErrorResponse`."""
    return read_error(error) | {
        "type": BLANK if error.kind == HTTP else f"urn:readmission:error:{error.kind}",
        "title": error.title,
        "status": error.status,
        "detail": error.message,
        "instance": f"urn:readmission:request:{request_id}",
        "request_id": request_id,
    }


_, _definitions = models_json_schema(
    [(ErrorResponse, "serialization")], ref_template="#/components/schemas/{model}"
)
SCHEMAS: dict[str, Any] = _definitions["$defs"]
"""Schemas of an error, to be added to the components of OpenAPI."""
SCHEMA_REF = f"#/components/schemas/{ErrorResponse.__name__}"
