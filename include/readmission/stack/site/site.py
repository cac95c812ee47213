"""What the services of one stack share: settings, folders, secrets and addresses."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import SecretStr

from readmission.serving.signature import Signer
from readmission.settings import CHECKOUT, PREFIX, Settings
from readmission.stack.site.credentials import Credentials
from readmission.stack.site.paths import StatePaths
from readmission.stack.site.ports import HOST, choose_ports, load_ports

INTERNAL_PORTS = (
    "master", "master_grpc", "volume", "volume_grpc", "filer", "filer_grpc", "s3_grpc",
)  # fmt: skip
"""Internal ports of the object store."""
STATE_FOLDERS = {
    "docs_dir": "data-docs",
    "model_cache_dir": "model-cache",
    "prediction_spool_dir": "prediction-spool",
}
"""Settings that default to a folder in the state folder."""
PORT_SETTINGS = (
    "airflow_port", "mlflow_port", "api_port", "ui_port", "s3_port", "postgres_port",
    "exporter_port", "airflow_metrics_port", "prometheus_port", "alertmanager_port",
    "alert_log_port", "grafana_port",
)  # fmt: skip


@dataclass(frozen=True)
class Site:
    """One stack's settings, folders, secrets and addresses.

    Parameters
    ----------
    settings : Settings
        As the services receive them: local addresses, absolute paths.
    paths : StatePaths
        The state folder.
    credentials : Credentials
        The secrets.
    internal_ports : mapping of str to int
        Internal ports of the object store by name.
    """

    settings: Settings
    paths: StatePaths
    credentials: Credentials
    internal_ports: Mapping[str, int]

    @classmethod
    def open(cls, settings: Settings, paths: StatePaths) -> Self:
        """Load the site from a state folder that `prepare` has set up.

        Parameters
        ----------
        settings : Settings
            The settings from the environment.
        paths : StatePaths
            The state folder.
        """
        credentials, ports = Credentials.load(paths.credentials), load_ports(paths.internal_ports)
        trusted = (Signer(credentials.signing_key).public_key, *settings.trusted_signing_keys)
        settings = with_local_addresses(settings).model_copy(
            update={
                "trusted_signing_keys": tuple(dict.fromkeys(trusted)),
                "mlflow_viewer_password": SecretStr(credentials.mlflow_viewer),
            }
        )
        return cls(settings, paths, credentials, ports)

    @staticmethod
    def prepare(settings: Settings, paths: StatePaths) -> None:
        """Generate missing secrets, and choose internal ports if they are missing or in use."""
        Credentials.ensure(paths.credentials)
        public = {getattr(settings, name) for name in PORT_SETTINGS}
        choose_ports(paths.internal_ports, INTERNAL_PORTS, public)

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables for every process that runs the project's code.

        Secret settings are left out; each service receives only the secrets it needs.
        """
        secret = {name for name, value in self.settings if isinstance(value, SecretStr)}
        values = self.settings.model_dump(mode="json", exclude_none=True, exclude=secret)
        return {PREFIX + name.upper(): _as_text(value) for name, value in values.items()} | {
            "PYTHONPATH": f"{CHECKOUT / 'include'}:{CHECKOUT}",
            "MLFLOW_TRACKING_URI": self.settings.mlflow_tracking_uri,
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
            "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
            "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
            "OMP_WAIT_POLICY": "PASSIVE",
            "GX_ANALYTICS_ENABLED": "false",
        }

    @property
    def training_settings(self) -> Settings:
        """The settings with the key that signs models and MLflow's admin, to train and promote."""
        secrets = {
            "signing_key": SecretStr(self.credentials.signing_key),
            "mlflow_admin_password": SecretStr(self.credentials.mlflow_admin),
        }
        return self.settings.model_copy(update=secrets).as_mlflow("admin")

    @property
    def s3_endpoint(self) -> str:
        """Address of the object store."""
        return f"http://{HOST}:{self.settings.s3_port}"

    @property
    def airflow_url(self) -> str:
        """Address of Airflow's pages and API."""
        return f"http://{HOST}:{self.settings.airflow_port}"


def restart_environment(settings: Settings, paths: StatePaths) -> dict[str, str]:
    """Return the environment in which `readmission` starts the same stack again.

    Parameters
    ----------
    settings : Settings
        The settings from the environment. A secret among them is in this process's environment.
    paths : StatePaths
        The state folder.
    """
    secret = {name for name, value in settings if isinstance(value, SecretStr)}
    values = settings.model_dump(
        mode="json", include=settings.model_fields_set - secret, exclude_none=True
    )
    given = {PREFIX + name.upper(): _as_text(value) for name, value in values.items()}
    local = {
        f"{PREFIX}STATE_DIR": str(paths.home),
        "PYTHONPATH": str(CHECKOUT / "include"),
    }
    return dict(os.environ) | given | local


def with_local_addresses(settings: Settings) -> Settings:
    """Return settings with this stack's local addresses and with absolute paths."""
    home = settings.state_dir.expanduser().resolve()
    given = settings.model_fields_set
    folders = {
        name: _absolute(getattr(settings, name)) if name in given else home / folder
        for name, folder in STATE_FOLDERS.items()
    }
    return settings.model_copy(
        update=folders
        | {
            "state_dir": home,
            "cache_dir": _absolute(settings.cache_dir),
            "dataset": _placed(settings.dataset),
            "mlflow_tracking_uri": f"http://{HOST}:{settings.mlflow_port}",
            "api_url": f"http://{HOST}:{settings.api_port}",
        }
    )


def _as_text(value: object) -> str:
    return ",".join(value) if isinstance(value, list) else str(value)


def _placed(dataset: str | Path | None) -> str | Path | None:
    """Return an absolute path; an address in an object store stays as it is."""
    return _absolute(dataset) if isinstance(dataset, Path) else dataset


def _absolute(path: Path) -> Path:
    return path.expanduser().resolve()
