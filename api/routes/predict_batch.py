"""Predict a file of encounters: one line per row, chunk by chunk and in bounded memory."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import IO, Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse
from fastapi.routing import APIRoute

from api.dependencies import KEY_NEEDED, may_predict, refusals, serving_of
from api.errors import TooManyFiles
from api.files.upload import receive
from api.files.writers import MEDIA_TYPES, AnswerFormat
from api.http.direct import Handler
from api.http.transport import request_id_of
from api.routes import file_formats
from api.routes.file_scoring import FileScoring
from api.routes.predict import refusals_counted

Answer = Annotated[AnswerFormat, Query(description="Format of the response.")]


async def one_of_few(request: Request) -> AsyncIterator[None]:
    """Take a place among the files that are answered, until the last byte is sent.

    Raises
    ------
    TooManyFiles
        If all are taken: each file is kept on disk, or in memory where that stands for one.
    """
    files_at_once = serving_of(request).files_at_once
    if files_at_once.locked():
        raise TooManyFiles(serving_of(request).settings.api_files_at_once)
    async with files_at_once:
        yield


class CountedRoute(APIRoute):
    """Counts what is refused as a whole, be it by what an endpoint depends on."""

    def get_route_handler(self) -> Handler:
        """Return the usual handler, with a count around it."""
        return refusals_counted(super().get_route_handler())


router = APIRouter(
    route_class=CountedRoute, dependencies=[Depends(may_predict), Depends(one_of_few)]
)


@router.post(
    "/predict/batch",
    response_class=StreamingResponse,
    responses=refusals(400, 401, 408, 413, 415, 422, 429, 503) | {200: file_formats.RESPONSE},
    openapi_extra={"requestBody": file_formats.BODY, **KEY_NEEDED},
    summary="Predict a file of encounters",
)
async def predict_batch(
    request: Request,
    answer: Answer = "ndjson",
) -> StreamingResponse:
    """Answer CSV, Parquet, JSON or lines of JSON row by row, in order, while it is read.

    A row that is refused says why in its own line and does not stop the others. One model
    answers the whole file. The last line of `ndjson` sums up.
    """
    serving = serving_of(request)
    champion = serving.holder.require()
    file = await receive(request, serving.settings.api_batch_mb << 20)
    scoring = FileScoring(serving, champion, request_id_of(request), answer)
    pieces = scoring.run(file, request.headers.get("content-type", ""))
    # Make the first piece before the status is sent: a file that cannot be read at all is
    # rejected like any other body.
    first = await asyncio.to_thread(next, pieces)
    return StreamingResponse(_streamed(first, pieces, file), media_type=MEDIA_TYPES[answer])


async def _streamed(first: bytes, pieces: Iterator[bytes], file: IO[bytes]) -> AsyncIterator[bytes]:
    try:
        piece: bytes | None = first
        while piece is not None:
            if piece:
                yield piece
            piece = await asyncio.to_thread(next, pieces, None)
    finally:
        file.close()
