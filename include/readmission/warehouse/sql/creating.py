"""Tables are created once; whoever comes later takes no lock to see that they are there."""

import hashlib
from collections.abc import Sequence

import psycopg
from psycopg import sql


def create(
    connection: psycopg.Connection,
    lock: int,
    table: str,
    statements: Sequence[sql.SQL | sql.Composed],
) -> None:
    """Run statements unless these very ones have been run in this database.

    Every task calls this. ``CREATE INDEX IF NOT EXISTS`` alone waits for all who write to the
    table, so a writer that hangs would hold up everybody else.

    Parameters
    ----------
    connection : psycopg.Connection
        Its current schema gets the tables.
    lock : int
        Advisory lock under which the statements are run.
    table : str
        One that they create, the last; its comment keeps the hash of the statements.
    statements : sequence of SQL or Composed
        Safe to repeat, and good for tables that an earlier version has made.
    """
    script = "\n".join(statement.as_string(connection) for statement in statements)
    made = f"made by {hashlib.sha256(script.encode()).hexdigest()}"
    with connection.transaction():
        if _comment(connection, table) == made:
            return
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (lock,))
        for statement in statements:
            connection.execute(statement)
        connection.execute(
            sql.SQL("COMMENT ON TABLE {} IS {}").format(sql.Identifier(table), sql.Literal(made))
        )


def append_only(table: str, rows: str) -> sql.Composed:
    """Return statements by which a table refuses to change or lose a row, whoever asks.

    Parameters
    ----------
    table : str
        Created by a statement before.
    rows : str
        What its rows are, for the message.
    """
    function = sql.Identifier(f"refuse_change_of_{table}")
    return sql.SQL(
        "CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION {message}; END $$;"
        " CREATE OR REPLACE TRIGGER {trigger} BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION {function}();"
    ).format(
        function=function,
        message=sql.Literal(f"{rows} are append-only"),
        trigger=sql.Identifier(f"{table}_is_append_only"),
        table=sql.Identifier(table),
    )


def _comment(connection: psycopg.Connection, table: str) -> str | None:
    found = connection.execute("SELECT obj_description(to_regclass(%s), 'pg_class')", (table,))
    row = found.fetchone()
    return row[0] if row else None
