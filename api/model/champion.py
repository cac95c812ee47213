"""Holds the champion and replaces it when another version goes into production."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from time import monotonic

from api.contract.predictions import read_reference
from api.errors import NoModelLoaded, NoProductionModel, ReloadFailed, log
from api.metrics import Metrics
from api.model.load_failure import LoadFailure, is_expected
from api.model.moves import AliasMove, VersionToServe
from api.model.store import ModelStore
from api.model.turn_scorer import TurnScorer
from readmission.domain.production import Pin
from readmission.errors import BundleRefused, NoModel, NotPromotedYet
from readmission.serving.model import RegisteredVersion, ServedModel

RETRY_REFUSED_SECONDS = 60
"""Seconds before polling retries a version that failed verification; a reload retries at once."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Champion:
    """A loaded model and when it was loaded; immutable, so that one request uses one model."""

    model: ServedModel
    loaded_at: datetime = field(default_factory=_now)

    @property
    def registered(self) -> RegisteredVersion:
        """The registered version."""
        return self.model.registered

    @cached_property
    def scorer(self) -> TurnScorer:
        """Predicts for concurrent requests."""
        return TurnScorer(self.model)

    @cached_property
    def reference(self) -> dict[str, str | None]:
        """The fields of a response that name the model version."""
        return read_reference(self.registered)


class ChampionHolder:
    """Holds the champion, loads its successor beside it and swaps the two.

    Parameters
    ----------
    store : ModelStore
        Opens the model behind the alias.
    metrics : Metrics
        Counts attempts and shows the champion.
    """

    def __init__(self, store: ModelStore, metrics: Metrics) -> None:
        self._store = store
        self._metrics = metrics
        self._champion: Champion | None = None
        self._failure: LoadFailure | None = None
        self._refused: tuple[RegisteredVersion, float] | None = None
        self._move: AliasMove | None = None
        self._pin: Pin | None = None
        self._nothing_promoted = False
        self._load_lock = threading.Lock()

    @property
    def champion(self) -> Champion | None:
        """The champion, if one is loaded."""
        return self._champion

    @property
    def failure(self) -> LoadFailure | None:
        """Failure of the last attempt; None after a success."""
        return self._failure

    @property
    def loading(self) -> bool:
        """Whether an attempt is in progress."""
        return self._load_lock.locked()

    @property
    def waiting(self) -> bool:
        """Whether no model is loaded because the registry says that none was promoted yet."""
        return self._champion is None and self._nothing_promoted

    @property
    def manual(self) -> bool:
        """Whether somebody moved the alias to the champion by hand."""
        champion, move = self._champion, self._move
        return bool(champion and move and champion.registered.version == move.aliased)

    @property
    def moved_by_hand(self) -> str | None:
        """What happened to the alias and which version is served; None if nobody moved it."""
        champion, move = self._champion, self._move
        return move.describe(champion.registered.version if champion else None) if move else None

    @property
    def pinned(self) -> str | None:
        """The pin that was found last, in a sentence; None if no version is pinned."""
        return str(self._pin) if self._pin else None

    def require(self) -> Champion:
        """Return the champion.

        Raises
        ------
        NoModelLoaded
            With the reason and what to do next.
        """
        champion = self._champion
        if champion is None:
            raise NoModelLoaded(self.explain_absence())
        return champion

    def explain_absence(self) -> str:
        """Return why no model is loaded and what to do next."""
        if self.loading and not self.waiting:
            return "The model is being loaded; retry in a few seconds."
        failed = "" if self.waiting else " The last attempt failed:"
        reason = f"{failed} {self._failure.message}" if self._failure else ""
        return (
            f"No model is loaded yet.{reason} Call POST /reload_model once the promotion pipeline "
            "has put a model into production."
        )

    def start(self) -> None:
        """Serve the last good model at once, then load the version in production.

        A failure is shown in /health, the log and a metric; the service keeps running.
        """
        with self._load_lock:
            try:
                model = self._store.last_good()
                if model is not None:
                    self._swap(model)
                    log.info("started from the local copy of version %s", model.registered.version)
            except Exception as error:  # noqa: BLE001 - the registry may still have a model
                self._failed(error)
        self.follow()

    def follow(self) -> None:
        """Load the version in production unless it is the champion already.

        Nothing is raised: polling must continue after any failure.
        """
        with self._load_lock:
            try:
                self._follow()
            except Exception as error:  # noqa: BLE001 - a model may fail in any way
                self._failed(error)

    def _follow(self) -> None:
        waited = self.waiting
        try:
            current = self._current()
        except NoModel as error:
            # Expected before the first promotion: report it, but do not count it as a failure.
            self._failure = LoadFailure.of(error)
            return
        except Exception as error:  # noqa: BLE001 - a registry may fail in any way
            self._metrics.poll_failures.inc()
            if self._champion is None and (waited or self._failure is None):
                self._failed(error)
            return
        wanted = current.version
        with self._noting(current):
            if self._is_champion(wanted):
                self._failure = None  # Earlier failures no longer matter.
            elif not self._was_refused(wanted):
                self._follow_to(wanted)

    def _current(self) -> VersionToServe:
        """Return the version to serve, and note whether the registry says that there is none."""
        try:
            current = self._store.current()
        except Exception as error:
            self._nothing_promoted = isinstance(error, NotPromotedYet)
            raise
        self._nothing_promoted = False
        return current

    def _follow_to(self, wanted: RegisteredVersion) -> None:
        try:
            self._load(wanted)
        except ReloadFailed as failure:
            # A damaged version stays damaged, so retry it rarely; an outage may end at any moment.
            if isinstance(failure.__cause__, BundleRefused):
                self._refused = (wanted, monotonic())

    def reload(self) -> Champion:
        """Load the model behind the alias, verify it, then swap; slow, so call it in a thread.

        A second call waits for the first and then loads again, because the alias may have moved
        in between.

        Raises
        ------
        NoProductionModel, ReloadFailed
            The champion, if any, stays.
        """
        with self._load_lock:
            try:
                current = self._current()
            except NoModel as error:
                raise NoProductionModel(self._failed(error)) from error
            except Exception as error:
                raise ReloadFailed(self._failed(error)) from error
            with self._noting(current):
                return self._load(current.version)

    @contextmanager
    def _noting(self, wanted: VersionToServe) -> Iterator[None]:
        """Load a model in the block, then show whether the alias was moved; log each change."""
        before = self.moved_by_hand
        try:
            yield
        finally:
            self._move, self._pin = wanted.move, wanted.pin
            now = self.moved_by_hand
            self._metrics.show_move(manual=self.manual, held=bool(now) and not self.manual)
            if now and now != before:
                log.warning("%s", now)
            elif before and not now:
                log.info("the alias production names the promoted version again")

    def _load(self, wanted: RegisteredVersion) -> Champion:
        try:
            champion = self._swap(self._store.open(wanted))
        except Exception as error:
            raise ReloadFailed(self._failed(error)) from error
        self._keep(champion.model)
        return champion

    def _keep(self, model: ServedModel) -> None:
        """Keep a copy for the next start; a failure does not undo the swap."""
        try:
            self._store.keep(model)
        except Exception as error:  # noqa: BLE001 - the folder may hold anything
            reason = getattr(error, "strerror", None) or type(error).__name__
            log.warning("kept no local copy of version %s: %s", model.registered.version, reason)

    def _swap(self, model: ServedModel) -> Champion:
        champion = Champion(model)
        registered, runtime = model.registered, model.bundle.scorer.runtime
        # Everything that can fail comes before the assignment that swaps.
        self._metrics.show_champion(model)
        self._champion = champion
        self._failure = self._refused = None
        self._metrics.reloads.labels("success").inc()
        log.info("serving %s version %s (%s)", registered.name, registered.version, runtime)
        return champion

    def _is_champion(self, wanted: RegisteredVersion) -> bool:
        champion = self._champion
        return champion is not None and is_same(champion.registered, wanted)

    def _was_refused(self, wanted: RegisteredVersion) -> bool:
        if self._refused is None:
            return False
        version, at = self._refused
        return is_same(version, wanted) and monotonic() - at < RETRY_REFUSED_SECONDS

    def _failed(self, error: Exception) -> str:
        """Record a failure in /health, metrics and log; return it as a sentence."""
        failure = self._failure = LoadFailure.of(error)
        self._metrics.reloads.labels("failure").inc()
        trace = error.__cause__ if is_expected(error) else error
        log.error("loading the model failed: %s", failure.message, exc_info=trace)
        return f"{failure.message} {self._still_champion()}"

    def _still_champion(self) -> str:
        champion = self._champion
        return f"Version {champion.registered.version} stays the champion." if champion else ""


def is_same(one: RegisteredVersion, other: RegisteredVersion) -> bool:
    """Whether two versions are the same one; a reinstalled registry counts from 1 again."""
    return (one.version, one.run_id) == (other.version, other.run_id)
