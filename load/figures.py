"""Throughput, latency and failures, from what Locust has counted at two moments."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ALL = "all"
"""Name of the figures of all endpoints together."""


@dataclass(frozen=True)
class Snapshot:
    """What had been counted at one moment.

    Parameters
    ----------
    at : float
        The moment, in epoch seconds.
    requests, failures : int
        Since the start.
    milliseconds : Counter
        How many requests took how long; Locust rounds to two digits from 100 ms on.
    """

    at: float
    requests: int
    failures: int
    milliseconds: Counter[int]

    @classmethod
    def nothing(cls, at: float) -> "Snapshot":
        """Return the state before the first request."""
        return cls(at, 0, 0, Counter())


@dataclass(frozen=True)
class Figures:
    """What happened between two moments.

    Parameters
    ----------
    requests, failures : int
        Answered at all, and answered badly or not.
    per_second : float
        Requests per second.
    p50, p95, p99 : int
        Milliseconds; 0 if there was no request.
    """

    requests: int
    failures: int
    per_second: float
    p50: int
    p95: int
    p99: int

    @property
    def availability(self) -> float:
        """Share of the requests that were answered well; 0 if there was none."""
        return 1 - self.failures / self.requests if self.requests else 0.0

    @classmethod
    def between(cls, before: Snapshot, after: Snapshot) -> "Figures":
        """Return what was counted between two snapshots."""
        requests = after.requests - before.requests
        taken = after.milliseconds - before.milliseconds
        seconds = max(after.at - before.at, 1e-9)
        return cls(
            requests,
            after.failures - before.failures,
            requests / seconds,
            *(percentile(taken, share) for share in (0.50, 0.95, 0.99)),
        )


def percentile(taken: Counter[int], share: float) -> int:
    """Return the smallest time within which this share of the requests was answered."""
    needed = share * taken.total()
    for milliseconds, count in sorted(taken.items()):
        needed -= count
        if needed <= 0:
            return milliseconds
    return 0


def snapshots(stats: Any) -> dict[str, Snapshot]:
    """Return what Locust has counted so far, by endpoint and of all together.

    Parameters
    ----------
    stats : locust.stats.RequestStats
        Untyped, since importing Locust replaces the threads of the whole process.
    """
    entries = {f"{entry.method} {entry.name}": entry for entry in stats.entries.values()}
    now = time.time()
    return {
        name: Snapshot(now, entry.num_requests, entry.num_failures, Counter(entry.response_times))
        for name, entry in {**dict(sorted(entries.items())), ALL: stats.total}.items()
    }


def figures(before: Mapping[str, Snapshot], after: Mapping[str, Snapshot]) -> dict[str, Figures]:
    """Return what happened between two moments, by endpoint and of all together."""
    start = before[ALL].at
    return {
        name: Figures.between(before.get(name, Snapshot.nothing(start)), there)
        for name, there in after.items()
    }
