"""Closes connections on which a client sends no request, part of one, or endless headers."""

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.http.joined_writes import JoinedWrites
from readmission.logs import deadlines

MAX_HEAD = 64 << 10
"""Bytes of the headers of a request, beyond those that arrive with its first byte; also of what may
follow a body (trailers)."""
COUNT_INCOMPLETE = "count_incomplete"
"""Name of the application state that counts incomplete requests, by status."""
_END = b"\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
RESPONSES = {
    408: b"HTTP/1.1 408 Request Timeout" + _END,
    431: b"HTTP/1.1 431 Request Header Fields Too Large" + _END,
}
UPLOADING = "uploading"
"""State of a request whose body an upload receives, with timeouts of its own."""


class TimedProtocol(deadlines.CheckedConnection, HttpToolsProtocol):
    """uvicorn's protocol with a time limit for requests to arrive, and a limit on their headers.

    uvicorn limits only the pause between two requests, so a client could keep any number of
    half-sent requests open, and holds headers of any size in memory.
    """

    _outside_bodies = 0

    def connection_made(self, transport: Any) -> None:
        """Start to serve a connection."""
        super().connection_made(JoinedWrites(transport, self.loop))

    def data_received(self, data: bytes) -> None:
        """Read what has arrived; close the connection if headers or trailers do not end."""
        self._outside_bodies += len(data)
        super().data_received(data)
        if self._outside_bodies <= MAX_HEAD or self.transport.is_closing():
            return
        self._refuse(431)

    def on_message_begin(self) -> None:
        """Note when a request begins."""
        self._since, self._outside_bodies = self.loop.time(), 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Note that the headers have arrived."""
        self._outside_bodies = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Note that a part of the body has arrived."""
        self._outside_bodies = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Note that the request has arrived."""
        self._since, self._outside_bodies = None, 0
        super().on_message_complete()

    def _check(self) -> None:
        if self.transport.is_closing():
            return
        waited = self.loop.time() - self._since if self._since else 0.0
        if waited >= deadlines.REQUEST_SECONDS and self._is_free():
            self._refuse(408)
            return
        self._check_later()

    def _refuse(self, status: int) -> None:
        """Close the connection; respond only if the response would belong to this request."""
        self.app_state[COUNT_INCOMPLETE](status)
        if self._may_respond():
            self.transport.write(RESPONSES[status])
        self.transport.close()

    def _is_free(self) -> bool:
        """Whether neither an upload nor the response to an earlier request is in progress."""
        if self.cycle is None or self.cycle.response_complete:
            return True
        return self.cycle.more_body and not self.cycle.scope.get("state", {}).get(UPLOADING)

    def _may_respond(self) -> bool:
        """Whether the next response would belong to the request that does not end."""
        cycle = self.cycle
        if cycle is None or cycle.response_complete:
            return True
        return cycle.more_body and not cycle.response_started and not self.pipeline
