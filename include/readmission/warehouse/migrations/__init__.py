"""The migrations of the databases, and the check that a database fits the code.

Each folder holds the revisions of one database; `upgrading` applies them with Alembic. Tasks and
services only check the revision, and import neither Alembic nor SQLAlchemy.
"""

from importlib import resources

import psycopg

from readmission.errors import DatabaseNotMigrated, DatabaseTooNew

DATABASES = ("raw", "clean", "predictions", "audit")
VERSION_TABLE = "alembic_version"


def revisions(database: str) -> list[str]:
    """Return the revisions of a database that this version of the library knows, oldest first."""
    folder = resources.files(__name__) / database
    return sorted(
        file.name.partition("_")[0] for file in folder.iterdir() if file.name[:4].isdecimal()
    )


def require_current(connection: psycopg.Connection, database: str) -> None:
    """Raise an error unless a database is at the revision that this version needs.

    Parameters
    ----------
    connection : psycopg.Connection
        A connection whose current schema holds the tables.
    database : str
        One of `DATABASES`.

    Raises
    ------
    DatabaseNotMigrated
        If revisions are missing.
    DatabaseTooNew
        If a later version of the library has migrated it.
    """
    known, found = revisions(database), revision_of(connection)
    if found == known[-1]:
        return
    if found is None or found in known:
        raise DatabaseNotMigrated(database, found, known[-1])
    raise DatabaseTooNew(database, found)


def revision_of(connection: psycopg.Connection) -> str | None:
    """Return the revision of a database, or None if it has never been migrated."""
    with connection.transaction():
        (exists,) = connection.execute(
            "SELECT to_regclass(%s) IS NOT NULL", (VERSION_TABLE,)
        ).fetchone() or (False,)
        if not exists:
            return None
        row = connection.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone()  # noqa: S608
    return str(row[0]) if row else None
