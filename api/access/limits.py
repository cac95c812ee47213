"""Rate limits per caller: one token bucket each, in the memory of each process."""

from collections import OrderedDict
from time import monotonic

from api.errors import RateLimited

MAX_CALLERS = 10_000
"""Largest number of buckets; above it, the least recently used one is dropped."""


class RateLimit:
    """Allows each caller a number of requests per second, and bursts of the same number.

    Parameters
    ----------
    per_second : int
        0 for no limit.
    """

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str) -> None:
        """Count one request.

        Raises
        ------
        RateLimited
            If the caller's bucket is empty.
        """
        if not self._per_second:
            return
        now = monotonic()
        tokens, since = self._buckets.pop(caller, (float(self._per_second), now))
        tokens = min(self._per_second, tokens + (now - since) * self._per_second)
        # Store the bucket before raising. A rejected request takes no token.
        self._buckets[caller] = (tokens - 1 if tokens >= 1 else tokens, now)
        if len(self._buckets) > MAX_CALLERS:
            self._buckets.popitem(last=False)
        if tokens < 1:
            raise RateLimited(self._per_second)
