"""A bounded queue of events, for readers who must not wait for the audit trail."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from itertools import islice

from readmission.warehouse.audit.events import AuditEvent
from readmission.warehouse.audit.log import AuditLog, AuditUnavailable

LIMIT = 10_000
"""Most events in memory; further ones are lost while the database is unavailable."""
MOST_AT_ONCE = 500
RETRY_SECONDS = 2.0

log = logging.getLogger("readmission.audit")


class AuditQueue:
    """Appends events from a thread of its own, which starts with the first event.

    Parameters
    ----------
    trail : AuditLog
        Takes the events.
    lose : callable
        Called with the number of events that are lost.
    """

    def __init__(self, trail: AuditLog, lose: Callable[[int], object] = lambda _number: None):
        self._trail = trail
        self._lose = lose
        self._waiting: deque[AuditEvent] = deque()
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._failing = False
        self._thread: threading.Thread | None = None

    def put(self, event: AuditEvent) -> None:
        """Queue an event; never waits and never raises."""
        with self._changed:
            full = len(self._waiting) >= LIMIT
            if not full:
                self._waiting.append(event)
                self._changed.notify()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
                self._thread.start()
        if full:
            self._report_lost(1, "the queue is full")

    def close(self, timeout: float) -> None:
        """Append the waiting events; retry once, then drop the rest."""
        self._closing.set()
        with self._changed:
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(timeout)

    def _run(self) -> None:
        while events := self._next():
            last = self._closing.is_set()
            if self._append(events):
                with self._changed:
                    for _ in events:
                        self._waiting.popleft()
            elif last:
                self._report_lost(len(self._waiting), "the process is stopping")
                return
            else:
                self._closing.wait(RETRY_SECONDS)

    def _next(self) -> list[AuditEvent]:
        """Wait for events and return the oldest; none once the queue is closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing.is_set())
            return list(islice(self._waiting, MOST_AT_ONCE))

    def _append(self, events: list[AuditEvent]) -> bool:
        try:
            self._trail.record(*events)
        except AuditUnavailable as error:
            if not self._failing:
                log.error("audit events wait in memory: %s", error)
            self._failing = True
            return False
        if self._failing:
            log.info("the audit trail is available again; all waiting events are being written")
        self._failing = False
        return True

    def _report_lost(self, number: int, why: str) -> None:
        self._lose(number)
        log.error("%d audit events were lost: %s", number, why)
