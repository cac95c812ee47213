"""Limits per caller, in the memory of each process: requests, rows and bytes of files, slots."""

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
        self.limit = limit
        self._rate = limit / seconds
        self._what = what
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str, number: int = 1) -> None:
        """Count requests, rows or bytes.

        Raises
        ------
        RateLimited
            If the caller's bucket has too few tokens; they stay in it.
        """
        if not self.limit:
            return
        now = monotonic()
        tokens, since = self._buckets.pop(caller, (float(self.limit), now))
        tokens = min(self.limit, tokens + (now - since) * self._rate)
        # Store the bucket before raising. A rejected request takes no token.
        self._buckets[caller] = (tokens - number if tokens >= number else tokens, now)
        if len(self._buckets) > MAX_CALLERS:
            self._buckets.popitem(last=False)
        if tokens < number:
            wait = math.ceil((number - tokens) / self._rate)
            raise RateLimited(self.limit, self._what, max(1, wait))


class FileBudget:
    """The rows and bytes that the service may still read from one caller's files.

    Parameters
    ----------
    rows : RateLimit
        Rows per minute of each caller.
    size : RateLimit
        Bytes per minute of each caller, as they were sent and as they are unpacked.
    caller : str
        Name of the caller.
    """

    def __init__(self, rows: RateLimit, size: RateLimit, caller: str) -> None:
        self._rows = rows
        self._size = size
        self._caller = caller
        self._paid = 0

    def read(self, size: int) -> None:
        """Take bytes of a file before they are read or unpacked.

        Raises
        ------
        BodyTooLarge
            If they are more than the limit will ever allow.
        RateLimited
            If the caller has to wait.
        """
        self._take(self._size, size, "bytes")

    def announce(self, rows: int) -> None:
        """Take all rows of a file that states its number of rows, before decoding any.

        Raises
        ------
        BodyTooLarge
            If the file has more rows than the limit will ever allow.
        RateLimited
            If the caller has to wait.
        """
        self._take(self._rows, rows, "rows")
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
            self._rows.take(self._caller, due)

    def _take(self, limit: RateLimit, number: int, unit: str) -> None:
        if limit.limit and number > limit.limit:
            raise BodyTooLarge(limit.limit, "a file", unit)
        limit.take(self._caller, number)


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
