"""The span of a request; this layer is only there if the settings name a collector."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.access_log import CLIENT_CLOSED
from api.http.transport import endpoint_of, header
from readmission.logs.tracing import SpanKind, Tracer

PARENT = ("traceparent", "tracestate")
"""Headers of W3C Trace Context, with which a caller passes on its trace."""
TRACE_ID = b"x-trace-id"
PROBES = frozenset({"/", "/health", "/metrics", "/ready"})
"""Paths that are requested every few seconds; traced only within the trace of a caller."""


class TracedRequests:
    """ASGI middleware: opens the span of a request and sends its trace id in a header.

    Parameters
    ----------
    app : ASGI application
        Handles the request and gives it an id.
    tracer : Tracer
        Opens the span.
    """

    def __init__(self, app: ASGIApp, tracer: Tracer) -> None:
        self._app = app
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        parent = {name: sent for name in PARENT if (sent := header(scope, name.encode()))}
        if not parent and scope["path"] in PROBES:
            await self._app(scope, receive, send)
            return
        status, trace_id = CLIENT_CLOSED, ""

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] += [(TRACE_ID, trace_id.encode())]
            await send(message)

        with self._tracer.span("request", SpanKind.SERVER, parent) as span:
            if span is None:
                raise AssertionError("this layer needs a tracer that is on")
            state = scope.setdefault("state", {})
            state["trace_id"] = trace_id = span.trace_id
            try:
                await self._app(scope, receive, send_with_id)
            finally:
                route, method = endpoint_of(scope)
                named = {"http.route": route, "http.request.method": method}
                named["readmission.request_id"] = state["request_id"]
                span.end_request(f"{method} {route}", status, **named)
