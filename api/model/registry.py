"""Queries the registry; MLflow is imported on first use."""

import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from api.errors import RegistryRefused, RegistryUnavailable
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
        self._rolling_back = threading.Lock()

    def query(self, run: Callable[["Registry"], Any]) -> Any:
        """Return what `run` returns for the registry.

        Raises
        ------
        RegistryUnavailable
            If MLflow does not respond.
        RegistryRefused
            If it refuses the login.
        """
        from mlflow.exceptions import MlflowException

        try:
            return run(self._connected())
        except MlflowException as error:
            refused = error.error_code in ("UNAUTHENTICATED", "PERMISSION_DENIED")
            raise (RegistryRefused if refused else RegistryUnavailable) from error

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

    def roll_back(self, by: str) -> tuple[str, str]:
        """Swap the versions; return the one that was in production and the one that now is.

        Only for this the service logs in to MLflow as ``promotion``. Polls that run meanwhile do
        too, because the login is the whole process's.

        Parameters
        ----------
        by : str
            Who requested the rollback.

        Raises
        ------
        NoModel, RegistryUnavailable
            If there is no version to go back to, or the registry does not respond.
        """
        from readmission.registry.login import log_in

        with self._rolling_back:
            log_in(self._settings.as_mlflow("promotion"))
            try:
                swapped: tuple[str, str] = self.query(lambda registry: registry.roll_back(by))
            finally:
                log_in(self._settings)
        return swapped

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
