"""Upgrade a database to its newest revision with Alembic."""

from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import NullPool, create_engine

from readmission.errors import DatabaseTooNew
from readmission.warehouse.migrations import DATABASES, VERSION_TABLE, revision_of, revisions
from readmission.warehouse.sql.privileges import GRANTS, grant_audit_writer, grant_monitoring

_LOCK = 296_000
"""Advisory lock: a second process that migrates the same database waits for the first."""


def upgrade(dsn: str, database: str) -> list[str]:
    """Apply all revisions that a database lacks, in one transaction.

    Parameters
    ----------
    dsn : str
        Address of the database, for the role that owns its tables.
    database : str
        One of `DATABASES`.

    Returns
    -------
    list of str
        The revisions that were applied, oldest first.

    Raises
    ------
    DatabaseTooNew
        If a later version of the library has migrated it.
    """
    if database not in DATABASES:
        raise ValueError(f"{database!r} is not a database; expected one of {', '.join(DATABASES)}")
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(dsn), poolclass=NullPool
    )
    with psycopg.connect(dsn) as before:
        found = revision_of(before)
    known = revisions(database)
    if found is not None and found not in known:
        raise DatabaseTooNew(database, found)
    with engine.begin() as connection:
        # A migration may take longer than the role's other statements.
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        config = _configuration(database)
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise DatabaseTooNew(database, str(error)) from error
        # The role that may only write the prediction log checks the revision, too.
        connection.exec_driver_sql(f"GRANT SELECT ON {VERSION_TABLE} TO PUBLIC")
    with psycopg.connect(dsn) as after:
        if database == "audit":
            grant_audit_writer(after)
        else:
            grant_monitoring(after, GRANTS[database])
    return known[known.index(found) + 1 :] if found else known


def _configuration(database: str) -> Config:
    here = Path(__file__).parent
    config = Config()
    config.set_main_option("script_location", str(here))
    config.set_main_option("version_locations", str(here / database))
    config.set_main_option("path_separator", "newline")
    config.attributes["version_table"] = VERSION_TABLE
    return config
