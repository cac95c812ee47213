"""Migrate the configured databases: ``python -m readmission.warehouse.migrations``."""

import logging
import sys
import time
from collections.abc import Iterator

import psycopg

from readmission import logs
from readmission.errors import ReadmissionError
from readmission.settings import Settings, get_settings
from readmission.warehouse.migrations.upgrading import upgrade

log = logging.getLogger("readmission.migrations")

PATIENCE_SECONDS = 600
"""How long to wait for a database that is not reachable yet."""
PAUSE_SECONDS = 2


def addresses(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield name and address of each configured database."""
    for name, dsn in (
        ("raw", settings.raw_dsn),
        ("clean", settings.clean_dsn),
        ("predictions", settings.prediction_log_dsn),
        ("audit", settings.audit_owner_dsn),
    ):
        if dsn is not None:
            yield name, dsn.get_secret_value()


def migrate(name: str, dsn: str) -> None:
    """Migrate one database, as soon as it is reachable."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            applied = upgrade(dsn, name)
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline:
                raise
            log.warning("%s is not reachable yet: %s", name, error)
            time.sleep(PAUSE_SECONDS)
        else:
            log.info("%s: %s", name, f"applied {', '.join(applied)}" if applied else "up to date")
            return


def main() -> None:
    """Migrate every configured database, one after the other."""
    logs.configure("migrations")
    try:
        found = list(addresses(get_settings()))
        if not found:
            sys.exit(
                "error: set READMISSION_RAW_DSN, _CLEAN_DSN, _PREDICTION_LOG_DSN, _AUDIT_OWNER_DSN"
            )
        for name, dsn in found:
            migrate(name, dsn)
    except (ReadmissionError, psycopg.Error) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
