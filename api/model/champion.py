"""The model that answers, and how another takes its place."""

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from time import monotonic

from api.contract.predictions import read_reference
from api.errors import ApiError, NoModelLoaded, NothingToLoad, ReloadFailed, log
from api.metrics import Metrics
from api.model.memory import give_back
from api.model.store import Store
from readmission.errors import BundleRefused, NoModel, ReadmissionError
from readmission.serving.model import RegisteredVersion, ServedModel

REFUSED_FOR_SECONDS = 60
"""A version that was refused is tried again after this long, or when somebody asks for it."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Champion:
    """One model and since when it answers; immutable, so one request meets one model."""

    model: ServedModel
    loaded_at: datetime = field(default_factory=_now)

    @property
    def registered(self) -> RegisteredVersion:
        """Which version it is."""
        return self.model.registered

    @cached_property
    def reference(self) -> dict[str, str | None]:
        """Which version it is, as every answer says it."""
        return read_reference(self.registered)


@dataclass(frozen=True)
class ReloadFailure:
    """Why the last attempt to load a model failed, in words for people."""

    at: datetime
    message: str


class ChampionHolder:
    """Holds the champion, loads the next one beside it and swaps the two.

    Parameters
    ----------
    store : Store
        Hands out the model behind the alias.
    metrics : Metrics
        Told of every attempt and of the model that answers.
    """

    def __init__(self, store: Store, metrics: Metrics) -> None:
        self._store = store
        self._metrics = metrics
        self._champion: Champion | None = None
        self._failure: ReloadFailure | None = None
        self._refused: tuple[RegisteredVersion, float] | None = None
        self._one_at_a_time = threading.Lock()

    @property
    def champion(self) -> Champion | None:
        """The model that answers now, if any."""
        return self._champion

    @property
    def failure(self) -> ReloadFailure | None:
        """The last attempt's failure; None after a success."""
        return self._failure

    @property
    def loading(self) -> bool:
        """Whether an attempt is under way."""
        return self._one_at_a_time.locked()

    def require(self) -> Champion:
        """Return the champion.

        Raises
        ------
        NoModelLoaded
            Saying why and what to do next.
        """
        champion = self._champion
        if champion is None:
            raise NoModelLoaded(self.explain_absence())
        return champion

    def explain_absence(self) -> str:
        """Say why no model is loaded and what to do next."""
        if self.loading:
            return "The model is being loaded; ask again in a few seconds."
        reason = f" The last attempt failed: {self._failure.message}" if self._failure else ""
        return (
            f"No model is loaded yet.{reason} Once the promotion pipeline has put a model into "
            "production, POST /reload_model loads it."
        )

    def start(self) -> None:
        """Answer with the last good model at once, then with what is in production.

        A failure is on record in /health, the log and a metric; the service lives on.
        """
        with self._one_at_a_time:
            try:
                model = self._store.last_good()
                if model is not None:
                    self._swap(model)
                    log.info("started from the local copy of version %s", model.registered.version)
            except Exception as error:  # noqa: BLE001 - the registry has a model, whatever lies here
                self._failed(error)
        self.follow()

    def follow(self) -> None:
        """Load what is in production if it is another version than the one that answers.

        Nothing is raised: who polls has to be there for the next promotion, whatever
        became of this one.
        """
        with self._one_at_a_time:
            try:
                self._follow()
            except Exception as error:  # noqa: BLE001 - a model may fail in any way
                self._failed(error)

    def _follow(self) -> None:
        try:
            wanted = self._store.current()
        except NoModel as error:
            # Before the first promotion this is how it should be, and no failure.
            self._failure = ReloadFailure(_now(), _sentence(error))
            return
        except Exception as error:  # noqa: BLE001 - a registry may fail in any way
            self._metrics.poll_failures.inc()
            if self._champion is None and self._failure is None:
                self._failed(error)
            return
        if self._is_served(wanted):
            self._failure = None  # Whatever failed meanwhile: what should serve, serves.
            return
        if self._was_refused(wanted):
            return
        try:
            self._load(wanted)
        except ReloadFailed as failure:
            # What is damaged stays damaged for a while; what is away may be back at once.
            if isinstance(failure.__cause__, BundleRefused):
                self._refused = (wanted, monotonic())

    def reload(self) -> Champion:
        """Load the model behind the alias, check it, then swap; slow, for a thread.

        A second call waits for the first and then loads again, since the alias may
        have moved in between.

        Raises
        ------
        NothingToLoad, ReloadFailed
            With the old model, if any, still answering.
        """
        with self._one_at_a_time:
            try:
                wanted = self._store.current()
            except NoModel as error:
                raise NothingToLoad(self._failed(error)) from error
            except Exception as error:
                raise ReloadFailed(self._failed(error)) from error
            return self._load(wanted)

    def _load(self, wanted: RegisteredVersion) -> Champion:
        try:
            champion = self._swap(self._store.open(wanted))
        except Exception as error:
            raise ReloadFailed(self._failed(error)) from error
        self._keep(champion.model)
        give_back()
        return champion

    def _keep(self, model: ServedModel) -> None:
        """Leave a copy for the next start; without one, what has been swapped still serves."""
        try:
            self._store.keep(model)
        except Exception as error:  # noqa: BLE001 - whatever lies in the folder
            reason = getattr(error, "strerror", None) or type(error).__name__
            log.warning("no local copy of version %s is kept: %s", model.registered.version, reason)

    def _swap(self, model: ServedModel) -> Champion:
        champion = Champion(model)
        registered, runtime = model.registered, model.bundle.scorer.runtime
        # What can fail comes before the assignment that swaps.
        self._metrics.serve(model)
        self._champion = champion
        self._failure = self._refused = None
        self._metrics.reloads.labels("success").inc()
        log.info("serving %s version %s (%s)", registered.name, registered.version, runtime)
        return champion

    def _is_served(self, wanted: RegisteredVersion) -> bool:
        champion = self._champion
        return champion is not None and _same(champion.registered, wanted)

    def _was_refused(self, wanted: RegisteredVersion) -> bool:
        if self._refused is None:
            return False
        version, at = self._refused
        return _same(version, wanted) and monotonic() - at < REFUSED_FOR_SECONDS

    def _failed(self, error: Exception) -> str:
        """Note the failure everywhere it is looked for; return it as a sentence."""
        message = _sentence(error)
        self._metrics.reloads.labels("failure").inc()
        self._failure = ReloadFailure(_now(), message)
        trace = error.__cause__ if _is_expected(error) else error
        log.error("loading the model failed: %s", message, exc_info=trace)
        return f"{message} {self._still_serving()}"

    def _still_serving(self) -> str:
        champion = self._champion
        return f"Version {champion.registered.version} goes on answering." if champion else ""


def _is_expected(error: Exception) -> bool:
    return isinstance(error, ReadmissionError | ApiError)


def _sentence(error: Exception) -> str:
    """Say what happened, for people who see neither log nor code."""
    if _is_expected(error):
        return f"{str(error).rstrip('.')}."
    return f"The model could not be loaded ({type(error).__name__}); see the log."


def _same(one: RegisteredVersion, other: RegisteredVersion) -> bool:
    return (one.version, one.run_id) == (other.version, other.run_id)
