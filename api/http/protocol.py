"""uvicorn's HTTP protocol, changed to write each response in one piece."""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HELD_BYTES = 1 << 16
"""A larger buffer is flushed at once, so that flow control applies to large responses."""


class SingleWriteProtocol(HttpToolsProtocol):
    """Writes head and body of a response together; uvicorn writes them one after the other.

    Each write costs as much as checking an encounter. The first one also wakes up the client, which
    then has to wait for the second.
    """

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wrap the transport of a new connection."""
        buffered = BufferedTransport(cast(asyncio.Transport, transport), self.loop)
        super().connection_made(buffered)


class BufferedTransport(asyncio.Transport):
    """A transport that holds writes until the next iteration of the event loop.

    Parameters
    ----------
    transport : asyncio.Transport
        Gets the joined writes.
    loop : asyncio.AbstractEventLoop
        Schedules the flush.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._held: list[bytes | bytearray | memoryview] = []
        self._size = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Hold `data`; flush at once if the buffer is full."""
        if not self._held:
            self._loop.call_soon(self._flush)
        self._held.append(data)
        self._size += len(data)
        if self._size > MAX_HELD_BYTES:
            self._flush()

    def _flush(self) -> None:
        if self._held:
            self._transport.write(b"".join(self._held))
            self._held.clear()
            self._size = 0

    def close(self) -> None:
        """Close after flushing."""
        self._flush()
        self._transport.close()

    def is_closing(self) -> bool:
        """Whether the connection is closed or closing."""
        return self._transport.is_closing()

    def pause_reading(self) -> None:
        """Stop receiving."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Receive again."""
        self._transport.resume_reading()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return information about the connection."""
        return self._transport.get_extra_info(name, default)
