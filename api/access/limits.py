"""Limits per caller, in the memory of each process: requests, rows of files, upload slots."""

import asyncio
import math
from collections import Counter, OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from api.errors import BodyTooLarge, RateLimited, TooManyUploads

WAIT_SECONDS = 15.0
"""How long an upload waits for a slot before it is rejected; less than `REQUEST_SECONDS`."""
MAX_WAITING = 50
"""Uploads that may wait at the same time, because each holds a connection and its buffer."""
POLL_SECONDS = 0.05
MAX_CALLERS = 10_000
"""Largest number of buckets; above it, the least recently used one is dropped."""


class RateLimit:
    """One token bucket per caller: a number per period, and bursts of the same number.

    Parameters
    ----------
    limit : int
        0 for no limit.
    seconds : int
        Length of the period.
    what : str
        What is limited, for the error.
    """

    def __init__(self, limit: int, seconds: int = 1, what: str = "requests per second") -> None:
        self._limit = limit
        self._rate = limit / seconds
        self._what = what
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str, number: int = 1) -> None:
        """Count requests or rows.

        Raises
        ------
        RateLimited
            If the caller's bucket has too few tokens; they stay in it.
        """
        if not self._limit:
            return
        now = monotonic()
        tokens, since = self._buckets.pop(caller, (float(self._limit), now))
        tokens = min(self._limit, tokens + (now - since) * self._rate)
        # Store the bucket before raising. A rejected request takes no token.
        self._buckets[caller] = (tokens - number if tokens >= number else tokens, now)
        if len(self._buckets) > MAX_CALLERS:
            self._buckets.popitem(last=False)
        if tokens < number:
            wait = math.ceil((number - tokens) / self._rate)
            raise RateLimited(self._limit, self._what, max(1, wait))


class RowBudget:
    """The number of rows that the service may still predict for one caller.

    Parameters
    ----------
    limit : RateLimit
        Rows per minute of each caller.
    most : int
        Most rows that a caller may send at once; 0 for no limit.
    caller : str
        Name of the caller.
    """

    def __init__(self, limit: RateLimit, most: int, caller: str) -> None:
        self._limit = limit
        self._most = most
        self._caller = caller
        self._paid = 0

    def announce(self, rows: int) -> None:
        """Take all rows of a file that states its number of rows, before decoding any.

        Raises
        ------
        BodyTooLarge
            If the file has more rows than the limit will ever allow.
        RateLimited
            If the caller has to wait.
        """
        if self._most and rows > self._most:
            raise BodyTooLarge(self._most, "a file", "rows")
        self._limit.take(self._caller, rows)
        self._paid = rows

    def take(self, rows: int) -> None:
        """Take rows, unless they were announced.

        Raises
        ------
        RateLimited
            If the caller has to wait.
        """
        due = max(0, rows - self._paid)
        self._paid = max(0, self._paid - rows)
        if due:
            self._limit.take(self._caller, due)


class UploadSlots:
    """Bounds the uploads in progress, and leaves a slot that no single caller can take.

    Parameters
    ----------
    slots : int
        Uploads at the same time. If there are several, one caller may have all but one.
    """

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._each = max(1, slots - 1)
        self._held: Counter[str] = Counter()
        self._waiting = 0

    @contextmanager
    def hold(self, caller: str) -> Iterator[None]:
        """Hold a slot.

        Raises
        ------
        TooManyUploads
            If all slots are taken, or all that the caller may take.
        """
        if refusal := self._refusal(caller):
            raise refusal
        self._held[caller] += 1
        try:
            yield
        finally:
            self._held[caller] -= 1
            self._held += Counter()  # Drops callers without a slot.

    async def wait(self, caller: str) -> None:
        """Wait up to `WAIT_SECONDS` for a free slot, unless `MAX_WAITING` uploads already do."""
        if self._waiting >= MAX_WAITING:
            return
        deadline = monotonic() + WAIT_SECONDS
        self._waiting += 1
        try:
            while self._refusal(caller) and monotonic() < deadline:
                await asyncio.sleep(POLL_SECONDS)
        finally:
            self._waiting -= 1

    def _refusal(self, caller: str) -> TooManyUploads | None:
        if self._held.total() >= self._slots:
            return TooManyUploads(self._slots)
        if self._held[caller] >= self._each:
            return TooManyUploads(self._each, " of one caller")
        return None
