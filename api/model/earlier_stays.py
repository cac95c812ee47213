"""Complete encounters with what is known of the patient's earlier stays, for models that use it."""

import sqlite3
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from time import monotonic, time
from typing import Self

import psycopg

from api.contract import readings
from api.contract.readings import (
    ALL_DELIVERED,
    IGNORED,
    History,
    InterpretedEncounter,
    with_history,
)
from api.errors import log
from api.metrics import Metrics
from api.model.stay_copy import StayCopy
from api.prediction_log.delivery import CONNECTION
from readmission.domain import schema
from readmission.domain.columns import MISSING, earlier_stays
from readmission.domain.columns.history import history_of
from readmission.domain.privacy import Pseudonyms
from readmission.logs import where
from readmission.serving.encoding_tables import Encounter, Value
from readmission.serving.model import ServedModel
from readmission.settings import Settings
from readmission.warehouse.predictions import known_stays
from readmission.warehouse.predictions.known_stays import KnownStay

MODEL_SECONDS = 1
"""How long a model that uses earlier stays may be in production before the first copy begins."""

_LAST_POSITION = _LAST_BATCH = 2**31
_SOON = {code: text for text, code in earlier_stays.BY_NAME[earlier_stays.SOON].codes.items()}


class EarlierStays:
    """Looks up earlier stays in a local copy; never waits for the database.

    Parameters
    ----------
    dsn : str, optional
        The database with the published stays; without it, no stay is known.
    key : str, optional
        Key of the hashes under which processing wrote them.
    folder : Path
        A folder on the disk that holds the copy.
    stale_seconds : float
        Time without contact to the database after which the copy is no longer used.
    metrics : Metrics
        Counts look-ups by result.
    """

    def __init__(
        self, dsn: str | None, key: str | None, folder: Path, stale_seconds: float, metrics: Metrics
    ) -> None:
        self._dsn, self._folder, self._stale_seconds = dsn, folder, stale_seconds
        self._names = Pseudonyms(key) if key else None
        self._metrics = metrics
        self._copy: StayCopy | None = None
        self._last: StayCopy | None = None
        self._state: tuple[int, datetime] | None = None
        self._checked = 0.0
        self._refreshing = threading.Lock()

    @classmethod
    def from_settings(cls, settings: Settings, metrics: Metrics) -> Self:
        """Return the look-up; stays are published in the database of the prediction log."""
        dsn, key = settings.prediction_log_dsn, settings.prediction_log_key
        return cls(
            dsn.get_secret_value() if dsn else None,
            key.get_secret_value() if key else None,
            settings.model_cache_dir,
            settings.history_stale_seconds,
            metrics,
        )

    def complete(self, model: ServedModel, encounter: Encounter) -> Encounter:
        """Return the encounter with its earlier stays, and their source or why they are blank.

        What the caller sent is never looked up. For a model that takes no earlier stays, their
        fields are removed, so that nobody reads in the log that they were used.
        """
        if not _takes_stays(model):
            return _without_stays(encounter)
        completed = self._with_stays(encounter)
        self._metrics.history_lookups.labels(completed.history).inc()
        return completed

    def complete_again(self, model: ServedModel, encounter: Encounter) -> Encounter:
        """Return an encounter that was completed for one model in the form that another one takes.

        If both take earlier stays, they get the same ones, or none. It is the same request, so
        nothing is counted.
        """
        if not _takes_stays(model):
            return _without_stays(encounter)
        if readings.history_of(encounter) in (None, IGNORED):  # The first model takes none.
            return self._with_stays(readings.with_ignored(encounter))
        return encounter

    def _with_stays(self, encounter: Encounter) -> InterpretedEncounter:
        if earlier_stays.KNOWN in encounter:
            return with_history(encounter, earlier_stays.CALLER, {})
        return with_history(encounter, *self._look_up(encounter))

    def _look_up(self, encounter: Encounter) -> tuple[History, Mapping[str, Value]]:
        patient = encounter[schema.PATIENT]
        if patient == MISSING:
            return "blank: no patient_nbr", {}
        copy = self._copy
        stale = monotonic() - self._checked > self._stale_seconds
        if copy is None or self._names is None or stale:
            return "blank: unavailable", {}
        try:
            # Processing hashes numbers, which have no leading zeros.
            stays = copy.stays(self._names.patient(int(patient)) or "")
        except sqlite3.Error as error:  # Also raised if the copy was closed meanwhile.
            log.error("earlier stays could not be looked up: %s", where(error))
            return "blank: unavailable", {}
        if not stays:
            return "blank: unknown patient", {}
        sent = encounter[schema.ENCOUNTER]
        own = None if sent == MISSING else self._names.encounter(int(sent))
        delivered = any(known == own for known, _ in stays)
        return "used" if delivered else ALL_DELIVERED, _fields(stays, own)

    def follow(self, used: Callable[[], bool], interval: float, stopped: threading.Event) -> None:
        """Refresh the copy while a model uses earlier stays, else delete it; for a thread."""
        while True:
            if used():
                self.refresh()
                pause = interval
            else:
                self._delete()  # It is not refreshed any longer, so it would keep erased patients.
                pause = MODEL_SECONDS
            if stopped.wait(pause):
                return

    def refresh(self) -> None:
        """Copy the stays if they have changed; after a failure, use the last copy until stale."""
        if self._dsn is None or self._names is None:
            return
        try:
            with self._refreshing, psycopg.connect(self._dsn, **CONNECTION) as connection:
                connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
                connection.read_only = True
                self._update(connection)
        except (psycopg.Error, sqlite3.Error, OSError) as error:
            log.warning("the copy of earlier stays was not refreshed: %s", where(error))
            return
        self._checked = monotonic()
        self._metrics.history_checked.set(time())

    def _delete(self) -> None:
        copies, self._copy, self._last, self._state = (self._copy, self._last), None, None, None
        for copy in filter(None, copies):
            copy.close()

    def _update(self, connection: psycopg.Connection) -> None:
        state = known_stays.state(connection)
        if state == self._state:
            return
        copy = StayCopy.write(self._folder, known_stays.stays(connection))
        # A look-up may still be reading the current copy, so close only the previous one.
        if self._last is not None:
            self._last.close()
        self._last, self._copy, self._state = self._copy, copy, state
        log.info("copied the known stays, version %d", state[0])


def _takes_stays(model: ServedModel) -> bool:
    return model.bundle.scorer.tables.takes_history


def _without_stays(encounter: Encounter) -> Encounter:
    sent = earlier_stays.KNOWN in encounter
    return with_history(encounter, IGNORED, {}) if sent else encounter


def _fields(stays: list[KnownStay], own: str | None) -> dict[str, Value]:
    """Return the fields of earlier stays as a caller writes them.

    An encounter that was delivered, so that one of the stays has its hash `own`, gets the history
    of its batch, as in training. For any other, all delivered stays count.
    """
    delivered = [stay for known, stay in stays if known == own]
    position = delivered[0].encounter if delivered else _LAST_POSITION
    batch = max((stay.batch for stay in delivered), default=_LAST_BATCH)
    fields = history_of((stay for _, stay in stays), position, batch).fields()
    return fields | {earlier_stays.SOON: _SOON[int(fields[earlier_stays.SOON])]}
