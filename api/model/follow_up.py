"""Whether a patient is to be followed up, by the threshold that somebody stored."""

import threading
from typing import Self

import psycopg

from api.errors import log
from readmission.domain import schema
from readmission.logs import where
from readmission.serving.model import Prediction
from readmission.settings import Settings
from readmission.warehouse.predictions import thresholds
from readmission.warehouse.predictions.thresholds import Threshold

CONNECT_SECONDS = 5
_SOON = schema.CLASSES.index("<30")


class FollowUp:
    """The stored threshold, which a thread reads at intervals.

    Other processes store thresholds, too. While the database is unavailable, the last one that was
    read holds.

    Parameters
    ----------
    dsn : str, optional
        The database of predictions; without one there is no threshold.
    """

    def __init__(self, dsn: str | None) -> None:
        self._dsn = dsn
        self.stored: Threshold | None = None

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Return the threshold in the database of the prediction log."""
        dsn = settings.prediction_log_dsn
        return cls(dsn.get_secret_value() if dsn else None)

    def decide(self, prediction: Prediction | None) -> bool | None:
        """Return whether the risk reaches the threshold; None without either of them."""
        stored = self.stored
        if stored is None or stored.threshold is None or prediction is None:
            return None
        return bool(prediction.probabilities[_SOON] >= stored.threshold)

    def follow(self, interval: float, stopped: threading.Event) -> None:
        """Read the threshold until the service stops; for a thread."""
        failing = False
        while self._dsn is not None:
            try:
                self.refresh()
                failing = False
            except psycopg.Error as error:
                if not failing:  # Once for each outage.
                    log.warning("the threshold of follow-up was not read: %s", where(error))
                failing = True
            if stopped.wait(interval):
                return

    def refresh(self) -> None:
        """Read the threshold.

        Raises
        ------
        psycopg.Error
            If the database does not respond.
        """
        if self._dsn is not None:
            with psycopg.connect(self._dsn, connect_timeout=CONNECT_SECONDS) as connection:
                self.stored = thresholds.newest(connection)

    def store(
        self,
        dsn: str,
        threshold: float | None,
        patients: tuple[int | None, int | None],
        by: str,
        why: str,
    ) -> None:
        """Store a threshold, and use it from now on; None ends the stored one.

        Parameters
        ----------
        dsn : str
            The database of predictions.
        threshold : float, optional
            Risk of readmission within 30 days, 0 to 1.
        patients : tuple of int
            Followed up and discharged per day, for which it was chosen.
        by, why : str
            Who chose it, and the reason.

        Raises
        ------
        psycopg.Error
            If the database does not respond.
        """
        with psycopg.connect(dsn, connect_timeout=CONNECT_SECONDS) as connection:
            thresholds.store(connection, threshold, *patients, by, why)
            self.stored = thresholds.newest(connection)
