"""One line for each request that was answered, written off the request's path."""

import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from functools import lru_cache

from pydantic_core import to_json
from starlette.types import Scope

from api.errors import log
from readmission.logs import is_json, stamp
from readmission.settings import Settings

INTERVAL_SECONDS = 0.1
QUEUE_LIMIT = 50_000
"""Lines that may wait; only a pipe that nobody reads lets them become so many."""
TOGETHER = 8
"""Lines a write; below 4,096 bytes, which a pipe takes in one piece, so that processes which
share it do not break up each other's lines."""
HUNG_UP = 499
"""Status of a request whose caller was gone before it was answered."""
SERVER_ERROR = 500

Record = tuple[float, str, str, str, int, float, str | None, str | None]
"""Time, request id, method, route, status, seconds, role and kind of the refusal."""


def _to_stderr(piece: bytes) -> None:
    os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, piece)


class AccessLog:
    """Remembers answers and writes them ten times a second.

    A line that `logging` makes takes 33 us, half as long as a prediction; put down here (0.5 us)
    and written by a thread (1.6 us), it takes a thirtieth of one.

    Parameters
    ----------
    settings : Settings
        Format and level: answers are logged up to level ``info``, server errors always.
    write : callable
        Takes whole lines, for a test; standard error by default.
    """

    def __init__(self, settings: Settings, write: Callable[[bytes], None] = _to_stderr) -> None:
        self._line = _as_json if is_json(settings) else _as_text
        self._all = settings.log_level in ("debug", "info")
        self._write = write
        self._queue: deque[Record] = deque()
        self._lost = 0
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def note(self, scope: Scope, route: str, method: str, status: int, seconds: float) -> None:
        """Remember one answer.

        Parameters
        ----------
        scope : Scope
            Of the request; what is known of the caller is in its state.
        route, method : str
            As the routes have them: never an address with what a caller wrote into it.
        status : int
            Of the answer; 0 if there was none.
        seconds : float
            From the first byte known of the request to the last of the answer.
        """
        if not self._all and status < SERVER_ERROR:
            return
        if len(self._queue) >= QUEUE_LIMIT:
            self._lost += 1
            return
        state = scope["state"]
        self._queue.append(
            (
                time.time(), state["request_id"], method, route, status or HUNG_UP, seconds,
                state.get("role"), state.get("refusal"),
            )
        )  # fmt: skip

    def start(self) -> None:
        """Begin to write, also after a close; no effect if it does already."""
        if self._thread and self._thread.is_alive():
            return
        self._closing.clear()
        self._thread = threading.Thread(target=self._run, name="access-log", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Write what waits."""
        self._closing.set()
        if self._thread:
            self._thread.join()

    def _run(self) -> None:
        while not self._closing.wait(INTERVAL_SECONDS):
            self._drain()
        self._drain()

    def _drain(self) -> None:
        for piece in self._pieces():
            try:
                self._write(piece)
            except OSError:
                # Nobody can be told where everything is told.
                self._queue.clear()
                return
        if lost := self._lost:
            self._lost -= lost
            log.warning("%d answers are not in this log: it could not be written in time", lost)

    def _pieces(self) -> Iterator[bytes]:
        while waiting := min(len(self._queue), TOGETHER):
            yield b"".join(self._line(self._queue.popleft()) for _ in range(waiting))


def _as_json(record: Record) -> bytes:
    at, request_id, method, route, status, seconds, role, refusal = record
    # The id is of characters that JSON has as they are: the boundary takes no others.
    own = f'{{"time":"{_stamp(at)}","request_id":"{request_id}","duration_ms":{1000 * seconds:.3f},'
    return own.encode() + _common(method, route, status, role, refusal)


@lru_cache(maxsize=512)
def _common(method: str, route: str, status: int, role: str | None, refusal: str | None) -> bytes:
    """Return what a line has in common with all of its kind, which there are few of."""
    told = {
        "level": "WARNING" if status >= SERVER_ERROR else "INFO",
        "service": "api",
        "logger": "readmission.access",
        "message": f"{method} {route} {status}",
        "method": method,
        "route": route,
        "status": status,
        "role": role,
        "refusal": refusal,
    }
    return to_json({name: value for name, value in told.items() if value is not None})[1:] + b"\n"


def _stamp(seconds: float) -> str:
    """Return a time as `stamp` does; most lines of a second are made together."""
    whole = int(seconds)
    return f"{_second(whole)}.{int(1000 * (seconds - whole)):03d}+00:00"


@lru_cache(maxsize=2)
def _second(whole: int) -> str:
    return stamp(whole).partition(".")[0]


def _as_text(record: Record) -> bytes:
    at, request_id, method, route, status, seconds, _, _ = record
    took = f"{1000 * seconds:.1f} ms"
    return f"{stamp(at)} {method} {route} {status} {took} [{request_id}]\n".encode()
