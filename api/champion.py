"""The model that answers, and how another takes its place."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from api.contract import Encounter, example
from api.errors import NoModelLoaded, NothingToLoad, ReloadFailed, log
from api.metrics import Metrics
from readmission import schema
from readmission.errors import NoModel, ReadmissionError

if TYPE_CHECKING:
    from readmission.registry import LoadedModel

Loader = Callable[[], "LoadedModel"]
"""Fetches the model behind the alias; slow, and may fail in any way."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Prediction:
    """One answer: a class of `schema.CLASSES` and the probability of each."""

    predicted_class: str
    probabilities: dict[str, float]


@dataclass(frozen=True)
class Champion:
    """One loaded model; immutable, so a request that holds it is answered by it alone."""

    loaded: "LoadedModel"
    loaded_at: datetime = field(default_factory=_now)

    def predict(self, encounter: Encounter) -> Prediction:
        """Answer one raw encounter."""
        raw = pd.DataFrame([encounter], columns=list(schema.FEATURE_NAMES))
        probabilities = self.loaded.model.predict_proba(raw)
        label = self.loaded.model.decide(probabilities)[0]
        by_class = zip(schema.CLASSES, probabilities[0].tolist(), strict=True)
        return Prediction(str(label), dict(by_class))

    def check(self) -> None:
        """Answer the schema's example once, before anyone depends on it.

        Raises
        ------
        ReadmissionError
            If the answer is not one of the classes with probabilities that sum to 1.
        """
        answer = self.predict(example())
        shares = np.array(list(answer.probabilities.values()))
        whole = bool(np.all(shares >= 0) and np.isclose(shares.sum(), 1, atol=1e-4))
        if answer.predicted_class not in schema.CLASSES or not whole:
            raise ReadmissionError(
                f"version {self.loaded.version} does not answer the example encounter sensibly"
            )


@dataclass(frozen=True)
class ReloadFailure:
    """Why the last attempt to load a model failed, in words for people."""

    at: datetime
    message: str


class ChampionHolder:
    """Holds the champion, loads the next one beside it and swaps the two.

    Parameters
    ----------
    load : callable
        Returns the model behind the alias or raises.
    metrics : Metrics
        Told of every attempt and of the model that answers.
    """

    def __init__(self, load: Loader, metrics: Metrics) -> None:
        self._load = load
        self._metrics = metrics
        self._champion: Champion | None = None
        self._failure: ReloadFailure | None = None
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
                champion = Champion(self._load())
                champion.check()
            except NoModel as error:
                raise NothingToLoad(self._failed(error)) from error
            except Exception as error:
                raise ReloadFailed(self._failed(error)) from error
            self._swap(champion)
            return champion

    def _swap(self, champion: Champion) -> None:
        self._champion = champion
        self._failure = None
        loaded = champion.loaded
        self._metrics.reloads.labels("success").inc()
        self._metrics.serve(loaded.name, loaded.version, loaded.run_id, loaded.data_source)
        log.info("serving %s version %s", loaded.name, loaded.version)

    def _failed(self, error: Exception) -> str:
        """Note the failure everywhere it is looked for; return it as a sentence."""
        expected = isinstance(error, ReadmissionError)
        if expected:
            message = f"{str(error).rstrip('.')}."
        else:
            message = f"The model could not be loaded ({type(error).__name__}); see the log."
        self._metrics.reloads.labels("failure").inc()
        self._failure = ReloadFailure(_now(), message)
        trace = error.__cause__ if expected else error
        log.error("loading the model failed: %s", message, exc_info=trace)
        return f"{message} {self._still_serving()}"

    def _still_serving(self) -> str:
        champion = self._champion
        return f"Version {champion.loaded.version} goes on answering." if champion else ""
