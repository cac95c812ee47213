"""Holds the challenger that runs in shadow, loaded and verified like the champion."""

import threading
from collections.abc import Callable
from time import monotonic

from api.errors import log
from api.metrics import Metrics
from api.model.champion import RETRY_REFUSED_SECONDS, Champion, is_same
from api.model.load_failure import LoadFailure
from api.model.store import ModelStore
from readmission.serving.model import RegisteredVersion, ServedModel


class ChallengerHolder:
    """Holds the version with the alias ``challenger``, unless that is the champion.

    Parameters
    ----------
    store : ModelStore
        Opens it: only a signed bundle that reproduces its golden rows is loaded.
    champion : callable
        Returns the champion, if one is loaded.
    metrics : Metrics
        Shows the challenger.
    """

    def __init__(
        self, store: ModelStore, champion: Callable[[], Champion | None], metrics: Metrics
    ) -> None:
        self._store = store
        self._champion = champion
        self._metrics = metrics
        self._failed: tuple[RegisteredVersion, float] | None = None
        self.challenger: ServedModel | None = None

    def follow(self, interval: float, stopped: threading.Event) -> None:
        """Follow the alias until the service stops; for a thread."""
        while True:
            self.refresh()
            if stopped.wait(interval):
                return

    def refresh(self) -> None:
        """Load the version behind the alias unless it is loaded; never raises.

        While the registry is unavailable, the last challenger stays.
        """
        try:
            wanted = self._store.challenger()
        except Exception:  # noqa: BLE001 - polling for the champion reports the same outage
            return
        champion, loaded = self._champion(), self.challenger
        if wanted is None or champion is None or is_same(wanted, champion.registered):
            self._show(None)
        elif (loaded is None or not is_same(wanted, loaded.registered)) and self._is_due(wanted):
            self._load(wanted)

    def _load(self, wanted: RegisteredVersion) -> None:
        self._show(None)
        try:
            self._show(self._store.open(wanted))
        except Exception as error:  # noqa: BLE001 - no failure may reach a request
            self._failed = (wanted, monotonic())
            reason = LoadFailure.of(error).message
            log.warning("version %s does not run in shadow: %s", wanted.version, reason)
        else:
            log.info("version %s runs in shadow", wanted.version)

    def _is_due(self, wanted: RegisteredVersion) -> bool:
        """Whether to try a version; one that failed is retried rarely."""
        if self._failed is None or not is_same(wanted, self._failed[0]):
            return True
        return monotonic() - self._failed[1] >= RETRY_REFUSED_SECONDS

    def _show(self, model: ServedModel | None) -> None:
        if model is not self.challenger:
            self._metrics.show_challenger(model.registered.version if model else None)
            self.challenger = model
