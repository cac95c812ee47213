"""The log of predictions: each one is on its way to the database before its response is sent."""

import asyncio
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Self

from api.errors import log
from api.prediction_log.delivery import Delivery
from api.prediction_log.encoding import Encoder
from api.prediction_log.spool import Spool, SpoolFull
from api.prediction_log.tally import Tally
from readmission.logs import where
from readmission.settings import PREFIX, Settings, SettingsError
from readmission.warehouse.sql.addresses import address_of

SYNC_SECONDS = 0.05
"""Interval at which written lines are synced, for all requests at once."""


class PredictionLog:
    """Keeps every prediction, from the response to the database.

    `record` writes a line to a file, which survives `kill -9`. One thread syncs the files; another
    copies them to the database.

    Parameters
    ----------
    dsn : str
        The database.
    key : str
        Secret for the pseudonyms of encounters and patients.
    spool : Spool
        Holds predictions until they are in the database.
    retention : timedelta
        Age at which a prediction is deleted.
    sync_first : bool
        Whether `synced` waits until a prediction would survive a crash of the machine.
    """

    def __init__(
        self, dsn: str, key: str, spool: Spool, retention: timedelta, *, sync_first: bool = False
    ) -> None:
        self._encoder = Encoder(key)
        self._spool = spool
        self._sync_first = sync_first
        self._tally = Tally()
        self._delivery = Delivery(dsn, spool, retention, self._tally)
        self._sync_now: asyncio.Task[bool] | None = None
        self._sync_next: asyncio.Task[bool] | None = None
        self._sync_failing = False
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="prediction-sync", daemon=True)

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
        return cls(
            address_of("prediction_log_dsn", settings.prediction_log_dsn),
            settings.prediction_log_key.get_secret_value(),
            spool,
            timedelta(days=settings.prediction_retention_days),
            sync_first=settings.prediction_sync_first,
        )

    @property
    def pending(self) -> int:
        """Predictions on disk that are not in the database yet."""
        return self._spool.rows

    @property
    def spooled_bytes(self) -> int:
        """Size of the predictions on disk."""
        return self._spool.size

    @property
    def written(self) -> int:
        """Predictions confirmed by the database since the start."""
        return self._tally.written

    @property
    def lost(self) -> int:
        """Predictions lost since the start."""
        return self._tally.lost

    @property
    def torn(self) -> int:
        """Predictions found cut off since the start; their responses were never sent."""
        return self._tally.torn

    def record(
        self,
        request_id: str,
        row: int,
        model_version: str,
        encounter: Mapping[str, str | int],
        probabilities: Sequence[float],
        predicted_class: str,
        caller: str | None = None,
        peer: str | None = None,
    ) -> bool:
        """Write one prediction to disk; thread-safe, never raises.

        Parameters
        ----------
        request_id : str
            As in the header of the response.
        row : int
            Row of an upload; 0 for a single encounter.
        model_version : str
            Version that made the prediction.
        encounter : mapping
            The raw encounter.
        probabilities : sequence of float
            In the order of `schema.CLASSES`.
        predicted_class : str
            One of `schema.CLASSES`.
        caller : str, optional
            First characters of the hash of the caller's key; empty if it is anonymous.
        peer : str, optional
            Address of the caller.

        Returns
        -------
        bool
            Whether the prediction is in the log. If not, it is counted as lost.
        """
        record = (
            time.time(), request_id, row, model_version, encounter, probabilities, predicted_class,
            caller, peer,
        )  # fmt: skip
        try:
            self._spool.add(self._encoder.line(record))
        except SpoolFull:
            self._tally.lose(1, "the spool is full")
        except OSError as error:
            self._tally.lose(1, f"the spool is not writable ({error.strerror})")
        except Exception as error:  # noqa: BLE001 - a bad record must not fail its request
            self._tally.lose(1, f"the record cannot be encoded, {where(error)}")
        else:
            return True
        return False

    async def synced(self) -> bool:
        """With `sync_first`, wait until a recorded prediction is synced, in one go with others.

        Returns
        -------
        bool
            False if it could not be synced; it is counted as lost, although it may be delivered.
        """
        if not self._sync_first:
            return True
        if self._sync_next is None:
            self._sync_next = asyncio.create_task(self._sync_after(self._sync_now))
        return await asyncio.shield(self._sync_next) or self._not_synced(1)

    async def _sync_after(self, running: asyncio.Task[bool] | None) -> bool:
        """Sync after the running sync ends, because that may have missed the newest predictions."""
        if running is not None:
            await asyncio.wait([running])
        self._sync_now, self._sync_next = self._sync_next, None
        return await asyncio.to_thread(self._sync)

    def all_synced(self, rows: int) -> bool:
        """Like `synced`, for the rows that a thread has recorded."""
        return not self._sync_first or self._sync() or self._not_synced(rows)

    def _not_synced(self, rows: int) -> bool:
        self._tally.lose(rows, "the spool cannot be synced")
        return False

    def _sync(self) -> bool:
        try:
            self._spool.sync()
        except OSError as error:
            if not self._sync_failing:
                log.error("predictions on disk cannot be synced: %s", where(error))
            self._sync_failing = True
            return False
        self._sync_failing = False
        return True

    def start(self) -> None:
        """Start the threads; they first deliver what dead processes left on disk."""
        self._delivery.start()
        self._thread.start()

    def close(self, timeout: float) -> None:
        """Deliver all predictions to the database; blocks for about `timeout` at most.

        Parameters
        ----------
        timeout : float
            Seconds for the database; the rest stays on disk and is delivered by another process.
        """
        deadline = time.monotonic() + timeout
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(timeout)
        self._delivery.close(max(deadline - time.monotonic(), 0))
        self._spool.close()
        self._tally.report(at_once=True)

    def _run(self) -> None:
        while not self._closing.wait(SYNC_SECONDS):
            self._sync()
            self._tally.report()
