"""Polls the sources in the background, each at its own interval, and serves the latest readings.

A scrape only reads what is already known, so a slow source never delays it.
"""

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
"""Largest share of the time spent on reading; a slow source is read less often."""
LATE_SECONDS = 300
"""If a read is this much overdue, it is assumed to hang and the previous reading expires."""

log = logging.getLogger(__name__)


@dataclass
class Source(Generic[T]):
    """One source of metrics, which is read repeatedly.

    Parameters
    ----------
    name : str
        Value of the label ``source`` in the two metrics about reading the sources.
    read : callable
        Reads the source; raises an error if it cannot.
    to_samples : callable
        Turns a reading into samples.
    unavailable : sequence of Sample
        Exported while the source cannot be read.
    """

    name: str
    read: Callable[[], T]
    to_samples: Callable[[T], Iterable[Sample]]
    unavailable: Sequence[Sample] = ()
    _reading: T | None = field(default=None, init=False)
    _samples: Sequence[Sample] = field(default=(), init=False)
    _seconds: float = field(default=0.0, init=False)
    _due: float = field(default=0.0, init=False)
    _failing: bool = field(default=False, init=False)

    @property
    def reading(self) -> T | None:
        """The latest reading; None if the last read failed or the reading has expired."""
        return self._reading if time.monotonic() < self._due + LATE_SECONDS else None

    def poll(self) -> None:
        """Read once; an error is logged and shows in the metrics, but is never raised."""
        started = time.monotonic()
        reading: T | None = None
        samples: Sequence[Sample] = ()
        try:
            found = self.read()
            samples = list(self.to_samples(found))
            reading = found
            self._log_change(None)
        except Exception as error:  # noqa: BLE001 - the other sources must still be read
            self._log_change(error)
        self._reading, self._samples = reading, samples
        self._seconds = time.monotonic() - started

    def schedule_next(self, interval: float) -> float:
        """Return how long to wait before the next poll: `interval`, or longer if reads are slow."""
        pause = max(interval, self._seconds / LARGEST_SHARE)
        self._due = time.monotonic() + pause
        return pause

    def samples(self) -> Iterator[Sample]:
        """Yield the samples of the latest reading."""
        reading = self.reading
        yield from self.unavailable if reading is None else self._samples
        yield SUCCESS(reading is not None, self.name)
        yield DURATION(self._seconds, self.name)

    def _log_change(self, error: Exception | None) -> None:
        if error is not None and not self._failing:
            log.error("%s cannot be read: %s", self.name, where(error))
        elif error is None and self._failing:
            log.info("%s can be read again", self.name)
        self._failing = error is not None


class Poller(threading.Thread):
    """A thread that polls some sources in order, pauses and starts over.

    Parameters
    ----------
    sources : sequence of Source
        Polled one right after the other, so that their readings are of about the same time.
    interval : float
        Shortest pause in seconds.
    """

    def __init__(self, sources: Sequence[Source[Any]], interval: float) -> None:
        super().__init__(name=sources[0].name, daemon=True)
        self.sources = sources
        self._interval = interval
        self._stopping = threading.Event()
        self.polled = threading.Event()
        """Set once every source has been polled."""

    def run(self) -> None:
        """Poll until `stop` is called."""
        pause = 0.0
        while not self._stopping.wait(pause):
            for source in self.sources:
                source.poll()
            self.polled.set()
            pause = max(source.schedule_next(self._interval) for source in self.sources)

    def stop(self) -> None:
        """Make the thread end after its current poll."""
        self._stopping.set()


class PipelineCollector(Collector):
    """Responds to a scrape with the latest readings.

    Parameters
    ----------
    sources : sequence of Source
        Every source.
    joint : sequence of callable
        Each yields samples that need the readings of several sources.
    """

    def __init__(
        self,
        sources: Sequence[Source[Any]],
        joint: Sequence[Callable[[], Iterable[Sample]]] = (),
    ) -> None:
        self._sources = sources
        self._joint = joint
        self._joint_fails = False

    def collect(self) -> Iterator[Metric]:
        """Yield each metric once, with the samples of all sources."""
        metrics: dict[str, Metric] = {}
        for family, labels, value in self._samples():
            if family.name not in metrics:
                metrics[family.name] = family.empty()
            metrics[family.name].add_metric(labels, value)  # type: ignore[attr-defined]
        yield from metrics.values()

    def describe(self) -> list[Metric]:
        """Return nothing, because the metrics are not known when the collector is registered."""
        return []

    def _samples(self) -> Iterator[Sample]:
        yield BUILD(1, __version__, platform.python_version())
        for source in self._sources:
            yield from source.samples()
        for samples in self._joint:
            yield from self._guarded(samples)

    def _guarded(self, samples: Callable[[], Iterable[Sample]]) -> Sequence[Sample]:
        """Return samples of several sources; an error is logged once and loses only these."""
        try:
            found = list(samples())
        except Exception as error:  # noqa: BLE001 - a scrape must still get the other samples
            if not self._joint_fails:
                log.error("metrics of several sources cannot be computed: %s", where(error))
            self._joint_fails = True
            return ()
        self._joint_fails = False
        return found
