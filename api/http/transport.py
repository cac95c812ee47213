"""The outermost layer of a request: id, headers, size limit, unexpected errors."""

import re
import secrets
from collections.abc import Callable
from itertools import count
from time import perf_counter

from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import ApiError, BodyTooLarge, NotJson, log
from api.http.draining import GracefulShutdown
from api.http.error_responses import error_response
from readmission.logs import REQUEST_ID as CURRENT_ID
from readmission.logs import where

MAX_BODY = 64 * 1024
"""Bytes; an encounter with all its fields takes about 1,200."""

JSON = "application/json"
CONTENT_TYPE = b"content-type"
REQUEST_ID = b"x-request-id"
CLOSE = (b"connection", b"close")
HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
"""Sent with every response: patient data must not be cached, framed or leaked by browsers."""

Count = Callable[[str, str, int], None]
Record = Callable[[Scope, str, str, int, float], None]
_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
_OTHER = "other"
_ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_PROCESS, _NUMBERS = secrets.token_hex(8), count()


def request_id_of(request: Request) -> str:
    """Return the id of a request, as in the header of its response."""
    request_id: str = request.scope["state"]["request_id"]
    return request_id


def _new_id() -> str:
    """Return a unique id; it need not be secret, so a counter is enough."""
    return f"{_PROCESS}{next(_NUMBERS):016x}"


class RequestBoundary:
    """ASGI middleware: adds id and security headers, counts responses, hides stack traces.

    An id sent by the caller as `X-Request-ID` is kept, so that a request can be traced through
    several services.

    Parameters
    ----------
    app : ASGI application
        Handles the request.
    count : callable
        Called with route, method and status when a response starts.
    record : callable
        Called with scope, route, method, status and seconds when the last byte is sent.
    shutdown : GracefulShutdown
        Once it has begun, every response closes its connection.
    """

    def __init__(
        self, app: ASGIApp, count: Count, record: Record, shutdown: GracefulShutdown
    ) -> None:
        self.app = app
        self._count = count
        self._record = record
        self._shutdown = shutdown

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
                if self._shutdown.begun:
                    message["headers"].append(CLOSE)
                self._count(*endpoint_of(scope), status)
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        except ClientDisconnect:
            return
        except Exception as error:  # noqa: BLE001 - no stack trace may reach the client
            log.error("request %s failed: %s", request_id, where(error))
            if not status:
                failure = ApiError("The service failed; its log has the request id.")
                await error_response(failure, request_id)(scope, receive, send_with_id)
        finally:
            self._record(scope, *endpoint_of(scope), status, perf_counter() - began)


_RAW_HEADERS = [(name.encode(), value.encode()) for name, value in HEADERS.items()]


def endpoint_of(scope: Scope) -> tuple[str, str]:
    """Return route and method of a request; unknown ones become `other`, to bound label values."""
    route, method = scope.get("route"), scope["method"]
    path = getattr(route, "path", _OTHER)
    return path, method if method in _METHODS else _OTHER


def header(scope: Scope, name: bytes) -> str | None:
    """Return the first header with a name; cheaper than building a mapping of all headers."""
    for found, value in scope["headers"]:
        if found == name:
            text: str = value.decode("latin-1")
            return text
    return None


def media_type(content_type: str) -> str:
    """Return a content type in lower case, without its parameters."""
    return content_type.partition(";")[0].strip().lower()


async def read_json_body(request: Request, limit: int = MAX_BODY) -> bytes:
    """Return the body, at most `limit` bytes.

    Raises
    ------
    NotJson
        If the content type is not JSON; a missing content type counts as JSON.
    BodyTooLarge
        As `read_body`.
    """
    content_type = header(request.scope, CONTENT_TYPE) or JSON
    if content_type != JSON and media_type(content_type) != JSON:
        raise NotJson(content_type)
    return await read_body(request, limit)


async def read_body(request: Request, limit: int) -> bytes:
    """Return the body, at most `limit` bytes.

    Raises
    ------
    BodyTooLarge
        As soon as the limit is exceeded; the server discards the rest.
    """
    body, more = b"", True
    while more:
        # Usually there is one message; Starlette's stream is slower.
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > limit:
            raise BodyTooLarge(limit, "one encounter" if limit == MAX_BODY else "a request")
    return body
