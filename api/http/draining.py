"""A stop that loses no request: callers are told to ask elsewhere before connections are closed."""

import asyncio
from contextlib import suppress
from typing import cast

import uvicorn
from starlette.requests import Request
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.supervisors import multiprocess

DRAIN_SECONDS = 5
"""How long after a signal to stop a kept connection is still answered; who asks over one more
seldom than that is hardly asking in the very moment in which it is closed."""
TICKS = 10
"""A second, as uvicorn counts them."""
CLOSE = (b"connection", b"close")

_DRAINING = "draining"


def is_draining(request: Request) -> bool:
    """Return whether the process that answers is about to end."""
    return _DRAINING in request.scope["state"]


class DrainingServer(uvicorn.Server):
    """uvicorn closes connections on which nothing is under way as soon as it is told to stop.

    A request that a caller sends over one at that moment is lost. Here all goes on for some
    seconds first, but every answer says that it is the last one on its connection. That ends
    early when no connection is left, or when the signal is repeated by Ctrl-C.
    """

    async def main_loop(self) -> None:
        """Serve until a signal says stop, and then until callers have had time to leave."""
        await super().main_loop()
        self.lifespan.state[_DRAINING] = True
        self.config.encoded_headers.append(CLOSE)
        self._close_after_answers()
        for tick in range(DRAIN_SECONDS * TICKS):
            if self.force_exit or not self.server_state.connections:
                return
            await self.on_tick(tick)  # The headers of all answers are made anew here.
            await asyncio.sleep(1 / TICKS)

    def _close_after_answers(self) -> None:
        """Let requests under way be the last ones, too, unless their answer's head has gone."""
        for connection in cast("set[HttpToolsProtocol]", self.server_state.connections):
            if connection.cycle and not connection.cycle.response_started:
                connection.cycle.keep_alive = False


class Worker(multiprocess.Process):
    """One of several processes, with a server that drains."""

    @property
    def server(self) -> uvicorn.Server:
        """The server, made where it runs."""
        if self._server is None:
            self._server = DrainingServer(self.config)
        return self._server


def run(config: uvicorn.Config) -> None:
    """Serve until a signal stops it, as `uvicorn.run` does."""
    with suppress(KeyboardInterrupt):
        if config.workers == 1:
            DrainingServer(config).run()
            return
        # uvicorn's supervisor makes what bears this name, and cannot be told another.
        multiprocess.Process = Worker  # type: ignore[misc]
        multiprocess.Multiprocess(config, [config.bind_socket()]).run()
