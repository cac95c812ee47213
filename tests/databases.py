"""Tables for tests: the migrations, applied through the address of a connection."""

import psycopg
from psycopg.conninfo import make_conninfo

from readmission.warehouse.migrations import DATABASES
from readmission.warehouse.migrations.upgrading import upgrade


def migrate(connection: psycopg.Connection) -> None:
    """Bring the database behind a connection to its newest revision, if it is one of ours."""
    if connection.info.dbname in DATABASES:
        upgrade(address_of(connection), connection.info.dbname)


def address_of(connection: psycopg.Connection) -> str:
    """Return the address of a connection, with the password."""
    return make_conninfo(connection.info.dsn, password=connection.info.password)
