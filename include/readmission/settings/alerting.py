"""Settings of Grafana and of alerting, which `readmission.settings.Settings` inherits."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr

from readmission.settings.renamed import RenamedSettings

Port = Annotated[int, Field(ge=1, le=65535)]


class AlertingSettings(RenamedSettings):
    """Ports and addresses of Grafana and Alertmanager, and the receivers of alerts."""

    grafana_port: Port = Field(3000, description="Port of Grafana.")
    grafana_home: Path | None = Field(
        None,
        description="Folder that Grafana was unpacked into, with `bin` and `conf`; if unset, the"
        " local stack looks for `grafana-server` and `grafana` on PATH.",
    )
    airflow_page_url: str | None = Field(
        None, description="Address at which people open Airflow, for the links of dashboards."
    )
    mlflow_page_url: str | None = Field(
        None, description="Address at which people open MLflow, for the links of dashboards."
    )
    prometheus_page_url: str | None = Field(
        None,
        description="Address at which people open Prometheus, which serves the runbooks; alerts and"
        " dashboards link to them.",
    )
    alertmanager_port: Port = Field(
        9096, description="Port of Alertmanager; the service of Debian's package takes 9093."
    )
    alert_log_port: Port = Field(
        9097, description="Port of the program that writes alerts into a file, for Alertmanager."
    )
    alert_email_to: str | None = Field(
        None, description="Addresses that alerts are sent to, separated by commas; none if unset."
    )
    alert_email_from: str | None = Field(None, description="Sender of the e-mails about alerts.")
    alert_smtp_server: str | None = Field(
        None, description="Mail server for alerts, as host:port; it must offer STARTTLS."
    )
    alert_smtp_user: str | None = Field(None, description="User at the mail server.")
    alert_smtp_password: SecretStr | None = Field(None, description="Password of that user.")
    alert_webhook_url: SecretStr | None = Field(
        None,
        description="Address that Alertmanager posts alerts to, of a chat or pager; such addresses"
        " often contain a secret.",
    )
