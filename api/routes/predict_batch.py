"""Many encounters: a file in, one line of answer for each row, in chunks and bounded memory."""

import asyncio
import csv
import io
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import asdict
from tempfile import SpooledTemporaryFile
from typing import IO, Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse
from fastapi.routing import APIRoute
from pydantic_core import to_json

from api.dependencies import KEY_NEEDED, Serving, may_predict, reference, refusals, serving_of
from api.errors import ApiError, BodyTooLarge, TooManyFiles, UploadTooSlow, log
from api.files import readers
from api.files.rows import Row
from api.http.direct import Handler
from api.http.transport import request_id_of
from api.model.champion import Champion
from api.routes import file_formats
from api.routes.file_formats import CSV_COLUMNS, MEDIA
from api.routes.predict import described, refusals_counted
from readmission.domain import schema
from readmission.logs import where
from readmission.serving.model import Prediction

IN_MEMORY = 1 << 20
"""Bytes of a file that are kept in memory; the rest waits on disk."""

STALLED_SECONDS = 20
"""Without a byte, after which a file is given up: it keeps a place from others."""
SLOWEST = 16 << 10
"""Bytes a second that a file has to come in, all in all, beside that."""

LOG_BEHIND = 5_000
"""Answers waiting to be logged, at which a file waits too; single requests never do."""
LOG_PAUSE, LOG_PATIENCE = 0.02, 2.0
"""Seconds between looks, and per chunk at most: a disk that stands still stops no answers."""

AnswerForm = Annotated[Literal["ndjson", "csv"], Query(description="Form of the answer.")]


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
    responses=refusals(400, 401, 408, 413, 415, 422, 429, 503) | {200: file_formats.ANSWER},
    openapi_extra={"requestBody": file_formats.BODY, **KEY_NEEDED},
    summary="Predict a file of encounters",
)
async def predict_batch(
    request: Request,
    answer: AnswerForm = "ndjson",
) -> StreamingResponse:
    """Answer CSV, Parquet, JSON or lines of JSON row by row, in order, while it is read.

    A row that is refused says why in its own line and does not stop the others. One model
    answers the whole file. The last line of `ndjson` sums up.
    """
    serving = serving_of(request)
    champion = serving.holder.require()
    file = await _received(request, serving.settings.api_batch_mb << 20)
    work = Batch(serving, champion, request_id_of(request), answer)
    lines = work.lines(file, request.headers.get("content-type", ""))
    # The first lines are made before the status is sent: a file that cannot be read at all
    # is refused like any other body.
    first = await asyncio.to_thread(next, lines)
    return StreamingResponse(_streamed(first, lines, file), media_type=MEDIA[answer])


async def _received(request: Request, limit: int) -> IO[bytes]:
    file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - closed when it is answered
    try:
        await _receive(request, file, limit)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


async def _receive(request: Request, file: IO[bytes], limit: int) -> None:
    now = asyncio.get_running_loop().time
    latest = now() + STALLED_SECONDS
    try:
        async with asyncio.timeout_at(latest) as patience:
            async for piece in request.stream():
                if file.tell() + len(piece) > limit:
                    raise BodyTooLarge(limit, "a file")
                file.write(piece)
                latest += len(piece) / SLOWEST
                patience.reschedule(min(latest, now() + STALLED_SECONDS))
    except TimeoutError:
        raise UploadTooSlow(file.tell(), STALLED_SECONDS) from None


async def _streamed(first: bytes, lines: Iterator[bytes], file: IO[bytes]) -> AsyncIterator[bytes]:
    try:
        piece: bytes | None = first
        while piece is not None:
            yield piece
            piece = await asyncio.to_thread(next, lines, None)
    finally:
        file.close()


class Batch:
    """The answer to one file.

    Parameters
    ----------
    serving : Serving
        Metrics and the log.
    champion : Champion
        Answers all rows, whatever is promoted meanwhile.
    request_id : str
        Of the request.
    form : str
        ``ndjson`` or ``csv``.
    """

    def __init__(self, serving: Serving, champion: Champion, request_id: str, form: str) -> None:
        self._serving = serving
        self._champion = champion
        self._request_id = request_id
        self._write = _as_csv if form == "csv" else _as_json
        self._is_csv = form == "csv"
        self._by_class: Counter[str] = Counter()
        self._rows = 0

    def lines(self, file: IO[bytes], content_type: str) -> Iterator[bytes]:
        """Yield the answer in pieces of whole lines; what comes first is never empty.

        Raises
        ------
        ApiError
            Before the first piece only; later on it is a line of its own.
        """
        found = readers.chunks(readers.rows(file, content_type))
        piece = self._head() + self._answer(next(found, []))
        try:
            yield piece
            for chunk in found:
                self._let_the_log_catch_up()
                yield self._answer(chunk)
        except Exception as error:  # noqa: BLE001 - the answer has begun: its end says what became of it
            yield self._write(self._refused(self._rows, _told_of(error, self._request_id)))
            # The place where the file breaks off counts as a row, so that the sum tells of it.
            self._rows += 1
        yield self._tail()

    def _let_the_log_catch_up(self) -> None:
        """Wait while the log is behind: a file is answered faster than it can be written."""
        log, waited = self._serving.log, 0.0
        while log is not None and log.pending > LOG_BEHIND and waited < LOG_PATIENCE:
            time.sleep(LOG_PAUSE)
            waited += LOG_PAUSE

    def _head(self) -> bytes:
        return (",".join(CSV_COLUMNS) + "\r\n").encode() if self._is_csv else b""

    def _answer(self, chunk: Sequence[Row]) -> bytes:
        accepted = [row for row in chunk if not isinstance(row, ApiError)]
        predictions = iter(self._champion.model.predict_many(accepted) if accepted else ())
        lines: list[tuple[int, Prediction | ApiError]] = []
        for number, row in enumerate(chunk, self._rows):
            if isinstance(row, ApiError):
                lines += self._refused(number, row)
            else:
                prediction = next(predictions)
                self._note(number, row, prediction)
                lines.append((number, prediction))
        self._rows += len(chunk)
        return self._write(lines)

    def _refused(self, number: int, refusal: ApiError) -> list[tuple[int, Prediction | ApiError]]:
        self._serving.metrics.refused(refusal)
        return [(number, refusal)]

    def _note(self, number: int, encounter: Any, prediction: Prediction) -> None:
        version, label = self._champion.registered.version, prediction.predicted_class
        self._by_class[label] += 1
        self._serving.metrics.predictions(version)[label].inc()
        if self._serving.log is not None:
            self._serving.log.record(
                self._request_id, number, version, encounter, prediction.probabilities, label
            )

    def _tail(self) -> bytes:
        if self._is_csv:
            return b""
        answered = self._by_class.total()
        summary = {
            "rows": self._rows,
            "answered": answered,
            "refused": self._rows - answered,
            "by_class": {name: self._by_class[name] for name in schema.CLASSES},
        }
        about = {**reference(self._champion), "request_id": self._request_id}
        return to_json({"summary": summary} | about) + b"\n"


def _told_of(error: Exception, request_id: str) -> ApiError:
    if isinstance(error, ApiError):
        return error
    log.error("file of request %s broke off: %s", request_id, where(error))
    return ApiError("The service failed at this place; its log has the request id.")


def _as_json(lines: Sequence[tuple[int, Prediction | ApiError]]) -> bytes:
    return b"".join(to_json({"row": number} | _told(said)) + b"\n" for number, said in lines)


def _told(said: Prediction | ApiError) -> dict[str, Any]:
    if isinstance(said, ApiError):
        problems = [asdict(problem) for problem in said.problems]
        return {"error": said.kind, "message": said.message, "problems": problems}
    return described(said)


def _as_csv(lines: Sequence[tuple[int, Prediction | ApiError]]) -> bytes:
    sink = io.StringIO()
    table = csv.writer(sink)
    for number, said in lines:
        if isinstance(said, ApiError):
            empty = [""] * (len(CSV_COLUMNS) - 2)
            table.writerow([number, *empty, said.message])
        else:
            table.writerow(
                [number, said.predicted_class, *said.probabilities, said.risk_percentile, ""]
            )
    return sink.getvalue().encode()
