"""HTTP as uvicorn speaks it, with each answer handed to the system in one piece."""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HELD_BYTES = 1 << 16
"""Held at most; a file's answer passes the flow control of the real transport as it comes."""


class WholeAnswers(HttpToolsProtocol):
    """uvicorn writes the head of an answer and its body one after the other.

    Each write costs as much as checking an encounter and wakes up the reader, who then waits
    for the second one; here both leave together.
    """

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a connection."""
        gathering = Gathering(cast(asyncio.Transport, transport), self.loop)
        super().connection_made(gathering)


class Gathering(asyncio.Transport):
    """A transport that holds what is written until the event loop has gone round once.

    Parameters
    ----------
    transport : asyncio.Transport
        Takes what was gathered.
    loop : asyncio.AbstractEventLoop
        Says when.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._held: list[bytes | bytearray | memoryview] = []
        self._size = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Hold `data`; what has become much goes at once."""
        if not self._held:
            self._loop.call_soon(self._let_go)
        self._held.append(data)
        self._size += len(data)
        if self._size > HELD_BYTES:
            self._let_go()

    def _let_go(self) -> None:
        if self._held:
            self._transport.write(b"".join(self._held))
            self._held.clear()
            self._size = 0

    def close(self) -> None:
        """Close when all is written."""
        self._let_go()
        self._transport.close()

    def is_closing(self) -> bool:
        """Whether the connection is closed, or is about to be."""
        return self._transport.is_closing()

    def pause_reading(self) -> None:
        """Receive nothing for now."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Receive again."""
        self._transport.resume_reading()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return what is known of the connection."""
        return self._transport.get_extra_info(name, default)
