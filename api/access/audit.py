"""The audit trail of the service: changes are recorded first, reads in the background."""

import asyncio
from collections.abc import Callable

from api.errors import ApiError, log
from readmission.settings import PREFIX, Settings
from readmission.warehouse.audit.events import AuditEvent
from readmission.warehouse.audit.log import AuditLog, AuditUnavailable
from readmission.warehouse.audit.queue import AuditQueue


class NotAudited(ApiError):
    """A change was refused because it could not be recorded."""

    status = 503
    kind = "audit_unavailable"
    title = "The audit trail is unavailable"

    def __init__(self) -> None:
        super().__init__(
            "Nothing was changed, because the audit trail cannot be written; check that its"
            " database is running."
        )


class AuditTrail:
    """Records who did what; without a database it records nothing.

    Parameters
    ----------
    trail : AuditLog, optional
        The audit trail.
    lose : callable
        Called with the number of reads that could not be recorded.
    """

    def __init__(self, trail: AuditLog | None, lose: Callable[[int], object]) -> None:
        self._trail = trail
        self._queue = AuditQueue(trail, lose) if trail is not None else None

    @classmethod
    def from_settings(cls, settings: Settings, lose: Callable[[int], object]) -> "AuditTrail":
        """Return the configured audit trail.

        Raises
        ------
        SettingsError
            If the address of the database is invalid.
        """
        return cls(AuditLog.from_settings(settings), lose)

    def start(self) -> None:
        """Log a warning if there is no audit trail."""
        if self._trail is None:
            log.warning("there is no audit trail: %sAUDIT_DSN is not set", PREFIX)

    def close(self, timeout: float) -> None:
        """Record the waiting events; blocks for `timeout` seconds at most."""
        if self._queue is not None:
            self._queue.close(timeout)

    def note(self, event: AuditEvent) -> None:
        """Record a read, in the background."""
        if self._queue is not None:
            self._queue.put(event)

    async def require(self, event: AuditEvent) -> None:
        """Record a change before it is made.

        Raises
        ------
        NotAudited
            If it cannot be recorded.
        """
        if self._trail is None:
            return
        try:
            await asyncio.to_thread(self._trail.record, event)
        except AuditUnavailable as error:
            log.error("%s by %s was refused: %s", event.action, event.actor, error)
            raise NotAudited from error
