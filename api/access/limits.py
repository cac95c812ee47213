"""How much one caller may ask: a token bucket for each, in the memory of each process."""

from collections import OrderedDict
from time import monotonic

from api.errors import TooMany

_CALLERS = 10_000
"""Buckets kept; the caller who has been silent longest is forgotten, with a full bucket."""


class RateLimit:
    """Allows each caller a number of requests per second, and as many at once.

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
        TooMany
            If the caller has asked too much in the last second.
        """
        if not self._per_second:
            return
        now = monotonic()
        tokens, since = self._buckets.pop(caller, (float(self._per_second), now))
        tokens = min(self._per_second, tokens + (now - since) * self._per_second)
        # Put back before it is refused: a refused request costs nothing.
        self._buckets[caller] = (tokens - 1 if tokens >= 1 else tokens, now)
        if len(self._buckets) > _CALLERS:
            self._buckets.popitem(last=False)
        if tokens < 1:
            raise TooMany(self._per_second)
