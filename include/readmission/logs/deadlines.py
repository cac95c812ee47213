"""The time that a request may take to arrive, for every HTTP server of the system."""

import asyncio
import contextlib
import socket
import threading
from socketserver import StreamRequestHandler
from typing import Any

REQUEST_SECONDS = 20.0
"""Longest time for a request to arrive, and for the first one on a connection to begin."""
CHECK_SECONDS = 5.0
"""Interval of the checks: cheaper than a timer for every request."""


class CheckedConnection(asyncio.Protocol):
    """Base of uvicorn's protocols here: checks a connection at intervals."""

    loop: asyncio.AbstractEventLoop
    _since: float | None = None
    """When the request that has not arrived began; None without one."""
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Start checking the connection."""
        super().connection_made(transport)
        self._since = self.loop.time()
        self._check_later()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop checking the connection."""
        if self._timer:
            self._timer.cancel()
        super().connection_lost(exc)

    def _check_later(self) -> None:
        self._timer = self.loop.call_later(CHECK_SECONDS, self._check)

    def _check(self) -> None:
        """Close the connection if the request is late; otherwise check it later."""
        raise NotImplementedError


class ReadDeadline(StreamRequestHandler):
    """Base of handlers for Python's own HTTP servers, which wait forever for a request.

    A timeout of the socket would only limit the pause between two bytes.
    """

    def setup(self) -> None:
        """Read nothing that arrives after the deadline."""
        super().setup()
        self._deadline = threading.Timer(REQUEST_SECONDS, self._stop_reading)
        self._deadline.daemon = True
        self._deadline.start()

    def finish(self) -> None:
        """End the deadline together with the request."""
        self._deadline.cancel()
        super().finish()

    def _stop_reading(self) -> None:
        # The client may have closed the connection at this moment.
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RD)
