"""Alertmanager's configuration: the routes of the checkout, and receivers from the settings.

``python -m readmission.operations.alertmanager ROUTES FOLDER ALERT_LOG`` writes it for Compose and
Kubernetes, with the login that Prometheus uses.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import yaml

from readmission.files import write_whole
from readmission.operations import prometheus_login
from readmission.settings import CHECKOUT, PREFIX, Settings, SettingsError

SOURCE = CHECKOUT / "grafana" / "alertmanager" / "alertmanager.yml"
RECEIVER = "everybody"
FILE = "alertmanager.yml"


def configuration(settings: Settings, alert_log: str, routes: Path = SOURCE) -> dict[str, Any]:
    """Return the configuration with every receiver that the settings name.

    Parameters
    ----------
    settings : Settings
        They name the receivers.
    alert_log : str
        Address of the program that writes alerts into a file.
    routes : Path
        The configuration without receivers.

    Raises
    ------
    SettingsError
        If alerts are to be sent by e-mail, but no sender or no mail server is set.
    """
    webhooks = [alert_log]
    # Compose sets what nobody configured to an empty text.
    if settings.alert_webhook_url and settings.alert_webhook_url.get_secret_value():
        webhooks.append(settings.alert_webhook_url.get_secret_value())
    receiver = {
        "name": RECEIVER,
        "webhook_configs": [{"url": url, "send_resolved": True} for url in webhooks],
        "email_configs": [_email(settings)] if settings.alert_email_to else [],
    }
    return yaml.safe_load(routes.read_text()) | {"receivers": [receiver]}


def _email(settings: Settings) -> dict[str, Any]:
    """Return the receiver of e-mails."""
    email: dict[str, Any] = {"to": settings.alert_email_to, "send_resolved": True}
    needed = {"from": settings.alert_email_from, "smarthost": settings.alert_smtp_server}
    for name, value in needed.items():
        if not value:
            setting = "ALERT_EMAIL_FROM" if name == "from" else "ALERT_SMTP_SERVER"
            raise SettingsError(f"{PREFIX}{setting} is missing; {PREFIX}ALERT_EMAIL_TO needs it")
        email[name] = value
    if settings.alert_smtp_user and settings.alert_smtp_password is not None:
        email["auth_username"] = settings.alert_smtp_user
        email["auth_password"] = settings.alert_smtp_password.get_secret_value()
    return email


def main() -> None:
    """Write the configuration and the login with the settings of the environment."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("routes", type=Path, help="the configuration without receivers")
    parser.add_argument("folder", type=Path, help="folder for the files")
    parser.add_argument("alert_log", help="address of the program that writes alerts into a file")
    given = parser.parse_args()
    try:
        settings = Settings.from_environment()
        if settings.prometheus_password is None:
            raise SettingsError(f"{PREFIX}PROMETHEUS_PASSWORD is missing")
        configured = configuration(settings, given.alert_log, given.routes)
    except SettingsError as error:
        sys.exit(f"error: {error}")
    prometheus_login.write_login(given.folder, settings.prometheus_password.get_secret_value())
    write_whole(given.folder / FILE, yaml.safe_dump(configured, sort_keys=False))


if __name__ == "__main__":
    main()
