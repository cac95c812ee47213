"""Predict an uploaded file of encounters and stream one line per row."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import IO, Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse

from api.dependencies import (
    KEY_REQUIRED,
    audit_event,
    caller_of,
    error_schemas,
    file_budget,
    require_predict,
    sender_of,
    service_state,
)
from api.files.upload import receive
from api.files.writers import MEDIA_TYPES, AnswerFormat
from api.http.checked_bodies import CheckedBodyRoute
from api.http.direct import Handler
from api.http.transport import request_id_of
from api.routes import file_formats
from api.routes.file_scoring import FileScoring
from api.routes.predict import count_errors
from readmission.warehouse.audit.events import Action

Answer = Annotated[AnswerFormat, Query(description="Format of the response.")]


async def take_upload_slot(request: Request) -> AsyncIterator[None]:
    """Hold an upload slot until the last byte of the response is sent.

    Raises
    ------
    TooManyUploads
        If no slot is free in time; slots bound the memory and disk space of uploads.
    """
    slots, caller = service_state(request).upload_slots, caller_of(request)
    await slots.wait(caller)
    with slots.hold(caller):
        yield


class CountedRoute(CheckedBodyRoute):
    """Counts the errors of an endpoint and of its dependencies."""

    def get_route_handler(self) -> Handler:
        """Return FastAPI's handler, wrapped in `count_errors`."""
        return count_errors(super().get_route_handler())


router = APIRouter(
    route_class=CountedRoute, dependencies=[Depends(require_predict), Depends(take_upload_slot)]
)


@router.post(
    "/predict/batch",
    response_class=StreamingResponse,
    responses=error_schemas(400, 401, 408, 413, 415, 422, 429, 503) | {200: file_formats.RESPONSE},
    openapi_extra={"requestBody": file_formats.BODY, **KEY_REQUIRED},
    summary="Predict a file of encounters",
)
async def predict_batch(request: Request, answer: Answer = "ndjson") -> StreamingResponse:
    """Predict a file in CSV, Parquet, JSON or lines of JSON, row by row and in order.

    A rejected row has the error in its own line; the other rows are predicted. One model version
    predicts the whole file. In `ndjson`, the last line is a summary.
    """
    state = service_state(request)
    champion = state.holder.require()
    file = await receive(request, state.settings.api_batch_mb << 20)
    scoring = FileScoring(
        state, champion, request_id_of(request), sender_of(request), answer, file_budget(request)
    )
    content_type = request.headers.get("content-type", "")
    pieces = scoring.run(file, content_type)
    # Make the first piece before the status is sent, so that an unreadable file gets an error
    # response.
    first = await asyncio.to_thread(next, pieces)

    def note() -> None:
        facts = {"format": content_type, "answer": answer}
        version = champion.registered.version
        state.audit.note(
            audit_event(request, Action.SCORE_FILE, version, rows=scoring.rows, **facts)
        )

    return StreamingResponse(_stream(first, pieces, file, note), media_type=MEDIA_TYPES[answer])


async def _stream(
    first: bytes, pieces: Iterator[bytes], file: IO[bytes], note: Callable[[], None]
) -> AsyncIterator[bytes]:
    try:
        piece: bytes | None = first
        while piece is not None:
            if piece:
                yield piece
            piece = await asyncio.to_thread(next, pieces, None)
    finally:
        # Also if the caller has disconnected: it has received the predictions up to here.
        note()
        file.close()
