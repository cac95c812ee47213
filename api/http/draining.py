"""Graceful shutdown: tell clients to close their connections before the server closes them."""

import asyncio
from contextlib import suppress
from typing import cast

import uvicorn
from starlette.requests import Request
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.supervisors import multiprocess

DRAIN_SECONDS = 5
"""How long open connections are served after a stop signal. A client with longer pauses is unlikely
to send a request at the moment its connection is closed."""
TICKS_PER_SECOND = 10
"""As uvicorn counts them."""
CLOSE = (b"connection", b"close")

_DRAINING = "draining"


def is_draining(request: Request) -> bool:
    """Return whether the process that handles the request is shutting down."""
    return _DRAINING in request.scope["state"]


class DrainingServer(uvicorn.Server):
    """Serves for some seconds after a stop signal, with `Connection: close` on every response.

    uvicorn itself closes idle connections as soon as it is told to stop, and loses a request that a
    client sends at that moment. Draining ends early when no connection is left, or when Ctrl-C is
    pressed again.
    """

    async def main_loop(self) -> None:
        """Serve until a stop signal, then until clients have had time to leave."""
        await super().main_loop()
        self.lifespan.state[_DRAINING] = True
        self.config.encoded_headers.append(CLOSE)
        self._close_after_responses()
        for tick in range(DRAIN_SECONDS * TICKS_PER_SECOND):
            if self.force_exit or not self.server_state.connections:
                return
            await self.on_tick(tick)  # Rebuilds the default headers of all responses.
            await asyncio.sleep(1 / TICKS_PER_SECOND)

    def _close_after_responses(self) -> None:
        """Close connections after the requests in flight, unless a response has begun."""
        for connection in cast("set[HttpToolsProtocol]", self.server_state.connections):
            if connection.cycle and not connection.cycle.response_started:
                connection.cycle.keep_alive = False


class DrainingWorker(multiprocess.Process):
    """One of several worker processes, with a server that drains."""

    @property
    def server(self) -> uvicorn.Server:
        """The server, created in the worker process."""
        if self._server is None:
            self._server = DrainingServer(self.config)
        return self._server


def run(config: uvicorn.Config) -> None:
    """Serve until a stop signal, as `uvicorn.run` does."""
    with suppress(KeyboardInterrupt):
        if config.workers == 1:
            DrainingServer(config).run()
            return
        # uvicorn's supervisor has no parameter for the class of its workers.
        multiprocess.Process = DrainingWorker  # type: ignore[misc]
        multiprocess.Multiprocess(config, [config.bind_socket()]).run()
