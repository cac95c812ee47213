"""The log of predictions: hashes and writes every prediction in the background."""

import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Self

import psycopg

from api.prediction_log.delivery import Chunk, Delivery
from api.prediction_log.encoding import Encoder, Record
from api.prediction_log.spool import Spool
from api.prediction_log.tally import Tally
from readmission.logs import where
from readmission.settings import PREFIX, Settings, SettingsError

INTERVAL_SECONDS = 0.1
QUEUE_LIMIT = 20_000
"""Records in memory, about 3 kB each; the queue only fills up if the disk blocks."""
CHUNK_ROWS = 500
SLICE_ROWS = 25
PAUSE_SECONDS = 0.0002
"""After each slice, a third of a millisecond of work, the thread yields the interpreter; otherwise
the event loop would wait for it. If the queue is long, slices become larger, because a busy event
loop holds the interpreter just as long."""


class PredictionLog:
    """Keeps every prediction until it is in the database or on disk.

    One thread hashes and encodes records in chunks; another delivers the chunks. Neither delays a
    request, and their errors do not reach one.

    Parameters
    ----------
    dsn : str
        The database.
    key : str
        Secret for the pseudonyms of encounters and patients.
    spool : Spool
        Holds chunks while the database is unavailable.
    retention : timedelta
        Age at which a prediction is deleted.
    """

    def __init__(self, dsn: str, key: str, spool: Spool, retention: timedelta) -> None:
        self._queue: deque[Record] = deque()
        self._encoder = Encoder(key)
        self._spool = spool
        self._tally = Tally()
        self._delivery = Delivery(dsn, spool, retention, self._tally)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="prediction-log", daemon=True)

    @classmethod
    def from_settings(cls, settings: Settings) -> Self | None:
        """Return the configured log, if there is one.

        Raises
        ------
        SettingsError
            If the address of the database is invalid, or set without a key.
        """
        if settings.prediction_log_dsn is None:
            return None
        if settings.prediction_log_key is None:
            raise SettingsError(f"{PREFIX}PREDICTION_LOG_KEY is missing: the log needs its key")
        spool = Spool(settings.prediction_spool_dir, settings.prediction_spool_mb << 20)
        try:
            return cls(
                settings.prediction_log_dsn.get_secret_value(),
                settings.prediction_log_key.get_secret_value(),
                spool,
                timedelta(days=settings.prediction_retention_days),
            )
        except psycopg.ProgrammingError:
            # Do not chain the error: its message contains the address with the password.
            raise SettingsError(
                f"{PREFIX}PREDICTION_LOG_DSN is not the address of a PostgreSQL database; "
                "expected postgresql://user:password@host:port/database"
            ) from None

    @property
    def pending(self) -> int:
        """Records in memory, neither in the database nor on disk yet."""
        return len(self._queue) + self._tally.held

    @property
    def spooled_bytes(self) -> int:
        """Disk space of records that wait for the database."""
        return self._spool.size

    @property
    def written(self) -> int:
        """Records confirmed by the database since the start."""
        return self._tally.written

    @property
    def lost(self) -> int:
        """Records lost since the start."""
        return self._tally.lost

    def record(
        self,
        request_id: str,
        row: int,
        model_version: str,
        encounter: Mapping[str, str | int],
        probabilities: Sequence[float],
        predicted_class: str,
    ) -> None:
        """Queue one prediction; thread-safe, never raises.

        Parameters
        ----------
        request_id : str
            As in the header of the response.
        row : int
            Row of an upload; 0 for a single encounter.
        model_version : str
            Version that made the prediction.
        encounter : mapping
            The raw encounter. It is read later, like the probabilities: do not change it.
        probabilities : sequence of float
            In the order of `schema.CLASSES`.
        predicted_class : str
            One of `schema.CLASSES`.
        """
        if len(self._queue) >= QUEUE_LIMIT:
            self._tally.lose(1, "the queue is full")
            return
        self._queue.append(
            (time.time(), request_id, row, model_version, encounter, probabilities, predicted_class)
        )

    def start(self) -> None:
        """Start the threads; they first write what an earlier process left on disk."""
        self._delivery.start()
        self._thread.start()

    def close(self, timeout: float) -> None:
        """Write all records to the database or to disk; blocks for about `timeout` at most.

        Parameters
        ----------
        timeout : float
            Seconds for the database; the rest goes to disk and is replayed later.
        """
        deadline = time.monotonic() + timeout
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(timeout)
        self._delivery.close(max(deadline - time.monotonic(), 0))
        self._tally.report(at_once=True)

    def _run(self) -> None:
        while not self._closing.wait(INTERVAL_SECONDS):
            self._drain()
            self._tally.report()
        self._drain()

    def _drain(self) -> None:
        while self._queue:
            rows = min(len(self._queue), CHUNK_ROWS)
            self._tally.add(held=rows)
            lines = self._encoded([self._queue.popleft() for _ in range(rows)])
            if lines:
                self._delivery.offer(Chunk(b"".join(lines), len(lines)))

    def _encoded(self, records: list[Record]) -> list[bytes]:
        """Encode records, yielding the interpreter between slices."""
        lines = []
        slice_rows = SLICE_ROWS * (1 + len(self._queue) // CHUNK_ROWS)
        for number, record in enumerate(records, start=1):
            try:
                lines.append(self._encoder.line(record))
            except Exception as error:  # noqa: BLE001 - one bad record must not stop the log
                self._tally.lose(1, f"the record cannot be encoded, {where(error)}", held=-1)
            if number % slice_rows == 0:
                time.sleep(PAUSE_SECONDS)
        return lines
