"""Alertmanager's configuration: the routes of the checkout, and receivers from the settings."""

from typing import Any

import yaml

from readmission.settings import CHECKOUT, PREFIX, Settings, SettingsError

SOURCE = CHECKOUT / "grafana" / "alertmanager" / "alertmanager.yml"
RECEIVER = "everybody"


def configuration(settings: Settings, alert_log: str) -> dict[str, Any]:
    """Return the configuration with every receiver that the settings name.

    Parameters
    ----------
    settings : Settings
        Whom to tell.
    alert_log : str
        Address of the program that writes alerts into a file.

    Raises
    ------
    SettingsError
        If alerts are to be sent by e-mail, but no sender or no mail server is set.
    """
    webhooks = [alert_log]
    if settings.alert_webhook_url is not None:
        webhooks.append(settings.alert_webhook_url.get_secret_value())
    receiver = {
        "name": RECEIVER,
        "webhook_configs": [{"url": url, "send_resolved": True} for url in webhooks],
        "email_configs": [_email(settings)] if settings.alert_email_to else [],
    }
    return yaml.safe_load(SOURCE.read_text()) | {"receivers": [receiver]}


def _email(settings: Settings) -> dict[str, Any]:
    """Return the receiver of e-mails."""
    email: dict[str, Any] = {"to": settings.alert_email_to, "send_resolved": True}
    needed = {"from": settings.alert_email_from, "smarthost": settings.alert_smtp_server}
    for name, value in needed.items():
        if value is None:
            setting = "ALERT_EMAIL_FROM" if name == "from" else "ALERT_SMTP_SERVER"
            raise SettingsError(f"{PREFIX}{setting} is missing; {PREFIX}ALERT_EMAIL_TO needs it")
        email[name] = value
    if settings.alert_smtp_user and settings.alert_smtp_password is not None:
        email["auth_username"] = settings.alert_smtp_user
        email["auth_password"] = settings.alert_smtp_password.get_secret_value()
    return email
