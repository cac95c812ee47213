"""The audit trail of a stack: commands append to it, and `readmission audit` reads it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from readmission.stack.errors import StackError
from readmission.stack.services import postgres
from readmission.stack.site.site import Site
from readmission.warehouse.audit.events import AuditEvent
from readmission.warehouse.audit.log import AuditLog, AuditUnavailable


@dataclass(frozen=True)
class RecordedEvent:
    """An event as it is stored."""

    event_id: int
    at: datetime
    actor: str
    actor_kind: str
    action: str
    subject: str | None
    peer: str | None
    request_id: str | None
    detail: dict[str, Any]


def record(site: Site, event: AuditEvent) -> None:
    """Record a change before it is made.

    Raises
    ------
    StackError
        If it cannot be recorded; the change must not be made then.
    """
    try:
        AuditLog(postgres.dsn(site, postgres.AUDIT, postgres.AUDIT_WRITER)).record(event)
    except AuditUnavailable as error:
        raise StackError(f"nothing was changed: {error}") from error


def read(
    site: Site,
    since: datetime | None = None,
    actor: str | None = None,
    action: str | None = None,
    limit: int = 100,
) -> Sequence[RecordedEvent]:
    """Return the newest events, oldest first.

    Parameters
    ----------
    site : Site
        The stack.
    since : datetime, optional
        Only events from this time on; without a time zone, in UTC.
    actor, action : str, optional
        Only events of this actor, or with this action.
    limit : int
        The largest number of events.

    Raises
    ------
    StackError
        If PostgreSQL is unavailable.
    """
    wanted = {"since": since, "actor": actor, "action": action, "limit": limit}
    try:
        with (
            psycopg.connect(postgres.dsn(site, postgres.AUDIT)) as connection,
            connection.cursor(row_factory=class_row(RecordedEvent)) as cursor,
        ):
            return cursor.execute(_SELECT, wanted).fetchall()[::-1]
    except psycopg.Error as error:
        raise StackError(f"the audit trail cannot be read: {error}") from error


_SELECT = """
SELECT event_id, at AT TIME ZONE 'UTC' AS at, actor, actor_kind, action, subject, peer, request_id,
       detail
FROM audit_event
WHERE (%(since)s::timestamp IS NULL OR at >= %(since)s::timestamp AT TIME ZONE 'UTC')
  AND (%(actor)s::text IS NULL OR actor = %(actor)s)
  AND (%(action)s::text IS NULL OR action = %(action)s)
ORDER BY event_id DESC LIMIT %(limit)s
"""
