"""Privileges of the roles that own no table.

`monitoring` reads counts and times, `audit_writer` appends events. Neither can read features or the
numbers of patients.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import psycopg
from psycopg import sql

ROLE = "monitoring"
"""The role exists only if monitoring is set up; without it, nothing is granted."""
AUDIT_WRITER = "audit_writer"
"""The role of the services that append to the audit trail; it cannot read it."""

Columns = Mapping[str, Sequence[str]]
Privilege = Literal["SELECT", "INSERT"]

_GATES = ("batch_id", "gate", "passed", "failed", "seconds", "acknowledged")
RAW: Columns = {
    "batch": ("batch_id", "number", "kind", "state", "rows", "created_at", "decided_at"),
    "stored_rows": ("batch_id", "rows"),
    "quarantine": ("batch_id", "state", "replay_batch"),
    "erased_rows": ("batch_id", "rows"),
    "repeated_row": ("batch_id",),
    "gate_result": _GATES,
}
CLEAN: Columns = {
    "batch": ("batch_id", "state", "quarantined_rows", "created_at", "decided_at"),
    "stored_rows": ("batch_id", "part", "superseded_by", "rows"),
    "gate_result": _GATES,
    "drift_result": ("batch_id", "column_name", "psi", "alarm", "acknowledged"),
    "candidate": ("batch_id", "version", "created_at"),
    "promotion": (
        *("promotion_id", "batch_id", "challenger_version", "verdict", "figures", "created_at"),
    ),
    "rollback": ("version_left",),
    "production_move": ("kind",),
    "skipped_training": ("batch_id",),
    "stage_failure": ("batch_id", "stage", "kind", "lasting", "at"),
}
PREDICTIONS: Columns = {
    "prediction": ("at", "model_version", "encounter_hash", "predicted_class"),
    "outcome": ("encounter_hash", "readmitted", "part", "known_at"),
    "request_drift": ("column_name", "psi"),
    "live_figure": (
        *("model_version", "against", "attribute", "patient_group", "metric"),
        *("figure", "low", "high"),
    ),
}
GRANTS: Mapping[str, Columns] = {"raw": RAW, "clean": CLEAN, "predictions": PREDICTIONS}
"""Columns by table, for each database; a keyed hash joins a prediction to its outcome."""
_APPENDED: Columns = {
    "audit_event": ("actor", "actor_kind", "action", "subject", "peer", "request_id", "detail"),
}
"""Columns that the audit writer fills; the database sets number and time of an event."""

_LOCK = 296_010


def grant_monitoring(connection: psycopg.Connection, columns: Columns) -> None:
    """Grant the monitoring role the privileges that it lacks, e.g. on new tables.

    It takes a lock only if a privilege is missing. Tables that do not exist yet or belong to
    another role are skipped.

    Parameters
    ----------
    connection : psycopg.Connection
        A connection of the role that owns the tables.
    columns : mapping of str to sequence of str
        One of `GRANTS`.
    """
    _grant(connection, ROLE, "SELECT", columns)


def grant_audit_writer(connection: psycopg.Connection) -> None:
    """Let the audit writer append to the audit trail; without the role, nothing is granted."""
    _grant(connection, AUDIT_WRITER, "INSERT", _APPENDED)


def _grant(
    connection: psycopg.Connection, role: str, privilege: Privilege, columns: Columns
) -> None:
    with connection.transaction():
        if not _missing(connection, role, privilege, columns):
            return
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        for table in _missing(connection, role, privilege, columns):
            connection.execute(
                sql.SQL("GRANT {} ({}) ON {} TO {}").format(
                    sql.SQL(privilege),
                    sql.SQL(", ").join(map(sql.Identifier, columns[table])),
                    sql.Identifier(table),
                    sql.Identifier(role),
                )
            )
        connection.execute(_GRANT_USAGE.format(role=sql.Literal(role)))


def _missing(
    connection: psycopg.Connection, role: str, privilege: Privilege, columns: Columns
) -> list[str]:
    """Return the tables of the current role in which a role lacks a privilege on a column."""
    pairs = [(table, name) for table, names in columns.items() for name in names]
    tables, names = zip(*pairs, strict=True)
    wanted = (list(tables), list(names), role, privilege)
    return [table for (table,) in connection.execute(_MISSING, wanted)]


_MISSING = """
SELECT DISTINCT wanted.table_name
FROM unnest(%s::text[], %s::text[]) AS wanted (table_name, column_name)
JOIN pg_class c ON c.oid = to_regclass(wanted.table_name) AND pg_has_role(c.relowner, 'USAGE')
JOIN pg_roles r ON r.rolname = %s
WHERE NOT has_column_privilege(r.oid, c.oid, wanted.column_name, %s)
"""

# Every role may use the original schema of a database, but not one that was created later.
_GRANT_USAGE = sql.SQL("""
DO $$ BEGIN
    IF NOT has_schema_privilege({role}, current_schema(), 'USAGE') THEN
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), {role});
    END IF;
END $$
""")
