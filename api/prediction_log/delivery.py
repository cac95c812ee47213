"""Bringing lines of the prediction log to the database, by way of the disk if it is away."""

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

WAITING_BATCHES = 20
"""Batches in memory; more of them wait on disk."""
REPLAYED_BYTES = 1 << 20
"""Waiting lines that go into one transaction."""
IDLE_SECONDS = 1.0
FIRST_DELAY, LONGEST_DELAY = 0.1, 10.0
"""Seconds between tries to reach the database: twice as long after each."""
CLEANING_SECONDS = 3600
CLEANED_ROWS = 1000
"""Deleted at a time, so that new predictions do not wait for old ones."""

# The address may say otherwise; a connection that died without a word is given up.
CONNECTION: dict[str, Any] = {
    "connect_timeout": 5,
    "tcp_user_timeout": 20_000,
    "keepalives_idle": 30,
    "application_name": "readmission-api",
}


@dataclass(frozen=True)
class Batch:
    """Lines that travel together."""

    lines: bytes
    rows: int


class Delivery:
    """A thread that owns the connection; whatever holds it up, batches find their way to disk.

    Each line has an id, so a batch whose fate is unknown (the connection broke before the
    database said that it was committed) is simply sent again.

    Parameters
    ----------
    dsn : str
        The database.
    spool : Spool
        Where batches wait while the database is away; emptied in order before anything new.
    retention : timedelta
        Age at which a prediction is deleted, looked at once an hour.
    tally : Tally
        Told what becomes of each row.
    """

    def __init__(self, dsn: str, spool: Spool, retention: timedelta, tally: Tally) -> None:
        self._address = make_conninfo(**(CONNECTION | conninfo_to_dict(dsn)))
        self._spool = spool
        self._retention = retention
        self._tally = tally
        self._waiting: deque[Batch] = deque()
        self._sending: Batch | None = None
        self._keeps_up = False
        self._away = False
        self._delay = FIRST_DELAY
        self._next_cleaning = 0.0
        self._deadline = float("inf")
        self._closing = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="prediction-delivery", daemon=True)

    def start(self) -> None:
        """Begin, with what an earlier process has left on disk."""
        self._thread.start()

    def offer(self, batch: Batch) -> None:
        """Take a batch: to memory if the database keeps up, else to disk, else to memory."""
        if self._keeps_up and self._has_room():
            self._wait(batch)
        elif not (failure := self._spooled(batch)):
            self._tally.add(held=-batch.rows)
        elif self._has_room():
            self._wait(batch)
        else:
            self._tally.lose(batch.rows, failure, held=-batch.rows)

    def close(self, timeout: float) -> None:
        """Deliver what waits; what takes longer than `timeout` is left on disk."""
        self._deadline = time.monotonic() + timeout
        self._closing.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout)
        self._put_aside()
        while batch := self._next():
            self._tally.lose(batch.rows, "neither database nor disk took it", held=-batch.rows)
        self._spool.close()

    def _has_room(self) -> bool:
        return len(self._waiting) < WAITING_BATCHES

    def _wait(self, batch: Batch) -> None:
        self._waiting.append(batch)
        self._wake.set()

    def _next(self) -> Batch | None:
        with suppress(IndexError):  # at the end, two threads may look
            return self._waiting.popleft()
        return None

    def _spooled(self, batch: Batch) -> str:
        """Bring a batch to disk; return why it is not there, or nothing."""
        try:
            self._spool.add(batch.lines)
        except SpoolFull:
            return "the database is away and the spool is full"
        except OSError as error:
            return f"the database is away and the spool cannot be written ({error.strerror})"
        return ""

    def _put_aside(self) -> None:
        """Bring to disk what is in memory; what the disk does not take stays."""
        batch, self._sending = self._sending or self._next(), None
        while batch:
            if self._spooled(batch):
                self._waiting.appendleft(batch)
                return
            self._tally.add(held=-batch.rows)
            batch = self._next()

    def _run(self) -> None:
        done = False
        while not done:
            # Asked to end while it waits for its next try, it has that one at once.
            last = self._closing.is_set()
            done = self._try() or last

    def _try(self) -> bool:
        try:
            self._deliver()
        except Exception as error:  # noqa: BLE001 - whatever it is, predictions go on
            self._keeps_up = False
            self._put_aside()
            self._say_away(error)
            self._closing.wait(self._delay)
            self._delay = min(2 * self._delay, LONGEST_DELAY)
            return False
        return True

    def _deliver(self) -> None:
        # The folder may be on a disk that is full; then there is nothing in it to replay.
        with suppress(OSError):
            self._spool.open()
        # Nothing is prepared, for a pooler may stand in between.
        with psycopg.connect(self._address, autocommit=True, prepare_threshold=None) as connection:
            require_current(connection, "predictions")
            store = PredictionStore(connection)
            while self._goes_on():
                self._keeps_up = not self._spool.size
                if self._spool.size:
                    self._replay(store)
                elif batch := self._next():
                    self._send(store, batch)
                self._say_back()
                more = self._clean(store)
                if not (self._waiting or self._spool.size or more):
                    self._wake.wait(IDLE_SECONDS)
                    self._wake.clear()

    def _goes_on(self) -> bool:
        if not self._closing.is_set():
            return True
        rest = bool(self._waiting or self._spool.size)
        return rest and time.monotonic() < self._deadline

    def _send(self, store: PredictionStore, batch: Batch) -> None:
        self._sending = batch
        self._copy(store, batch.lines)
        self._sending = None
        self._tally.add(held=-batch.rows)

    def _replay(self, store: PredictionStore) -> None:
        lines, readable = [], []
        for segment in self._spool.oldest(REPLAYED_BYTES):
            try:
                lines.append(segment.path.read_bytes())
                readable.append(segment)
            except OSError as error:
                log.error("a file of the spool cannot be read: %s", where(error))
                self._spool.forget([segment])
        if readable:
            self._copy(store, b"".join(lines))
            self._spool.remove(readable)

    def _copy(self, store: PredictionStore, lines: bytes) -> None:
        refused = _refused(store, lines)
        self._tally.add(written=lines.count(b"\n") - refused)
        if refused:
            self._tally.lose(refused, "the database refused their values")
        self._delay = FIRST_DELAY

    def _clean(self, store: PredictionStore) -> bool:
        """Delete some rows that are too old, if it is time; return whether there are more."""
        if time.monotonic() < self._next_cleaning:
            return False
        try:
            oldest = datetime.now(UTC) - self._retention
            if store.delete_before(oldest, CLEANED_ROWS) == CLEANED_ROWS:
                return True
        except psycopg.Error as error:
            if store.connection.broken:
                raise
            log.error("old predictions could not be deleted: %s", where(error))
        self._next_cleaning = time.monotonic() + CLEANING_SECONDS
        return False

    def _say_away(self, error: Exception) -> None:
        if not self._away:
            self._away = True
            log.error("predictions wait on disk, their database is away: %s", where(error))

    def _say_back(self) -> None:
        if self._away and not self._spool.size:
            self._away = False
            log.info("the database of predictions is back, all that waited is there")


def _refused(store: PredictionStore, lines: bytes) -> int:
    """Store lines, one by one if the database refuses some; return how many it refused."""
    try:
        store.copy(lines)
    except (psycopg.DataError, psycopg.IntegrityError):
        single = lines.splitlines(keepends=True)
        return 1 if len(single) == 1 else sum(_refused(store, line) for line in single)
    return 0
