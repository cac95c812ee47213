"""Queries the registry; MLflow is imported on first use."""

import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from api.errors import RegistryRefused, RegistryUnavailable
from api.model.moves import AliasMove, VersionToServe
from readmission.domain.production import Pin, Production, PromotionByHand, Rollback
from readmission.errors import NoModel
from readmission.registry import CHALLENGER, PRODUCTION
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
        self._moving = threading.Lock()

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

    def production(self) -> VersionToServe:
        """Return the version to serve, without loading it, and whether the alias was moved.

        Raises
        ------
        NoModel, RegistryUnavailable
            If no version is in production, or the registry does not respond.
        """
        wanted: VersionToServe = self.query(_wanted)
        return wanted

    def challenger(self) -> RegisteredVersion | None:
        """Return the version with the alias ``challenger``; None if no version has it.

        Raises
        ------
        RegistryUnavailable
            If the registry does not respond.
        """
        found: RegisteredVersion | None = self.query(_challenger)
        return found

    def state(self) -> Production:
        """Return which version the alias names, which was promoted, and the pin of a rollback.

        Raises
        ------
        RegistryUnavailable
            If the registry does not respond.
        """
        found: Production = self.query(lambda registry: registry.production())
        return found

    def earlier(self, to: str | None) -> RegisteredVersion:
        """Return the version that a rollback goes back to, without loading it.

        Parameters
        ----------
        to : str, optional
            The requested version; by default the previous one.

        Raises
        ------
        NoModel, RegistryUnavailable
            If there is no such version, or the registry does not respond.
        """
        from readmission.registry.rollbacks import rollback_versions

        found: RegisteredVersion = self.query(
            lambda registry: registry.registered(rollback_versions(registry, to)[1])
        )
        return found

    def version(self, version: str) -> RegisteredVersion:
        """Return a registered version, without loading it.

        Raises
        ------
        NoModel, RegistryUnavailable
            If there is no such version, or the registry does not respond.
        """
        found: RegisteredVersion = self.query(lambda registry: registry.registered(version))
        return found

    def roll_back(self, pin: Pin) -> Rollback:
        """Go back to the version of a pin; see `readmission.registry.rollbacks.roll_back`.

        Raises
        ------
        NoModel, RegistryUnavailable
            If the version is in production already, or the registry does not respond.
        """
        from readmission.registry.rollbacks import roll_back

        done: Rollback = self._as_promotion(lambda registry: roll_back(registry, pin))
        return done

    def unpin(self) -> None:
        """Remove the pin of a rollback.

        Raises
        ------
        RegistryUnavailable
            If the registry does not respond.
        """
        self._as_promotion(lambda registry: registry.write_pin(None))

    def promote(self, version: str, by: str, reason: str) -> None:
        """Put a version into production, and record who requested it and why.

        Raises
        ------
        RegistryUnavailable
            If the registry does not respond.
        """

        def promote(registry: "Registry") -> None:
            registry.promote(version)
            registry.tag_version(version, PromotionByHand.now(version, by, reason).tags)

        self._as_promotion(promote)

    def _as_promotion(self, run: Callable[["Registry"], Any]) -> Any:
        """Run a change of the aliases, with the login that may move them.

        Only here does the service log in to MLflow as ``promotion``. Polls that run meanwhile do
        too, because a process has one login.
        """
        from readmission.registry.login import log_in

        with self._moving:
            log_in(self._settings.as_mlflow("promotion"))
            try:
                return self.query(run)
            finally:
                log_in(self._settings)

    def _connected(self) -> "Registry":
        if self._registry is None:
            for name, value in MLFLOW_DEFAULTS.items():
                os.environ.setdefault(name, value)
            # Imported here because it loads MLflow, which takes seconds.
            from readmission.registry import Registry

            self._registry = Registry(self._settings)
        return self._registry


def _challenger(registry: "Registry") -> RegisteredVersion | None:
    version = registry.version_of(CHALLENGER)
    return None if version is None else registry.registered(version)


def _wanted(registry: "Registry") -> VersionToServe:
    production = registry.production()
    version = production.served(registry.follow)
    if version is None:
        return VersionToServe(registry.behind(PRODUCTION))  # The message says what to do.
    move = AliasMove.of(production, registry.follow)
    try:
        return VersionToServe(registry.registered(version), move, production.pin)
    except NoModel as error:
        raise NoModel(f"{move.describe(None)}: {error}" if move else str(error)) from error
