"""A TCP proxy to the database that a test can cut off, freeze, or break during a commit."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from psycopg.conninfo import conninfo_to_dict, make_conninfo

HOST = "127.0.0.1"
COMMITTED = b"COMMIT\0"
"""Part of PostgreSQL's response to a committed transaction."""


class FaultyProxy:
    """Forwards bytes between its own port and the port of the database."""

    def __init__(self, dsn: str) -> None:
        self._target = (HOST, int(conninfo_to_dict(dsn)["port"]))
        self._listener = socket.create_server((HOST, 0))
        self._sockets: list[socket.socket] = []
        self._flowing = threading.Event()
        self._flowing.set()
        self._is_open = True
        self._loses_commit = False
        self.dsn = make_conninfo(dsn, port=self._listener.getsockname()[1], host=HOST)
        threading.Thread(target=self._accept, daemon=True).start()

    def disconnect(self) -> None:
        """Cut all connections and reject new ones."""
        self._is_open = False
        self._cut()

    def recover(self) -> None:
        """Accept connections and forward bytes again."""
        self._is_open = True
        self._flowing.set()

    def freeze(self) -> None:
        """Keep connections open, but forward nothing."""
        self._flowing.clear()

    def lose_next_commit(self) -> None:
        """Cut all connections after the next commit, before the client gets the response."""
        self._loses_commit = True

    @property
    def lost_a_commit(self) -> bool:
        """Whether the connections have been cut."""
        return not self._loses_commit

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if not self._is_open:
                    client.close()
                    continue
                server = socket.create_connection(self._target)
                self._sockets += [client, server]
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=self._pump, args=pair, daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                if self._loses_commit and COMMITTED in data:
                    self._loses_commit = False
                    self._cut()
                self._flowing.wait()
                sink.sendall(data)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _cut(self) -> None:
        for end in self._sockets:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the listener and all connections."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._cut()
        self._flowing.set()
        for end in self._sockets:
            end.close()


@contextmanager
def faulty_proxy(dsn: str) -> Iterator[FaultyProxy]:
    """Run a proxy for the length of a block."""
    proxy = FaultyProxy(dsn)
    try:
        yield proxy
    finally:
        proxy.close()
