"""Throughput, latency and failures between two moments, from Locust's counters."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ALL = "all"
"""Key of the statistics of all endpoints together."""


@dataclass(frozen=True)
class Snapshot:
    """Locust's counters for one endpoint at one moment.

    Parameters
    ----------
    at : float
        The moment, in epoch seconds.
    requests, failures : int
        Since the start.
    milliseconds : Counter
        Number of requests by response time; Locust rounds to two significant digits above 100 ms.
    """

    at: float
    requests: int
    failures: int
    milliseconds: Counter[int]

    @classmethod
    def empty(cls, at: float) -> "Snapshot":
        """Return the counters before the first request."""
        return cls(at, 0, 0, Counter())


@dataclass(frozen=True)
class EndpointStats:
    """Throughput, latency and failures of an endpoint between two moments.

    Parameters
    ----------
    requests, failures : int
        All requests, and those that failed or had a wrong response.
    per_second : float
        Requests per second.
    p50, p95, p99 : int
        Milliseconds; 0 without a request.
    """

    requests: int
    failures: int
    per_second: float
    p50: int
    p95: int
    p99: int

    @property
    def availability(self) -> float:
        """Share of the requests that succeeded; 0 without a request."""
        return 1 - self.failures / self.requests if self.requests else 0.0

    @classmethod
    def between(cls, before: Snapshot, after: Snapshot) -> "EndpointStats":
        """Return the statistics between two snapshots."""
        requests = after.requests - before.requests
        milliseconds = after.milliseconds - before.milliseconds
        seconds = max(after.at - before.at, 1e-9)
        return cls(
            requests,
            after.failures - before.failures,
            requests / seconds,
            *(percentile(milliseconds, share) for share in (0.50, 0.95, 0.99)),
        )


def percentile(milliseconds: Counter[int], share: float) -> int:
    """Return the response time that this share of the requests did not exceed."""
    needed = share * milliseconds.total()
    for time_taken, count in sorted(milliseconds.items()):
        needed -= count
        if needed <= 0:
            return time_taken
    return 0


def snapshots(stats: Any) -> dict[str, Snapshot]:
    """Return Locust's counters by endpoint, and of all endpoints together.

    Parameters
    ----------
    stats : locust.stats.RequestStats
        Typed as Any, because importing Locust patches the threads of the process.
    """
    entries = {f"{entry.method} {entry.name}": entry for entry in stats.entries.values()}
    now = time.time()
    return {
        name: Snapshot(now, entry.num_requests, entry.num_failures, Counter(entry.response_times))
        for name, entry in {**dict(sorted(entries.items())), ALL: stats.total}.items()
    }


def between(
    before: Mapping[str, Snapshot], after: Mapping[str, Snapshot]
) -> dict[str, EndpointStats]:
    """Return the statistics between two moments, by endpoint and of all endpoints together."""
    start = before[ALL].at
    return {
        name: EndpointStats.between(before.get(name, Snapshot.empty(start)), snapshot)
        for name, snapshot in after.items()
    }
