"""Error handlers: the body of every error response is an `ErrorResponse`."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from api.contract.problem_details import HTTP, PROBLEM_JSON, problem_details
from api.errors import ApiError, InvalidEncounter, Problem


def error_response(error: ApiError, request_id: str) -> JSONResponse:
    """Return the response to an error."""
    headers = {"retry-after": str(error.retry_after)} if error.retry_after else None
    body = problem_details(error, request_id)
    return JSONResponse(body, error.status, headers, media_type=PROBLEM_JSON)


def _respond(request: Request, error: ApiError) -> JSONResponse:
    """Return the response, and pass the kind of error to the access log."""
    state = request.scope.setdefault("state", {})
    state["refusal"] = error.kind
    return error_response(error, str(state.get("request_id", "")))


async def respond_to_api_error(request: Request, error: Exception) -> JSONResponse:
    """Convert an ApiError into a response; re-raise anything else."""
    if not isinstance(error, ApiError):
        raise error
    return _respond(request, error)


async def _respond_to_bad_parameters(request: Request, error: Exception) -> JSONResponse:
    """Report wrong query parameters in the same form as wrong fields of the body."""
    if not isinstance(error, RequestValidationError):
        raise error
    return _respond(request, InvalidEncounter([_problem(one) for one in error.errors()]))


def _problem(found: Mapping[str, Any]) -> Problem:
    """Convert what FastAPI found into a problem."""
    place, field = found["loc"][0], found["loc"][-1]  # A rule on the whole body has one part.
    if found["type"] == "missing":
        where = "JSON body" if place == "body" else str(place)
        return Problem.missing_field(str(field), f"a value in the {where}")
    return Problem.wrong_value(str(field), found.get("input"), found["msg"])


async def _respond_to_http_error(request: Request, error: Exception) -> JSONResponse:
    """Report 404 and 405 in the same form as all errors; keep the `Allow` header."""
    if not isinstance(error, HTTPException):
        raise error
    wrapped = ApiError(f"{request.method} {request.url.path[:200]}: {error.detail}. See GET /.")
    wrapped.status, wrapped.kind = error.status_code, HTTP
    wrapped.title = HTTPStatus(error.status_code).phrase
    response = _respond(request, wrapped)
    response.headers.update(error.headers or {})
    return response


def install(app: FastAPI) -> None:
    """Register the handlers on `app`."""
    app.add_exception_handler(ApiError, respond_to_api_error)
    app.add_exception_handler(RequestValidationError, _respond_to_bad_parameters)
    app.add_exception_handler(HTTPException, _respond_to_http_error)
