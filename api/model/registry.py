"""Queries the registry; MLflow is imported on first use."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from api.errors import RegistryUnavailable
from readmission.registry import PREVIOUS, PRODUCTION
from readmission.serving.model import RegisteredVersion
from readmission.settings import Settings

if TYPE_CHECKING:
    from readmission.registry import Registry

MLFLOW_DEFAULTS = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}
"""With MLflow's own defaults a reload hangs for minutes while its server is down, and progress bars
appear in the log."""


class RegistryClient:
    """Runs queries on the registry; each may take seconds.

    Parameters
    ----------
    settings : Settings
        Address of MLflow and name of the model.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._registry: Registry | None = None

    def query(self, run: Callable[["Registry"], Any]) -> Any:
        """Return what `run` returns for the registry.

        Raises
        ------
        RegistryUnavailable
            If MLflow does not respond.
        """
        from mlflow.exceptions import MlflowException

        try:
            return run(self._connected())
        except MlflowException as error:
            raise RegistryUnavailable from error

    def production(self) -> RegisteredVersion:
        """Return the version in production, without loading it.

        Raises
        ------
        NoModel, RegistryUnavailable
            If no version is in production, or the registry does not respond.
        """
        return self._behind(PRODUCTION)

    def previous(self) -> RegisteredVersion:
        """Return the version that was in production before, without loading it.

        Raises
        ------
        NoModel, RegistryUnavailable
            If there is no such version, or the registry does not respond.
        """
        return self._behind(PREVIOUS)

    def _behind(self, alias: str) -> RegisteredVersion:
        found: RegisteredVersion = self.query(lambda registry: registry.behind(alias))
        return found

    def _connected(self) -> "Registry":
        if self._registry is None:
            for name, value in MLFLOW_DEFAULTS.items():
                os.environ.setdefault(name, value)
            # Imported here because it loads MLflow, which takes seconds.
            from readmission.registry import Registry

            self._registry = Registry(self._settings)
        return self._registry
