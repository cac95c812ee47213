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
    "stage_failure": ("batch_id", "stage", "kind", "lasting", "error", "at"),
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
    """Let the monitoring role read these columns and no others, for example after an upgrade.

    It takes a lock only if a privilege is missing or too many. Tables that do not exist yet or
    belong to another role are skipped.

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
        if not any(_differences(connection, role, privilege, columns)):
            return
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        missing, superfluous = _differences(connection, role, privilege, columns)
        for table in missing:
            granted = sql.SQL(", ").join(map(sql.Identifier, columns[table]))
            connection.execute(
                sql.SQL("GRANT {} ({}) ON {} TO {}").format(
                    sql.SQL(privilege), granted, sql.Identifier(table), sql.Identifier(role)
                )
            )
        for table, column in superfluous:
            connection.execute(
                sql.SQL("REVOKE {} ({}) ON {} FROM {}").format(
                    *(sql.SQL(privilege), sql.Identifier(column)),
                    *(sql.Identifier(table), sql.Identifier(role)),
                )
            )
        connection.execute(_GRANT_USAGE.format(role=sql.Literal(role)))


def _differences(
    connection: psycopg.Connection, role: str, privilege: Privilege, columns: Columns
) -> tuple[list[str], list[tuple[str, str]]]:
    """Compare what a role may do with the tables of the current role with what it should.

    Returns
    -------
    list of str
        The tables in which it lacks the privilege on a column.
    list of (str, str)
        Tables and columns on which it has the privilege and should not.
    """
    pairs = [(table, name) for table, names in columns.items() for name in names]
    tables, names = zip(*pairs, strict=True)
    wanted = (list(tables), list(names), role, privilege)
    missing = [table for (table,) in connection.execute(_MISSING, wanted)]
    superfluous = connection.execute(_SUPERFLUOUS, (role, privilege, *wanted[:2])).fetchall()
    return missing, superfluous


_MISSING = """
SELECT DISTINCT wanted.table_name
FROM unnest(%s::text[], %s::text[]) AS wanted (table_name, column_name)
JOIN pg_class c ON c.oid = to_regclass(wanted.table_name) AND pg_has_role(c.relowner, 'USAGE')
JOIN pg_roles r ON r.rolname = %s
WHERE NOT has_column_privilege(r.oid, c.oid, wanted.column_name, %s)
"""

_SUPERFLUOUS = """
SELECT c.relname, a.attname
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid
CROSS JOIN aclexplode(a.attacl) AS held
JOIN pg_roles r ON r.oid = held.grantee AND r.rolname = %s
WHERE c.relnamespace = current_schema()::regnamespace AND pg_has_role(c.relowner, 'USAGE')
    AND held.privilege_type = %s
    AND (c.relname, a.attname) NOT IN (SELECT * FROM unnest(%s::text[], %s::text[]))
"""

# Every role may use the original schema of a database, but not one that was created later.
_GRANT_USAGE = sql.SQL("""
DO $$ BEGIN
    IF NOT has_schema_privilege({role}, current_schema(), 'USAGE') THEN
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), {role});
    END IF;
END $$
""")
