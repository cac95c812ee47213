"""What became of the records of the prediction log."""

import threading
import time
from dataclasses import dataclass, field

from api.errors import log

REPORT_SECONDS = 60


@dataclass
class Tally:
    """Rows by what became of them; counted by several threads.

    Parameters
    ----------
    held : int
        In memory: taken out of the queue, neither in the database nor on disk yet.
    written : int
        Confirmed by the database.
    lost : int
        Never to be there.
    """

    held: int = 0
    written: int = 0
    lost: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _reported: int = 0
    _why: str = ""
    _next_report: float = 0.0

    def add(self, *, held: int = 0, written: int = 0) -> None:
        """Count rows that are taken, written, or on disk (held no more)."""
        with self._lock:
            self.held += held
            self.written += written

    def lose(self, rows: int, why: str, *, held: int = 0) -> None:
        """Count rows as lost; to be reported later, by a thread that nobody waits for."""
        with self._lock:
            self.lost += rows
            self.held += held
            self._why = why

    def report(self, *, at_once: bool = False) -> None:
        """Say what has been lost since the last time; once a minute, however often called."""
        with self._lock:
            rows, due = self.lost - self._reported, time.monotonic() >= self._next_report
            if not rows or not (due or at_once):
                return
            self._reported, self._next_report = self.lost, time.monotonic() + REPORT_SECONDS
        log.error("%d predictions are missing from the log for ever: %s", rows, self._why)
