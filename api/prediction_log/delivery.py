"""Deliver the files of the spool to the database."""

import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from api.errors import log
from api.prediction_log.spool import Segment, Spool
from api.prediction_log.tally import Tally
from readmission.logs import where
from readmission.warehouse.migrations import require_current
from readmission.warehouse.predictions import feedback, shadow
from readmission.warehouse.predictions.store import PredictionStore

INTERVAL_SECONDS = 0.5
"""Pause between two transactions: fewer, larger ones leave more of the CPU to predictions."""
FIRST_DELAY, LONGEST_DELAY = 0.1, 10.0
"""Seconds between attempts to reach the database; the delay doubles after each."""
ADOPTING_SECONDS = 60
"""Pause between two searches for files of processes that have died."""
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


class Delivery:
    """A thread that owns the connection and copies the spool's files, oldest first.

    Each line has an id. If the connection or the process breaks before a file is deleted, it is
    sent again, and lines that are already in the database are skipped.

    Parameters
    ----------
    dsn : str
        The database.
    spool : Spool
        Holds the lines.
    retention : timedelta
        Age at which predictions, those in shadow and feedback are deleted, checked once an hour.
    tally : Tally
        Counts the rows.
    """

    def __init__(self, dsn: str, spool: Spool, retention: timedelta, tally: Tally) -> None:
        self._address = make_conninfo(**(CONNECTION | conninfo_to_dict(dsn)))
        self._spool = spool
        self._retention = retention
        self._tally = tally
        self._unavailable = False
        self._delay = FIRST_DELAY
        self._next_adoption = self._next_cleaning = 0.0
        self._deadline = float("inf")
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="prediction-delivery", daemon=True)

    def start(self) -> None:
        """Start the thread; it first delivers what dead processes left on disk."""
        self._thread.start()

    def close(self, timeout: float) -> None:
        """Deliver the waiting predictions; after `timeout` seconds, leave the rest on disk."""
        self._deadline = time.monotonic() + timeout
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(timeout)

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
            self._report_unavailable(error)
            self._closing.wait(self._delay)
            self._delay = min(2 * self._delay, LONGEST_DELAY)
            return False
        return True

    def _deliver(self) -> None:
        self._adopt()
        # No prepared statements: a connection pooler may be in between.
        with psycopg.connect(self._address, autocommit=True, prepare_threshold=None) as connection:
            require_current(connection, "predictions")
            store = PredictionStore(connection)
            while self._must_go_on():
                self._adopt()
                if segment := self._spool.oldest():
                    self._send(store, segment)
                self._report_recovery()
                more = self._clean(store)
                if not (more or self._spool.has_finished):
                    self._closing.wait(INTERVAL_SECONDS)

    def _adopt(self) -> None:
        if time.monotonic() >= self._next_adoption:
            self._next_adoption = time.monotonic() + ADOPTING_SECONDS
            # On a full disk this process may have no folder of its own yet.
            with suppress(OSError):
                self._spool.adopt()

    def _must_go_on(self) -> bool:
        if not self._closing.is_set():
            return True
        return self._spool.size > 0 and time.monotonic() < self._deadline

    def _send(self, store: PredictionStore, segment: Segment) -> None:
        try:
            content = segment.path.read_bytes()
        except OSError as error:
            log.error("a spool file cannot be read: %s", where(error))
            self._spool.forget(segment)
            return
        lines, newline, torn = content.rpartition(b"\n")
        if newline:
            self._copy(store, lines + newline)
        self._tally.add(torn=bool(torn))
        self._spool.remove(segment)

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
            store.keep_months(oldest)
            if store.delete_before(oldest, CLEANED_ROWS) == CLEANED_ROWS:
                return True
            for other in (feedback, shadow):
                if other.delete_before(store.connection, oldest, CLEANED_ROWS) == CLEANED_ROWS:
                    return True
        except psycopg.Error as error:
            if store.connection.broken:
                raise
            log.error("the prediction log could not be cleaned: %s", where(error))
        self._next_cleaning = time.monotonic() + CLEANING_SECONDS
        return False

    def _report_unavailable(self, error: Exception) -> None:
        if not self._unavailable:
            self._unavailable = True
            log.error("predictions wait on disk, their database is unavailable: %s", where(error))

    def _report_recovery(self) -> None:
        if self._unavailable and not self._spool.has_finished:
            self._unavailable = False
            log.info("the prediction database responds again; all spooled predictions are written")


def _copy_lines(store: PredictionStore, lines: bytes) -> int:
    """Copy lines, in halves if the database rejects some; return how many it rejected."""
    try:
        store.copy(lines)
    except (psycopg.DataError, psycopg.IntegrityError):
        single = lines.splitlines(keepends=True)
        if len(single) == 1:
            return 1
        middle = len(single) // 2
        halves = (single[:middle], single[middle:])
        return sum(_copy_lines(store, b"".join(half)) for half in halves)
    return 0
