"""Deliver chunks of the prediction log to the database, or to disk while it is unavailable."""

import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from api.errors import log
from api.prediction_log.spool import Spool, SpoolFull
from api.prediction_log.tally import Tally
from readmission.logs import where
from readmission.warehouse.migrations import require_current
from readmission.warehouse.predictions.store import PredictionStore

MAX_WAITING_CHUNKS = 20
"""Chunks in memory; further ones go to disk."""
REPLAYED_BYTES = 1 << 20
"""Spooled bytes per transaction."""
IDLE_SECONDS = 1.0
FIRST_DELAY, LONGEST_DELAY = 0.1, 10.0
"""Seconds between attempts to reach the database; the delay doubles after each."""
CLEANING_SECONDS = 3600
CLEANED_ROWS = 1000
"""Rows deleted at a time, so that new predictions do not wait for the deletion of old ones."""

# Defaults that make a dead connection fail; the address may override them.
CONNECTION: dict[str, Any] = {
    "connect_timeout": 5,
    "tcp_user_timeout": 20_000,
    "keepalives_idle": 30,
    "application_name": "readmission-api",
}


@dataclass(frozen=True)
class Chunk:
    """Lines of the log that are delivered together."""

    lines: bytes
    rows: int


class Delivery:
    """A thread that owns the connection; while the database is unavailable, chunks go to disk.

    Each line has an id. If the connection breaks before a commit is confirmed, the chunk is sent
    again and lines that are already there are skipped.

    Parameters
    ----------
    dsn : str
        The database.
    spool : Spool
        Holds chunks while the database is unavailable; replayed before newer chunks.
    retention : timedelta
        Age at which a prediction is deleted, checked once an hour.
    tally : Tally
        Counts written and lost rows.
    """

    def __init__(self, dsn: str, spool: Spool, retention: timedelta, tally: Tally) -> None:
        self._address = make_conninfo(**(CONNECTION | conninfo_to_dict(dsn)))
        self._spool = spool
        self._retention = retention
        self._tally = tally
        self._waiting: deque[Chunk] = deque()
        self._sending: Chunk | None = None
        self._keeps_up = False
        self._unavailable = False
        self._delay = FIRST_DELAY
        self._next_cleaning = 0.0
        self._deadline = float("inf")
        self._closing = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="prediction-delivery", daemon=True)

    def start(self) -> None:
        """Start the thread; it first replays what an earlier process left on disk."""
        self._thread.start()

    def offer(self, chunk: Chunk) -> None:
        """Take a chunk: into memory if the database keeps up, else to disk, else into memory."""
        if self._keeps_up and self._has_room():
            self._enqueue(chunk)
        elif not (failure := self._spooled(chunk)):
            self._tally.add(held=-chunk.rows)
        elif self._has_room():
            self._enqueue(chunk)
        else:
            self._tally.lose(chunk.rows, failure, held=-chunk.rows)

    def close(self, timeout: float) -> None:
        """Deliver waiting chunks; after `timeout` seconds, leave the rest on disk."""
        self._deadline = time.monotonic() + timeout
        self._closing.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout)
        self._spool_waiting()
        while chunk := self._next():
            self._tally.lose(
                chunk.rows, "database and disk were both unavailable", held=-chunk.rows
            )
        self._spool.close()

    def _has_room(self) -> bool:
        return len(self._waiting) < MAX_WAITING_CHUNKS

    def _enqueue(self, chunk: Chunk) -> None:
        self._waiting.append(chunk)
        self._wake.set()

    def _next(self) -> Chunk | None:
        with suppress(IndexError):  # During close, two threads may pop.
            return self._waiting.popleft()
        return None

    def _spooled(self, chunk: Chunk) -> str:
        """Write a chunk to disk; return why that failed, or an empty string."""
        try:
            self._spool.add(chunk.lines)
        except SpoolFull:
            return "the database is unavailable and the spool is full"
        except OSError as error:
            return f"the database is unavailable and the spool is not writable ({error.strerror})"
        return ""

    def _spool_waiting(self) -> None:
        """Move chunks from memory to disk; stop at the first one that cannot be written."""
        chunk, self._sending = self._sending or self._next(), None
        while chunk:
            if self._spooled(chunk):
                self._waiting.appendleft(chunk)
                return
            self._tally.add(held=-chunk.rows)
            chunk = self._next()

    def _run(self) -> None:
        done = False
        while not done:
            # If closing begins during a delay, make one more attempt at once.
            last = self._closing.is_set()
            done = self._try() or last

    def _try(self) -> bool:
        try:
            self._deliver()
        except Exception as error:  # noqa: BLE001 - no failure of the log may stop predictions
            self._keeps_up = False
            self._spool_waiting()
            self._report_unavailable(error)
            self._closing.wait(self._delay)
            self._delay = min(2 * self._delay, LONGEST_DELAY)
            return False
        return True

    def _deliver(self) -> None:
        # If the spool cannot be opened, for example on a full disk, there is nothing to replay.
        with suppress(OSError):
            self._spool.open()
        # No prepared statements: a connection pooler may be in between.
        with psycopg.connect(self._address, autocommit=True, prepare_threshold=None) as connection:
            require_current(connection, "predictions")
            store = PredictionStore(connection)
            while self._must_go_on():
                self._keeps_up = not self._spool.size
                if self._spool.size:
                    self._replay(store)
                elif chunk := self._next():
                    self._send(store, chunk)
                self._report_recovery()
                more = self._clean(store)
                if not (self._waiting or self._spool.size or more):
                    self._wake.wait(IDLE_SECONDS)
                    self._wake.clear()

    def _must_go_on(self) -> bool:
        if not self._closing.is_set():
            return True
        rest = bool(self._waiting or self._spool.size)
        return rest and time.monotonic() < self._deadline

    def _send(self, store: PredictionStore, chunk: Chunk) -> None:
        self._sending = chunk
        self._copy(store, chunk.lines)
        self._sending = None
        self._tally.add(held=-chunk.rows)

    def _replay(self, store: PredictionStore) -> None:
        lines, readable = [], []
        for segment in self._spool.oldest(REPLAYED_BYTES):
            try:
                lines.append(segment.path.read_bytes())
                readable.append(segment)
            except OSError as error:
                log.error("a spool file cannot be read: %s", where(error))
                self._spool.forget([segment])
        if readable:
            self._copy(store, b"".join(lines))
            self._spool.remove(readable)

    def _copy(self, store: PredictionStore, lines: bytes) -> None:
        rejected = _copy_lines(store, lines)
        self._tally.add(written=lines.count(b"\n") - rejected)
        if rejected:
            self._tally.lose(rejected, "the database rejected their values")
        self._delay = FIRST_DELAY

    def _clean(self, store: PredictionStore) -> bool:
        """Delete expired rows once an hour; return whether there are more."""
        if time.monotonic() < self._next_cleaning:
            return False
        try:
            oldest = datetime.now(UTC) - self._retention
            if store.delete_before(oldest, CLEANED_ROWS) == CLEANED_ROWS:
                return True
        except psycopg.Error as error:
            if store.connection.broken:
                raise
            log.error("expired predictions could not be deleted: %s", where(error))
        self._next_cleaning = time.monotonic() + CLEANING_SECONDS
        return False

    def _report_unavailable(self, error: Exception) -> None:
        if not self._unavailable:
            self._unavailable = True
            log.error("predictions go to disk, their database is unavailable: %s", where(error))

    def _report_recovery(self) -> None:
        if self._unavailable and not self._spool.size:
            self._unavailable = False
            log.info("the database of predictions is back; all spooled predictions are written")


def _copy_lines(store: PredictionStore, lines: bytes) -> int:
    """Copy lines, one by one if the database rejects some; return how many it rejected."""
    try:
        store.copy(lines)
    except (psycopg.DataError, psycopg.IntegrityError):
        single = lines.splitlines(keepends=True)
        return 1 if len(single) == 1 else sum(_copy_lines(store, line) for line in single)
    return 0
