"""Counts of the predictions that were written to the database or lost."""

import threading
import time
from dataclasses import dataclass, field

from api.errors import log

REPORT_SECONDS = 60


@dataclass
class Tally:
    """Counts rows of the log; used by several threads.

    Parameters
    ----------
    written : int
        Confirmed by the database.
    lost : int
        Predicted, but not logged: neither in the database nor on disk.
    torn : int
        Cut off when a process was killed while it wrote them; no response was sent.
    """

    written: int = 0
    lost: int = 0
    torn: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _reported: int = 0
    _why: str = ""
    _next_report: float = 0.0

    def add(self, *, written: int = 0, torn: int = 0) -> None:
        """Add to the counts."""
        with self._lock:
            self.written += written
            self.torn += torn

    def lose(self, rows: int, why: str) -> None:
        """Count lost rows; `report` logs them later, outside the request path."""
        with self._lock:
            self.lost += rows
            self._why = why

    def report(self, *, at_once: bool = False) -> None:
        """Log the rows lost since the last report, at most once per minute."""
        with self._lock:
            rows, due = self.lost - self._reported, time.monotonic() >= self._next_report
            if not rows or not (due or at_once):
                return
            self._reported, self._next_report = self.lost, time.monotonic() + REPORT_SECONDS
        log.error("lost %d predictions, missing from the log: %s", rows, self._why)
