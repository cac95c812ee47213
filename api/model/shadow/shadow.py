"""Runs the challenger on a sample of the requests, after their responses were sent."""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from time import sleep, thread_time
from typing import NamedTuple, Self

import psycopg

from api.errors import log
from api.metrics import Metrics
from api.model.shadow.challenger import ChallengerHolder
from api.prediction_log.delivery import CONNECTION
from readmission.domain import schema
from readmission.domain.privacy import Pseudonyms
from readmission.logs import where
from readmission.serving.encoding_tables import Encounter
from readmission.serving.model import Prediction, ServedModel
from readmission.settings import PREFIX, Settings, SettingsError
from readmission.warehouse.predictions import shadow
from readmission.warehouse.predictions.shadow import ShadowPrediction

LIMIT = 1_000
"""Largest number of waiting requests; further ones are dropped."""
TURN_ROWS = 100
"""Largest number that one turn predicts, and writes in one transaction."""
TURN_SECONDS = 0.5
"""Pause between two turns; none if another `TURN_ROWS` requests wait."""
REST = 9
"""After each encounter, the thread rests this many times as long as it worked.

So a request never waits for more than one encounter, and predicting takes a tenth of a core at
most."""

Complete = Callable[[ServedModel, Encounter], Encounter]
_SOON = schema.CLASSES.index("<30")


class _Offered(NamedTuple):
    """A request and the champion's prediction for it."""

    at: datetime
    request_id: str
    row: int
    version: str
    encounter: Encounter
    prediction: Prediction


class Shadow:
    """Takes a sample of the requests and predicts them with the challenger in a thread.

    `offer` never waits: what does not fit into the queue, fails or cannot be stored is dropped and
    counted. No response depends on it.

    Parameters
    ----------
    share : float
        Share of the predictions in the sample, above 0 to 1.
    holder : ChallengerHolder
        Holds the challenger.
    complete : callable
        Returns an encounter that was completed for the champion as the challenger takes it.
    dsn, key : str
        Database of the prediction log, and key of its hashes.
    metrics : Metrics
        Counts predictions, agreement and drops.
    """

    def __init__(
        self,
        share: float,
        holder: ChallengerHolder,
        complete: Complete,
        dsn: str,
        key: str,
        metrics: Metrics,
    ) -> None:
        self._share = share
        self._holder = holder
        self._complete = complete
        self._dsn = dsn
        self._names = Pseudonyms(key)
        self._metrics = metrics
        self._full = metrics.shadow_dropped.labels("queue_full")
        self._waiting: SimpleQueue[_Offered] = SimpleQueue()
        self._connection: psycopg.Connection | None = None

    @classmethod
    def from_settings(
        cls, settings: Settings, holder: ChallengerHolder, complete: Complete, metrics: Metrics
    ) -> Self | None:
        """Return the shadow, or None if the sample is empty.

        Raises
        ------
        SettingsError
            If there is no prediction log to keep its predictions.
        """
        dsn, key = settings.prediction_log_dsn, settings.prediction_log_key
        if not settings.shadow_share:
            return None
        if dsn is None or key is None:
            raise SettingsError(
                f"{PREFIX}SHADOW_SHARE needs {PREFIX}PREDICTION_LOG_DSN and"
                f" {PREFIX}PREDICTION_LOG_KEY: the predictions of the challenger are stored there"
            )
        secrets = dsn.get_secret_value(), key.get_secret_value()
        return cls(settings.shadow_share, holder, complete, *secrets, metrics)

    @property
    def challenger(self) -> ServedModel | None:
        """The version in shadow, if there is one."""
        return self._holder.challenger

    def start(self, interval: float, stopped: threading.Event) -> None:
        """Start the threads that follow the alias and that predict."""
        following = (interval, stopped)
        for name, target, given in (
            ("challenger", self._holder.follow, following),
            ("shadow", self._run, (stopped,)),
        ):
            threading.Thread(target=target, args=given, name=name, daemon=True).start()

    def offer(
        self, request_id: str, row: int, version: str, encounter: Encounter, prediction: Prediction
    ) -> None:
        """Let the challenger predict an encounter later, if it is in the sample; never waits."""
        challenger = self._holder.challenger
        if challenger is None or challenger.registered.version == version:
            return
        if random.random() >= self._share:  # noqa: S311 - a sample is no secret
            return
        if self._waiting.qsize() >= LIMIT:
            self._full.inc()
            return
        now = datetime.now(UTC)
        self._waiting.put(_Offered(now, request_id, row, version, encounter, prediction))

    def _run(self, stopped: threading.Event) -> None:
        while not stopped.wait(0 if self._waiting.qsize() >= TURN_ROWS else TURN_SECONDS):
            self.turn()
        self.turn()

    def turn(self) -> None:
        """Predict and store what waits, up to `TURN_ROWS`; never raises."""
        rows = [row for offered in self._taken() if (row := self._predict_and_rest(offered))]
        if not rows:
            return
        try:
            self._store(rows)
        except (psycopg.Error, UnicodeError) as error:
            log.warning("predictions in shadow were not stored: %s", where(error))
            self._metrics.shadow_dropped.labels("not_stored").inc(len(rows))
            self._disconnect()

    def _taken(self) -> Iterator[_Offered]:
        with suppress(Empty):
            for _ in range(TURN_ROWS):
                yield self._waiting.get_nowait()

    def _predict_and_rest(self, offered: _Offered) -> ShadowPrediction | None:
        """Predict, and rest in proportion to the work."""
        began = thread_time()
        row = self._predict(offered)
        sleep(REST * (thread_time() - began))
        return row

    def _predict(self, offered: _Offered) -> ShadowPrediction | None:
        model = self._holder.challenger
        if model is None or model.registered.version == offered.version:
            return None  # It has been replaced, or promoted, since.
        try:
            found = model.predict(self._complete(model, offered.encounter))
        except Exception as error:  # noqa: BLE001 - a challenger may fail in any way
            log.debug("a prediction in shadow failed: %s", where(error))
            found = None
        if found is None:
            self._metrics.shadow_dropped.labels("failed").inc()
            return None
        version, champion = model.registered.version, offered.prediction
        agreed = found.predicted_class == champion.predicted_class
        difference = abs(found.probabilities[_SOON] - champion.probabilities[_SOON])
        self._metrics.count_shadow(version, difference, agreed=agreed)
        return self._row(offered, version, found)

    def _row(self, offered: _Offered, version: str, found: Prediction) -> ShadowPrediction:
        encounter, champion = offered.encounter, offered.prediction
        return ShadowPrediction(
            offered.at,
            offered.request_id,
            offered.row,
            self._names.encounter(encounter.get(schema.ENCOUNTER)),
            self._names.patient(encounter.get(schema.PATIENT)),
            offered.version,
            list(champion.probabilities),
            champion.predicted_class,
            version,
            list(found.probabilities),
            found.predicted_class,
        )

    def _store(self, rows: list[ShadowPrediction]) -> None:
        if self._connection is None:
            # No prepared statements: a connection pooler may be in between.
            self._connection = psycopg.connect(
                self._dsn, autocommit=True, prepare_threshold=None, **CONNECTION
            )
        shadow.store(self._connection, rows)

    def _disconnect(self) -> None:
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
            self._connection = None
