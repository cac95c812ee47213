"""Closes connections on which a client sends no request, or only part of one."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

REQUEST_SECONDS = 20.0
"""Longest time for a request to arrive, and for the first one on a connection to begin."""
CHECK_SECONDS = 5.0
"""Interval of the checks: cheaper than a timer for every request."""
TIMED_OUT = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
UPLOADING = "uploading"
"""State of a request whose body an upload receives, with timeouts of its own."""


class TimedProtocol(HttpToolsProtocol):
    """uvicorn's protocol with a time limit for requests to arrive.

    uvicorn limits only the pause between two requests, so a client could keep any number of
    half-sent requests open.
    """

    _since: float | None = None
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Start to check the connection."""
        super().connection_made(transport)
        self._since = self.loop.time()
        self._timer = self.loop.call_later(CHECK_SECONDS, self._check)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop to check the connection."""
        if self._timer:
            self._timer.cancel()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Note when a request begins."""
        self._since = self.loop.time()
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """Note that the request has arrived."""
        self._since = None
        super().on_message_complete()

    def _check(self) -> None:
        if self.transport.is_closing():
            return
        if self._since and self.loop.time() - self._since >= REQUEST_SECONDS and self._is_free():
            if self.cycle is None or self.cycle.response_complete or not self._has_response():
                self.transport.write(TIMED_OUT)
            self.transport.close()
            return
        self._timer = self.loop.call_later(CHECK_SECONDS, self._check)

    def _is_free(self) -> bool:
        """Whether neither an upload nor the response to an earlier request is in progress."""
        if self.cycle is None or self.cycle.response_complete:
            return True
        return self.cycle.more_body and not self.cycle.scope.get("state", {}).get(UPLOADING)

    def _has_response(self) -> bool:
        return bool(self.cycle.response_started)
