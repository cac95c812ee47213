"""Empty the tables of a test without creating them again, which takes PostgreSQL 0.1 s."""

from dataclasses import dataclass

import psycopg
from psycopg import sql

PAGE = 8_192
"""Bytes of the smallest table with a row."""
CATALOGS = {
    "pg_namespace": "nspname = 'public'",
    "pg_class": "relnamespace = 'public'::regnamespace",
    "pg_proc": "pronamespace = 'public'::regnamespace",
    "pg_type": "typnamespace = 'public'::regnamespace",
    "pg_attribute": "attrelid IN (SELECT oid FROM ours)",
    "pg_attrdef": "adrelid IN (SELECT oid FROM ours)",
    "pg_constraint": "connamespace = 'public'::regnamespace",
    "pg_rewrite": "ev_class IN (SELECT oid FROM ours)",
    "pg_trigger": "tgrelid IN (SELECT oid FROM ours)",
}
"""Which rows of PostgreSQL's catalogues describe the tables."""
LINES = " UNION ALL ".join(
    f"SELECT concat_ws(' ', '{name}', xmin, ctid) FROM {name} WHERE {ours}"  # noqa: S608
    for name, ours in CATALOGS.items()
)
FINGERPRINT = f"""
    WITH ours AS (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
    SELECT md5(string_agg(line, ',' ORDER BY line)) FROM ({LINES}) AS lines (line)
"""  # noqa: S608
"""Changes with every change of a table, index, function, trigger or privilege, not with rows."""
SIZES = """
    SELECT relname, pg_relation_size(oid) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY relname
"""
REFERENCES = """
    SELECT c.relname, r.relname FROM pg_constraint
    JOIN pg_class AS c ON c.oid = conrelid JOIN pg_class AS r ON r.oid = confrelid
    WHERE contype = 'f' AND connamespace = 'public'::regnamespace
"""
"""Tables, and those that their foreign keys refer to."""
RESTART = """
    SELECT setval(format('%I', sequencename)::regclass, start_value, false) FROM pg_sequences
    WHERE schemaname = 'public' AND last_value IS NOT NULL
"""


@dataclass(frozen=True)
class Fresh:
    """What the tables of a database looked like when they had just been created.

    Parameters
    ----------
    fingerprint : str
        Of their definitions.
    rows : dict
        The rows of the tables that are not empty then, as JSON.
    """

    fingerprint: str
    rows: dict[str, str]


_FRESH: dict[tuple[str, int, str], Fresh] = {}
"""By host, port and name of the database."""


def remember(connection: psycopg.Connection) -> None:
    """Remember the tables of a database as they are now, so that `empty` can return to them."""
    tables = (table for table, size in connection.execute(SIZES).fetchall() if size)
    rows = {table: rows_of(connection, table) for table in tables}
    _FRESH[_key(connection)] = Fresh(_fingerprint(connection), rows)
    connection.commit()


def empty(connection: psycopg.Connection) -> bool:
    """Return the tables of a database to what was remembered; False if more than rows changed."""
    fresh = _FRESH.get(_key(connection))
    if fresh is None or fresh.fingerprint != _fingerprint(connection):
        connection.rollback()
        return False
    used = {
        table
        for table, size in connection.execute(SIZES).fetchall()
        if size > (PAGE if table in fresh.rows else 0)
        or (table in fresh.rows and rows_of(connection, table) != fresh.rows[table])
    }
    connection.execute(RESTART)
    if used:
        _truncate(connection, sorted(_with_referring(connection, used)), fresh.rows)
        _FRESH[_key(connection)] = Fresh(_fingerprint(connection), fresh.rows)
    connection.commit()
    return True


def _with_referring(connection: psycopg.Connection, tables: set[str]) -> set[str]:
    """Add the tables with foreign keys to some tables: PostgreSQL truncates them together."""
    references = connection.execute(REFERENCES).fetchall()
    while more := {table for table, other in references if other in tables} - tables:
        tables = tables | more
    return tables


def _truncate(connection: psycopg.Connection, tables: list[str], rows: dict[str, str]) -> None:
    """Replace all rows of some tables, also of those that allow no deletion."""
    names = [sql.Identifier(table) for table in tables]
    for name in names:
        connection.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(name))
    connection.execute(sql.SQL("TRUNCATE {}").format(sql.SQL(", ").join(names)))
    for table, name in zip(tables, names, strict=True):
        statement = sql.SQL(
            "INSERT INTO {0} OVERRIDING SYSTEM VALUE "
            "SELECT * FROM json_populate_recordset(NULL::{0}, %s)"
        )
        if table in rows:
            connection.execute(statement.format(name), [rows[table]])
        connection.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(name))


def rows_of(connection: psycopg.Connection, table: str) -> str:
    """Return the rows of a table as JSON."""
    statement = sql.SQL("SELECT coalesce(json_agg(t ORDER BY t::text), '[]')::text FROM {} AS t")
    (rows,) = connection.execute(statement.format(sql.Identifier(table))).fetchone() or ("",)
    return str(rows)


def _fingerprint(connection: psycopg.Connection) -> str:
    (found,) = connection.execute(FINGERPRINT).fetchone() or ("",)
    return str(found)


def _key(connection: psycopg.Connection) -> tuple[str, int, str]:
    return connection.info.host, connection.info.port, connection.info.dbname
