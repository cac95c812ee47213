"""What the components of one stack share: settings, folders, secrets, addresses."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import SecretStr

from readmission.settings import CHECKOUT, PREFIX, Settings
from readmission.stack.site.credentials import Credentials
from readmission.stack.site.paths import Paths
from readmission.stack.site.ports import HOST, choose_ports, kept_ports

INTERNAL = ("master", "master_grpc", "volume", "volume_grpc", "filer", "filer_grpc", "s3_grpc")
"""Ports between the parts of the object store."""
STATE_FOLDERS = {
    "docs_dir": "data-docs",
    "model_cache_dir": "model-cache",
    "prediction_spool_dir": "prediction-spool",
}
"""Settings that are folders below the state folder, unless they are given."""
PORTS = (
    "airflow_port", "mlflow_port", "api_port", "ui_port", "s3_port", "postgres_port",
    "exporter_port", "airflow_metrics_port", "prometheus_port",
)  # fmt: skip


@dataclass(frozen=True)
class Site:
    """One stack's settings, folders, secrets and addresses.

    Parameters
    ----------
    settings : Settings
        As the services see them: addresses follow the ports, paths are absolute.
    paths : Paths
        The state folder.
    credentials : Credentials
        The secrets.
    internal : mapping of str to int
        Ports nobody but the object store itself uses.
    """

    settings: Settings
    paths: Paths
    credentials: Credentials
    internal: Mapping[str, int]

    @classmethod
    def open(cls, settings: Settings, paths: Paths) -> Self:
        """Read what the state folder keeps.

        Parameters
        ----------
        settings : Settings
            As the caller gave them.
        paths : Paths
            The state folder, prepared before.
        """
        internal = kept_ports(paths.internal_ports)
        return cls(localised(settings), paths, Credentials.load(paths.credentials), internal)

    @staticmethod
    def prepare(settings: Settings, paths: Paths) -> None:
        """Make secrets and choose ports, where there are none or they are taken."""
        Credentials.make(paths.credentials)
        public = {getattr(settings, name) for name in PORTS}
        choose_ports(paths.internal_ports, INTERNAL, public)

    @property
    def environment(self) -> dict[str, str]:
        """Settings and import path of every process that runs the project's code.

        Settings that are secrets are left out: each service is given its own.
        """
        secret = {name for name, value in self.settings if isinstance(value, SecretStr)}
        values = self.settings.model_dump(mode="json", exclude_none=True, exclude=secret)
        return {PREFIX + name.upper(): _spelt(value) for name, value in values.items()} | {
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
    def s3_endpoint(self) -> str:
        """Address of the object store."""
        return f"http://{HOST}:{self.settings.s3_port}"

    @property
    def airflow_url(self) -> str:
        """Address of Airflow's pages and API."""
        return f"http://{HOST}:{self.settings.airflow_port}"


def localised(settings: Settings) -> Settings:
    """Return settings whose addresses follow the ports and whose paths are absolute."""
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
            "dataset": _absolute(settings.dataset) if settings.dataset else None,
            "mlflow_tracking_uri": f"http://{HOST}:{settings.mlflow_port}",
            "api_url": f"http://{HOST}:{settings.api_port}",
        }
    )


def _spelt(value: object) -> str:
    return ",".join(value) if isinstance(value, list) else str(value)


def _absolute(path: Path) -> Path:
    return path.expanduser().resolve()
