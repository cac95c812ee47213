"""Addresses of databases in the settings."""

from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import SecretStr

from readmission.settings import PREFIX, SettingsError


def address_of(setting: str, dsn: SecretStr, **options: Any) -> str:
    """Return the address in a setting, completed with options of the connection.

    Parameters
    ----------
    setting : str
        Name of the setting, for the error message.
    dsn : SecretStr
        Its value.
    **options
        Options of libpq, which the address may override.

    Raises
    ------
    SettingsError
        If the value is not a PostgreSQL address.
    """
    try:
        given = conninfo_to_dict(dsn.get_secret_value())
    except psycopg.ProgrammingError:
        # The original message quotes the address, including its password.
        raise SettingsError(
            f"{PREFIX}{setting.upper()} is not the address of a PostgreSQL database; "
            "expected postgresql://user:password@host:port/database"
        ) from None
    return make_conninfo(**(options | given))
