"""Return tables to an earlier state by their rows alone: creating them again takes longer."""

from dataclasses import dataclass
from graphlib import TopologicalSorter

import psycopg
from psycopg import sql

EMPTY = "empty"
"""The state of tables that have just been created."""
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
SEQUENCES = """
    SELECT format('%I', sequencename), coalesce(last_value, start_value), last_value IS NOT NULL
    FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1
"""
"""Sequences, the value of each, and whether it has been given out."""


@dataclass(frozen=True)
class State:
    """The rows of a database at one time.

    Parameters
    ----------
    rows : dict
        The rows of each table that was not empty, as JSON.
    sequences : list
        As `SEQUENCES` returns them.
    """

    rows: dict[str, str]
    sequences: list[tuple[str, int, bool]]


Key = tuple[str, int, str]
_FINGERPRINTS: dict[Key, str] = {}
"""Of the definitions of the tables, by host, port and name of the database."""
_STATES: dict[tuple[Key, str], State] = {}
"""What the tables held, by database and name of the state."""


def remember(connection: psycopg.Connection, state: str = EMPTY) -> None:
    """Remember the tables of a database as they are now, so that `return_to` can return to them.

    If their definitions have changed, all other states are forgotten.
    """
    key, fingerprint = _key(connection), _fingerprint(connection)
    if _FINGERPRINTS.get(key) != fingerprint:
        _FINGERPRINTS[key] = fingerprint
        for known in [known for known in _STATES if known[0] == key]:
            del _STATES[known]
    tables = (table for table, size in connection.execute(SIZES).fetchall() if size)
    rows = {table: rows_of(connection, table) for table in tables}
    _STATES[key, state] = State(rows, connection.execute(SEQUENCES).fetchall())
    connection.commit()


def return_to(connection: psycopg.Connection, state: str = EMPTY) -> bool:
    """Return to a remembered state; False if there is none or more than rows changed since."""
    key = _key(connection)
    remembered = _STATES.get((key, state))
    if remembered is None or _FINGERPRINTS[key] != _fingerprint(connection):
        connection.rollback()
        return False
    rows = remembered.rows
    changed = {
        table
        for table, size in connection.execute(SIZES).fetchall()
        if size > (PAGE if table in rows else 0)
        or (table in rows and rows_of(connection, table) != rows[table])
    }
    for name, value, given in remembered.sequences:
        connection.execute("SELECT setval(%s::regclass, %s, %s)", [name, value, given])
    if changed:
        _replace(connection, changed, rows)
        _FINGERPRINTS[key] = _fingerprint(connection)
    connection.commit()
    return True


def _replace(connection: psycopg.Connection, tables: set[str], rows: dict[str, str]) -> None:
    """Replace all rows of some tables, also of those that allow no deletion."""
    ordered = _with_referring(connection, tables)
    names = {table: sql.Identifier(table) for table in ordered}
    for name in names.values():
        connection.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(name))
    connection.execute(sql.SQL("TRUNCATE {}").format(sql.SQL(", ").join(names.values())))
    for table, name in names.items():
        statement = sql.SQL(
            "INSERT INTO {0} OVERRIDING SYSTEM VALUE "
            "SELECT * FROM json_populate_recordset(NULL::{0}, %s)"
        )
        if table in rows:
            connection.execute(statement.format(name), [rows[table]])
        connection.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(name))


def _with_referring(connection: psycopg.Connection, tables: set[str]) -> list[str]:
    """Return the tables and those with foreign keys to them, which are truncated with them.

    A table comes after those that it refers to.
    """
    references = connection.execute(REFERENCES).fetchall()
    while more := {table for table, other in references if other in tables} - tables:
        tables = tables | more
    graph: dict[str, set[str]] = {table: set() for table in sorted(tables)}
    for table, other in references:
        if table in graph and other in graph and table != other:
            graph[table].add(other)
    return list(TopologicalSorter(graph).static_order())


def rows_of(connection: psycopg.Connection, table: str) -> str:
    """Return the rows of a table as JSON."""
    statement = sql.SQL("SELECT coalesce(json_agg(t ORDER BY t::text), '[]')::text FROM {} AS t")
    (rows,) = connection.execute(statement.format(sql.Identifier(table))).fetchone() or ("",)
    return str(rows)


def _fingerprint(connection: psycopg.Connection) -> str:
    (found,) = connection.execute(FINGERPRINT).fetchone() or ("",)
    return str(found)


def _key(connection: psycopg.Connection) -> Key:
    return connection.info.host, connection.info.port, connection.info.dbname
