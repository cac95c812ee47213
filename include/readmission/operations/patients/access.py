"""Connections to RAW, CLEAN and the prediction log, which hold rows of patients."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import psycopg

from readmission.domain.privacy import Pseudonyms
from readmission.errors import ReadmissionError
from readmission.settings import Settings, SettingsError
from readmission.warehouse import CleanWarehouse, RawWarehouse
from readmission.warehouse.migrations import require_current

DATABASES = ("raw", "clean", "predictions")
CONNECT_SECONDS = 10


class DatabaseUnavailable(ReadmissionError):
    """A database cannot be reached, so nothing was read or deleted."""


@dataclass(frozen=True)
class Databases:
    """The databases with rows of patients, and the hashes that the prediction log has of them.

    Parameters
    ----------
    raw, clean : RawWarehouse, CleanWarehouse
        The warehouses.
    predictions : psycopg.Connection
        The database of the prediction log.
    pseudonyms : Pseudonyms
        Made with the key of the log.
    """

    raw: RawWarehouse
    clean: CleanWarehouse
    predictions: psycopg.Connection
    pseudonyms: Pseudonyms

    @property
    def connections(self) -> Mapping[str, psycopg.Connection]:
        """The connections by the name of the database."""
        return {
            "raw": self.raw.connection,
            "clean": self.clean.connection,
            "predictions": self.predictions,
        }


@contextmanager
def connect(settings: Settings) -> Iterator[Databases]:
    """Connect to the three databases before anything is read or deleted.

    Parameters
    ----------
    settings : Settings
        With the addresses of RAW, CLEAN and the prediction log, and the key of the log.

    Raises
    ------
    SettingsError
        If one of these settings is missing.
    DatabaseUnavailable
        If a database cannot be reached.
    DatabaseNotMigrated, DatabaseTooNew
        If its tables are older or newer than this version of the code.
    """
    names = ("raw_dsn", "clean_dsn", "prediction_log_dsn", "prediction_log_key")
    missing = [f"READMISSION_{n.upper()}" for n in names if getattr(settings, n) is None]
    if missing:
        raise SettingsError(
            f"{', '.join(missing)} must be set: RAW, CLEAN and the prediction log hold a patient's"
            " rows, and the log knows them by keyed hashes"
        )
    *addresses, key = (getattr(settings, name).get_secret_value() for name in names)
    with ExitStack() as opened:
        connections = []
        for name, address in zip(DATABASES, addresses, strict=True):
            connections.append(opened.enter_context(_connection(name, address)))
            require_current(connections[-1], name)
        raw, clean, predictions = connections
        yield Databases(RawWarehouse(raw, key), CleanWarehouse(clean), predictions, Pseudonyms(key))


@contextmanager
def _connection(name: str, address: str) -> Iterator[psycopg.Connection]:
    try:
        connection = psycopg.connect(address, connect_timeout=CONNECT_SECONDS, autocommit=True)
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(
            f"the database {name!r} is unavailable, so nothing was read or deleted: {error}"
        ) from error
    with connection:
        yield connection
