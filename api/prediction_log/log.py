"""The log of predictions: every answer, off the request's path, hashed before it is written."""

import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Self

import psycopg

from api.prediction_log.delivery import Batch, Delivery
from api.prediction_log.encoding import Encoder, Record
from api.prediction_log.spool import Spool
from api.prediction_log.tally import Tally
from readmission.logs import where
from readmission.settings import PREFIX, Settings, SettingsError

INTERVAL_SECONDS = 0.1
QUEUE_LIMIT = 20_000
"""Records in memory, about 3 kB each; only a disk that stands still lets them become so many."""
BATCH_ROWS = 500
SLICE_ROWS = 25
PAUSE_SECONDS = 0.0002
"""After each slice (a third of a millisecond) the event loop gets the interpreter, for which it
would wait 5 ms if the thread did not let go by itself. Far behind, slices become larger, for
the event loop of a busy service keeps the interpreter as long."""


class PredictionLog:
    """Remembers every answer until the database, or else the disk, has it.

    A thread takes the records, hashes and encodes them in batches; another delivers those.
    Neither ever holds up a request, and none of their errors reaches one.

    Parameters
    ----------
    dsn : str
        The database.
    key : str
        Secret of the hashes that stand for encounters and patients.
    spool : Spool
        Where batches wait while the database is away.
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
        """Return the log that is configured, if one is.

        Raises
        ------
        SettingsError
            If there is a database but no key, or its address makes no sense.
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
            # Its message quotes the address, password included.
            raise SettingsError(
                f"{PREFIX}PREDICTION_LOG_DSN is no address of a PostgreSQL database; "
                "expected postgresql://user:password@host:port/database"
            ) from None

    @property
    def pending(self) -> int:
        """Records in memory, neither in the database nor on disk yet."""
        return len(self._queue) + self._tally.held

    @property
    def spooled_bytes(self) -> int:
        """Disk taken by records that wait for the database."""
        return self._spool.size

    @property
    def written(self) -> int:
        """Records that the database has confirmed, since the start."""
        return self._tally.written

    @property
    def lost(self) -> int:
        """Records that could not be kept, since the start."""
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
        """Remember one answer; from any thread, and never with an error.

        Parameters
        ----------
        request_id : str
            As the answer's header has it.
        row : int
            Number of the row in a file; 0 for a single encounter.
        model_version : str
            The model that answered.
        encounter : mapping
            The raw encounter. Like the probabilities it is read later: not to be changed.
        probabilities : sequence of float
            In the order of `schema.CLASSES`.
        predicted_class : str
            One of `schema.CLASSES`.
        """
        if len(self._queue) >= QUEUE_LIMIT:
            self._tally.lose(1, "more came than could be written")
            return
        self._queue.append(
            (time.time(), request_id, row, model_version, encounter, probabilities, predicted_class)
        )

    def start(self) -> None:
        """Begin to write, first what an earlier process has left on disk."""
        self._delivery.start()
        self._thread.start()

    def close(self, timeout: float) -> None:
        """Bring everything to the database, or to disk; blocks for about `timeout` at most.

        Parameters
        ----------
        timeout : float
            Seconds; a database that takes longer finds the rest when it is replayed.
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
            rows = min(len(self._queue), BATCH_ROWS)
            self._tally.add(held=rows)
            lines = self._encoded([self._queue.popleft() for _ in range(rows)])
            if lines:
                self._delivery.offer(Batch(b"".join(lines), len(lines)))

    def _encoded(self, records: list[Record]) -> list[bytes]:
        """Encode records; leave the interpreter to others in between."""
        lines = []
        slice_rows = SLICE_ROWS * (1 + len(self._queue) // BATCH_ROWS)
        for number, record in enumerate(records, start=1):
            try:
                lines.append(self._encoder.line(record))
            except Exception as error:  # noqa: BLE001 - one bad record must not stop the log
                self._tally.lose(1, f"not fit to be stored, {where(error)}", held=-1)
            if number % slice_rows == 0:
                time.sleep(PAUSE_SECONDS)
        return lines
