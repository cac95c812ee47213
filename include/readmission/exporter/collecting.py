"""Sources looked at in the background, each at its own pace; a scrape only reads what is known."""

import logging
import platform
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from readmission import __version__
from readmission.exporter.catalogue import BUILD, DURATION, SUCCESS, Sample
from readmission.logs import where

T = TypeVar("T")

LARGEST_SHARE = 0.05
"""Of the time, spent on looking; a source that takes long is looked at less often."""
LATE_SECONDS = 300
"""A look that is overdue by this much hangs, and what it found last is no longer shown."""

log = logging.getLogger(__name__)


@dataclass
class Source(Generic[T]):
    """One thing that is looked at again and again.

    Parameters
    ----------
    name : str
        Label of the two metrics about the collecting itself.
    read : callable
        Looks, and raises an error if it cannot.
    show : callable
        Turns what was found into samples.
    absent : sequence of Sample
        Shown as long as it cannot be read.
    """

    name: str
    read: Callable[[], T]
    show: Callable[[T], Iterable[Sample]]
    absent: Sequence[Sample] = ()
    _found: T | None = field(default=None, init=False)
    _seconds: float = field(default=0.0, init=False)
    _due: float = field(default=0.0, init=False)
    _failing: bool = field(default=False, init=False)

    @property
    def found(self) -> T | None:
        """What was found at the last look; None if it failed or is long ago."""
        return self._found if time.monotonic() < self._due + LATE_SECONDS else None

    def look(self) -> None:
        """Look once; whatever goes wrong is logged and counted, never raised."""
        started = time.monotonic()
        found: T | None = None
        try:
            found = self.read()
            self._say(None)
        except Exception as error:  # noqa: BLE001 - the others must still answer
            self._say(error)
        self._found, self._seconds = found, time.monotonic() - started

    def rest(self, seconds: float) -> float:
        """Return how long to wait for the next look, at least `seconds`."""
        pause = max(seconds, self._seconds / LARGEST_SHARE)
        self._due = time.monotonic() + pause
        return pause

    def samples(self) -> Iterator[Sample]:
        """Yield what is known now."""
        found = self.found
        yield from self.absent if found is None else self.show(found)
        yield SUCCESS(found is not None, self.name)
        yield DURATION(self._seconds, self.name)

    def _say(self, error: Exception | None) -> None:
        if error is not None and not self._failing:
            log.error("%s cannot be read: %s", self.name, where(error))
        elif error is None and self._failing:
            log.info("%s can be read again", self.name)
        self._failing = error is not None


class Watch(threading.Thread):
    """A thread that looks at some sources in order, rests, and begins again.

    Parameters
    ----------
    sources : sequence of Source
        Looked at one after the other, so that their figures are of about the same moment.
    seconds : float
        Shortest rest.
    """

    def __init__(self, sources: Sequence[Source[Any]], seconds: float) -> None:
        super().__init__(name=sources[0].name, daemon=True)
        self.sources = sources
        self._rest_seconds = seconds
        self._ending = threading.Event()
        self.looked = threading.Event()
        """Set once every source has been looked at."""

    def run(self) -> None:
        """Look until asked to end."""
        pause = 0.0
        while not self._ending.wait(pause):
            for source in self.sources:
                source.look()
            self.looked.set()
            pause = max(source.rest(self._rest_seconds) for source in self.sources)

    def end(self) -> None:
        """Ask the thread to end after the look it is at."""
        self._ending.set()


class PipelineCollector(Collector):
    """Answers a scrape from what the sources last found.

    Parameters
    ----------
    sources : sequence of Source
        Every source.
    joint : sequence of callable
        Each yields what takes the findings of several sources.
    """

    def __init__(
        self,
        sources: Sequence[Source[Any]],
        joint: Sequence[Callable[[], Iterable[Sample]]] = (),
    ) -> None:
        self._sources = sources
        self._joint = joint

    def collect(self) -> Iterator[Metric]:
        """Yield each metric once, with its samples of all sources."""
        families: dict[str, Metric] = {}
        for figure, labels, value in self._samples():
            if figure.name not in families:
                families[figure.name] = figure.family()
            families[figure.name].add_metric(labels, value)  # type: ignore[attr-defined]
        yield from families.values()

    def describe(self) -> list[Metric]:
        """Return nothing: what there will be is not known when this is registered."""
        return []

    def _samples(self) -> Iterator[Sample]:
        yield BUILD(1, __version__, platform.python_version())
        for source in self._sources:
            yield from source.samples()
        for figures in self._joint:
            yield from figures()
