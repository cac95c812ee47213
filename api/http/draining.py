"""Graceful shutdown: tell clients to close their connections before uvicorn closes them."""

import asyncio
import signal
import threading
from typing import Any

DRAIN_SECONDS = 2
"""How long open connections are served after a stop signal. A client with longer pauses is unlikely
to send a request at the moment its connection is closed."""
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class GracefulShutdown:
    """Delays uvicorn's graceful shutdown by `DRAIN_SECONDS` after a stop signal.

    uvicorn closes idle connections as soon as it is told to stop, and loses a request that a client
    sends at that moment. In between, every response has `Connection: close`, and the readiness
    probe fails. A second Ctrl-C ends the wait.
    """

    def __init__(self) -> None:
        self.begun = False
        self._timer: asyncio.TimerHandle | None = None

    def install(self) -> None:
        """Handle stop signals before uvicorn does; no effect outside the main thread."""
        if threading.current_thread() is not threading.main_thread():
            return
        loop = asyncio.get_running_loop()
        for number in STOP_SIGNALS:
            loop.add_signal_handler(number, self._begin, number, signal.getsignal(number))

    def _begin(self, number: int, stop: Any) -> None:
        """Call uvicorn's handler later; at once for a second Ctrl-C."""
        if self._timer is None:
            self.begun = True
            self._timer = asyncio.get_running_loop().call_later(DRAIN_SECONDS, stop, number, None)
        elif number == signal.SIGINT:
            # uvicorn would take another call as a request to drop the requests in flight.
            self._timer.cancel()
            stop(number, None)
