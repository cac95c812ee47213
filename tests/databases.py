"""Create the tables of a test by running the migrations."""

import psycopg
from psycopg.conninfo import make_conninfo

from readmission.warehouse.migrations import DATABASES
from readmission.warehouse.migrations.upgrading import upgrade

RENAMED_COLUMNS = {"incumbent_version": "champion_version"}
"""Columns of version 0.1.0 that have another name today."""


def migrate(connection: psycopg.Connection) -> None:
    """Migrate the database of a connection, if it is one of the project's."""
    if connection.info.dbname in DATABASES:
        upgrade(address_of(connection), connection.info.dbname)


def address_of(connection: psycopg.Connection) -> str:
    """Return the address of a connection, including the password."""
    return make_conninfo(connection.info.dsn, password=connection.info.password)
