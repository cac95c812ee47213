"""What surrounds every request: its id, its size limit, and the net under unexpected errors."""

import re
import secrets
from collections.abc import Callable
from itertools import count
from time import perf_counter

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import ApiError, BodyTooLarge, NotJson, log
from api.http.error_responses import error_response
from readmission.logs import REQUEST_ID as CURRENT_ID
from readmission.logs import where

MAX_BODY = 64 * 1024
"""Bytes; an encounter with all its fields takes about 1,200."""

JSON = "application/json"
CONTENT_TYPE = b"content-type"
REQUEST_ID = b"x-request-id"
HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
"""On every answer: patients' data is not kept, framed, guessed at or passed on."""

Count = Callable[[str, str, int], None]
Note = Callable[[Scope, str, str, int, float], None]
_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
_ELSEWHERE = "other"
_ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_PROCESS, _NUMBERS = secrets.token_hex(8), count()


def request_id_of(request: Request) -> str:
    """Return the id that the answer's header carries."""
    request_id: str = request.scope["state"]["request_id"]
    return request_id


def _new_id() -> str:
    """Return an id that nothing else has; it is no secret, so nobody need be asked for chance."""
    return f"{_PROCESS}{next(_NUMBERS):016x}"


class RequestBoundary:
    """ASGI middleware: an id and safe headers on each answer, a count, and no stack trace out.

    An id sent by the caller as `X-Request-ID` is kept, so that a request can be
    followed through several services.

    Parameters
    ----------
    app : ASGI application
        What answers.
    count : callable
        Told route, method and status of each answer.
    note : callable
        Told also whose it was and how long it took, when its last byte is sent.
    """

    def __init__(self, app: ASGIApp, count: Count, note: Note) -> None:
        self.app = app
        self._count = count
        self._note = note

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        sent = header(scope, REQUEST_ID)
        request_id = sent if sent and _ACCEPTABLE_ID.fullmatch(sent) else _new_id()
        scope.setdefault("state", {})["request_id"] = request_id
        CURRENT_ID.set(request_id)
        began, status = perf_counter(), 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] += [(REQUEST_ID, request_id.encode()), *_RAW_HEADERS]
                self._count(*_endpoint(scope), status)
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        except ClientDisconnect:
            return
        except Exception as error:  # noqa: BLE001 - the last net: nothing may reach the client raw
            log.error("request %s failed: %s", request_id, where(error))
            if not status:
                refusal = ApiError("The service failed; its log has the request id.")
                await error_response(refusal, request_id)(scope, receive, send_with_id)
        finally:
            self._note(scope, *_endpoint(scope), status, perf_counter() - began)


_RAW_HEADERS = [(name.encode(), value.encode()) for name, value in HEADERS.items()]


def _endpoint(scope: Scope) -> tuple[str, str]:
    """Return route and method of a request; what a caller can make up is one value."""
    route, method = scope.get("route"), scope["method"]
    path = getattr(route, "path", _ELSEWHERE)
    return path, method if method in _METHODS else _ELSEWHERE


def header(scope: Scope, name: bytes) -> str | None:
    """Return the first header of a name; a mapping of all of them costs more to make."""
    for found, value in scope["headers"]:
        if found == name:
            text: str = value.decode("latin-1")
            return text
    return None


async def read_json_body(request: Request) -> bytes:
    """Return the body's bytes, at most `MAX_BODY` of them.

    Raises
    ------
    NotJson
        If the caller declares another content type; none at all is taken for JSON.
    BodyTooLarge
        As soon as that is known; the server reads the rest and forgets it.
    """
    content_type = header(request.scope, CONTENT_TYPE) or JSON
    if content_type != JSON and content_type.partition(";")[0].strip().lower() != JSON:
        raise NotJson(content_type)
    body, more = b"", True
    while more:
        # Usually there is one message, which Starlette's stream takes longer to hand over.
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > MAX_BODY:
            raise BodyTooLarge(MAX_BODY)
    return body


class ReadyJson(Response):
    """JSON that is encoded already, with two headers that need not be looked for.

    Parameters
    ----------
    body : bytes
        The whole of it.
    """

    def __init__(self, body: bytes) -> None:
        self.status_code = 200
        self.background = None
        self.body = body
        self.raw_headers = [_IS_JSON, (b"content-length", b"%d" % len(body))]


_IS_JSON = (CONTENT_TYPE, JSON.encode())
