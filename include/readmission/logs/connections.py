"""Closes connections on which a client sends no request, or only part of one.

For the servers that other packages write and uvicorn runs: MLflow, the clinicians' page and
Airflow's API server. The API has `api.http.connections`, on a faster parser.
"""

import logging

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from readmission.logs import deadlines

MIN_BYTES_PER_SECOND = 16 << 10
"""Slowest average speed of a body, which adds to the time for a request."""
NAME = f"{__name__}:TimedH11Protocol"
"""What uvicorn takes as the name of a protocol."""

log = logging.getLogger(__name__)


class TimedH11Protocol(deadlines.CheckedConnection, H11Protocol):
    """uvicorn's protocol with a time limit for requests to arrive.

    uvicorn limits only the pause between two requests, so a client could keep any number of
    half-sent requests open. h11 itself limits the size of the headers.
    """

    _received = 0

    def data_received(self, data: bytes) -> None:
        """Read what has arrived, and note whether a request is still incomplete."""
        self._begin()
        self._received += len(data)
        super().data_received(data)
        if self.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            self._since = None

    def on_response_complete(self) -> None:
        """Continue with what the client sent before the response was complete."""
        super().on_response_complete()
        state = self.conn.their_state
        if state is h11.SEND_BODY or (state is h11.IDLE and self.conn.trailing_data[0]):
            self._begin()

    def _begin(self) -> None:
        if self._since is None:
            self._since, self._received = self.loop.time(), 0

    def _check(self) -> None:
        # An upgraded connection belongs to the protocol of its WebSocket.
        if self.transport.is_closing() or self.transport.get_protocol() is not self:
            return
        if self._since is not None and self._waits_for_server():
            self._since += deadlines.CHECK_SECONDS
        elif self._since is not None and self._is_late(self._since):
            log.info("closed a connection without a whole request")
            self.transport.close()
            return
        self._check_later()

    def _waits_for_server(self) -> bool:
        """Whether the application has yet to take what was sent, or to ask for the body."""
        return self.flow.read_paused or self.conn.they_are_waiting_for_100_continue

    def _is_late(self, since: float) -> bool:
        allowed = deadlines.REQUEST_SECONDS + self._received / MIN_BYTES_PER_SECOND
        return self.loop.time() - since > allowed
