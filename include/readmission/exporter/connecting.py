"""Connections of the role that may only look: short, patient with nothing, and read only."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import SecretStr

from readmission.settings import PREFIX, SettingsError

T = TypeVar("T")

CONNECT_SECONDS = 3
QUERY_SECONDS = 10
# The address may say otherwise.
OURS: dict[str, Any] = {
    "connect_timeout": CONNECT_SECONDS,
    "application_name": "readmission-exporter",
}


def address(setting: str, dsn: SecretStr) -> str:
    """Return an address with what every connection of the exporter has in common.

    Parameters
    ----------
    setting : str
        Field of the settings, for the message.
    dsn : SecretStr
        Its value.

    Raises
    ------
    SettingsError
        If it is no address.
    """
    try:
        given = conninfo_to_dict(dsn.get_secret_value())
    except psycopg.ProgrammingError:
        # Its message quotes the address, password included.
        raise SettingsError(
            f"{PREFIX}{setting.upper()} is no address of a PostgreSQL database; "
            "expected postgresql://user:password@host:port/database"
        ) from None
    return make_conninfo(**(OURS | given))


@contextmanager
def connected(dsn: str, query_seconds: int = QUERY_SECONDS) -> Iterator[psycopg.Connection]:
    """Connect, read only, and end each question that takes too long."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.read_only = True
        connection.execute(f"SET statement_timeout = '{query_seconds}s'".encode())
        yield connection


def reader(dsn: str, read: Callable[[psycopg.Connection], T], nothing: T) -> Callable[[], T]:
    """Return a function that connects and reads; `nothing` while there are no tables yet."""

    def look() -> T:
        with connected(dsn) as connection:
            try:
                return read(connection)
            except psycopg.errors.UndefinedTable:
                return nothing

    return look
