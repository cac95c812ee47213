"""Appends events to the audit trail, with a role that may do nothing else."""

from collections.abc import Sequence
from typing import Any, Self

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.types.json import Jsonb

from readmission.errors import ReadmissionError
from readmission.settings import PREFIX, Settings
from readmission.warehouse.audit.events import AuditEvent
from readmission.warehouse.sql.addresses import address_of

# Defaults that make a dead connection fail soon; the address may override them.
CONNECTION: dict[str, Any] = {
    "connect_timeout": 3,
    "tcp_user_timeout": 5_000,
    "application_name": "readmission-audit",
}


class AuditUnavailable(ReadmissionError):
    """An event could not be appended to the audit trail."""


class AuditLog:
    """Appends events to the audit trail; it cannot read them.

    Parameters
    ----------
    dsn : str
        The database, with a role that may insert into ``audit_event``.
    """

    def __init__(self, dsn: str) -> None:
        self._address = make_conninfo(**(CONNECTION | conninfo_to_dict(dsn)))

    @classmethod
    def from_settings(cls, settings: Settings) -> Self | None:
        """Return the configured audit trail, if there is one.

        Raises
        ------
        SettingsError
            If the address of the database is invalid.
        """
        if settings.audit_dsn is None:
            return None
        return cls(address_of("audit_dsn", settings.audit_dsn))

    def record(self, *events: AuditEvent) -> None:
        """Append events, all or none of them.

        Raises
        ------
        AuditUnavailable
            If that fails.
        """
        try:
            # No prepared statements: a connection pooler may be in between.
            with (
                psycopg.connect(self._address, prepare_threshold=None) as connection,
                connection.cursor() as cursor,
            ):
                cursor.executemany(_INSERT, [_values(event) for event in events])
        except psycopg.Error as error:
            raise AuditUnavailable(
                f"the audit trail cannot be written ({_named(error)}); check that its database is"
                f" running, migrated, and named by {PREFIX}AUDIT_DSN"
            ) from error


def _named(error: psycopg.Error) -> str:
    """Return type and code of an error; its message could quote a value."""
    return " ".join(filter(None, (type(error).__name__, error.sqlstate)))


def _values(event: AuditEvent) -> tuple[object, ...]:
    detail = {name: _storable(value) for name, value in event.detail.items()}
    named = (event.actor, event.actor_kind, event.action, event.subject, event.peer)
    return (*map(_storable, (*named, event.request_id)), Jsonb(detail))


def _storable(value: object) -> object:
    """Return a value without the characters that PostgreSQL cannot store."""
    if isinstance(value, str):
        return value.replace("\0", "").encode(errors="replace").decode()
    if isinstance(value, Sequence):
        return [_storable(part) for part in value]
    return value


_INSERT = """
INSERT INTO audit_event (actor, actor_kind, action, subject, peer, request_id, detail)
VALUES (%s, %s, %s, %s, %s, %s, %s)
"""
