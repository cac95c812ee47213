"""Writes Prometheus' login: ``python -m readmission.operations.prometheus_login FOLDER``.

Prometheus has no list of allowed hosts. A password protects it from websites that point their own
name at it (DNS rebinding): a browser sends the password to Prometheus' own address only.
"""

import argparse
import sys
from pathlib import Path

import bcrypt

from readmission.files import write_whole
from readmission.settings import PREFIX, SettingsError, get_settings

USER = "prometheus"
WEB_CONFIG = "web.yml"
"""Prometheus' ``--web.config.file``, with the hash of the password."""
PASSWORD = "password"  # noqa: S105 - the name of a file
"""The password itself, with which Prometheus scrapes its own metrics."""
ROUNDS = 10
"""Prometheus computes the hash once per password and remembers it."""


def write_login(folder: Path, password: str) -> None:
    """Write both files, readable only by their owner.

    Parameters
    ----------
    folder : Path
        An existing folder.
    password : str
        At most 72 bytes, as bcrypt allows.
    """
    digest = bcrypt.hashpw(password.encode(), bcrypt.gensalt(ROUNDS)).decode()
    write_whole(folder / WEB_CONFIG, f"basic_auth_users:\n  {USER}: {digest}\n")
    write_whole(folder / PASSWORD, password)


def main() -> None:
    """Write the login with the password in the settings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="folder for the files")
    folder = parser.parse_args().folder
    try:
        password = get_settings().prometheus_password
        if password is None:
            raise SettingsError(f"{PREFIX}PROMETHEUS_PASSWORD is missing")
    except SettingsError as error:
        sys.exit(f"error: {error}")
    write_login(folder, password.get_secret_value())


if __name__ == "__main__":
    main()
