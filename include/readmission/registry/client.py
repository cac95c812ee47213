"""The model registry in MLflow: runs, registered versions, and their aliases and tags."""

import contextlib
import os
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import mlflow
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from readmission.domain.rollback import Rollback
from readmission.errors import BundleRefused, NoModel
from readmission.registry.aliases import PREVIOUS, PRODUCTION
from readmission.registry.candidates import NEWEST_FIRST, CandidateRun, newest_candidates
from readmission.serving.bundle import FOLDER, open_bundle
from readmission.serving.model import RegisteredVersion, ServedModel
from readmission.serving.signature import RETRAIN, TrustedKeys
from readmission.settings import Settings

DRIFT_REFERENCE = "drift_reference.json"
"""Artifact of a run that summarises its training rows; drift is measured against it."""

_STAGES = {PRODUCTION: "Production", PREVIOUS: "Archived"}


def log_in(settings: Settings) -> None:
    """Let MLflow's client send the login of these settings, if they have one, from now on.

    The client reads it from the environment at each request, and knows no other place, so a
    process has one login at a time.
    """
    if settings.mlflow_login is not None:
        user, password = settings.mlflow_login
        os.environ |= {"MLFLOW_TRACKING_USERNAME": user, "MLFLOW_TRACKING_PASSWORD": password}


class Registry:
    """The registered model of this project on one MLflow server."""

    def __init__(self, settings: Settings) -> None:
        mlflow.set_tracking_uri(settings.mlflow_tracking_uri)
        log_in(settings)
        self.client = MlflowClient(settings.mlflow_tracking_uri)
        self.name = settings.model_name
        self.experiment = settings.experiment

    def experiment_id(self) -> str:
        """Return the experiment's id; create the experiment if it does not exist."""
        found = self.client.get_experiment_by_name(self.experiment)
        if found is None:
            with contextlib.suppress(MlflowException):  # Another fit has just created it.
                return str(self.client.create_experiment(self.experiment))
            found = self.client.get_experiment_by_name(self.experiment)
        return str(found.experiment_id)

    def register(self, run_id: str, tags: Mapping[str, str]) -> str:
        """Register a run's model and return its version; calling it again returns the same one."""
        with contextlib.suppress(MlflowException):  # It exists from the second batch on.
            self.client.create_registered_model(
                self.name, description="Readmission of diabetic patients from one raw encounter."
            )
        known = self.client.search_model_versions(f"name='{self.name}' and run_id='{run_id}'")
        if known:
            return str(known[0].version)
        (output,) = self.client.get_run(run_id).outputs.model_outputs
        version = self.client.create_model_version(
            self.name,
            source=f"models:/{output.model_id}",
            run_id=run_id,
            tags=dict(tags),
            model_id=output.model_id,
        )
        return str(version.version)

    def set_alias(self, alias: str, version: str) -> None:
        """Point an alias at a version."""
        self.client.set_registered_model_alias(self.name, alias, version)

    def version_of(self, alias: str) -> str | None:
        """Return the version that has an alias, or None."""
        found = self._behind(alias)
        return str(found.version) if found else None

    def promote(self, version: str) -> None:
        """Move a version to production and keep the current one as ``previous``.

        The current version becomes ``previous`` before the new one becomes ``production``, so
        there is always a version to serve. A promotion that was killed is completed by
        calling it again.
        """
        current = self.version_of(PRODUCTION)
        if current is not None and current != version:
            self.set_alias(PREVIOUS, current)
        self.set_alias(PRODUCTION, version)
        for alias in (PREVIOUS, PRODUCTION):
            self._mark_stage(alias)

    def roll_back(self, by: str) -> tuple[str, str]:
        """Swap ``production`` and ``previous``; return the old and the new production version.

        The rollback is stored as a tag of the old version; later rollbacks add their own tags.

        Parameters
        ----------
        by : str
            Who requested the rollback.

        Raises
        ------
        NoModel
            If there is no version to go back to.
        """
        current, previous = self.version_of(PRODUCTION), self.version_of(PREVIOUS)
        if current is None or previous is None or current == previous:
            raise NoModel(f"{self.name} has no previous version to go back to")
        self.promote(previous)
        self.tag_version(current, Rollback.now(current, previous, by).tag)
        return current, previous

    def rollbacks(self) -> list[Rollback]:
        """Return all rollbacks, oldest first."""
        found = [Rollback.of_tags(one["version"], one["tags"]) for one in self.versions()]
        return sorted(chain.from_iterable(found), key=lambda rollback: rollback.at)

    def tag_version(self, version: str, tags: Mapping[str, Any]) -> None:
        """Set tags of a registered version."""
        for key, value in tags.items():
            self.client.set_model_version_tag(self.name, version, key, str(value))

    def versions(self) -> list[dict[str, Any]]:
        """Return all registered versions, newest first, each with run, aliases and tags."""
        found = self.client.search_model_versions(f"name='{self.name}'")
        aliases = self.client.get_registered_model(self.name).aliases if found else {}
        return [
            {
                "version": str(version.version),
                "run_id": str(version.run_id),
                "tags": dict(version.tags),
                "aliases": [name for name, at in aliases.items() if str(at) == version.version],
            }
            for version in sorted(found, key=lambda version: -int(version.version))
        ]

    def newest_candidates(self) -> list[dict[str, Any]]:
        """Return the finished runs of the newest training, one per family."""
        experiment = self.client.get_experiment_by_name(self.experiment)
        if experiment is None:
            return []

        def search(condition: str, most: int) -> list[CandidateRun]:
            found = self.client.search_runs(
                [experiment.experiment_id], condition, max_results=most, order_by=list(NEWEST_FIRST)
            )
            return [CandidateRun(r.info.run_id, r.data.tags, r.data.metrics) for r in found]

        return [
            {
                "family": family,
                "run_id": run.run_id,
                "batch_id": run.tags["batch_id"],
                "metrics": dict(run.metrics),
            }
            for family, run in newest_candidates(search).items()
        ]

    def drift_reference(self, version: str) -> dict[str, Any]:
        """Return the summary of a version's training rows."""
        run_id = self.client.get_model_version(self.name, version).run_id
        return dict(mlflow.artifacts.load_dict(f"runs:/{run_id}/{DRIFT_REFERENCE}"))

    def behind(self, alias: str) -> RegisteredVersion:
        """Return the version that has an alias, without loading its artifacts.

        Raises
        ------
        NoModel
            If the alias is not set.
        """
        return _registered(self._require(alias))

    def download_bundle(self, version: str, folder: Path) -> Path:
        """Download the serving bundle of a version into a folder and return its path.

        Raises
        ------
        BundleRefused
            If the version has no serving bundle.
        """
        place = f"models:/{self.name}/{version}/artifacts/{FOLDER}"
        # Checked first: downloading a missing folder fails like an unavailable server does.
        if not mlflow.artifacts.list_artifacts(artifact_uri=place):
            raise BundleRefused(
                f"version {version} of {self.name} has no serving bundle; {RETRAIN}"
            )
        return Path(mlflow.artifacts.download_artifacts(place, dst_path=str(folder)))

    def open(self, version: str, trusted: TrustedKeys) -> ServedModel:
        """Download the bundle of a version and open it.

        Raises
        ------
        BundleRefused
            If the version has no bundle, or `readmission.serving.bundle.open_bundle` refuses it.
        """
        found = self.client.get_model_version(self.name, version)
        with TemporaryDirectory() as folder:
            bundle = open_bundle(self.download_bundle(version, Path(folder)), trusted)
        return ServedModel(_registered(found), bundle)

    def _require(self, alias: str) -> ModelVersion:
        found = self._behind(alias)
        if found is None:
            raise NoModel(
                f"{self.name} has no {alias!r} version yet;"
                " ingest a batch and wait for its promotion"
            )
        return found

    def _behind(self, alias: str) -> ModelVersion | None:
        try:
            return self.client.get_model_version_by_alias(self.name, alias)
        except MlflowException as error:
            if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                return None
            # To everybody but its admin, MLflow calls a missing model forbidden.
            if error.error_code == "PERMISSION_DENIED" and not self._exists():
                return None
            raise

    def _exists(self) -> bool:
        return bool(self.client.search_registered_models(f"name='{self.name}'"))

    def _mark_stage(self, alias: str) -> None:
        """Set the stage that matches an alias, for users who look for stages in MLflow."""
        version, move = self.version_of(alias), _stage_mover(self.client)
        if version is not None and move is not None:
            move(self.name, version, _STAGES[alias])


def _registered(found: ModelVersion) -> RegisteredVersion:
    return RegisteredVersion(
        name=str(found.name),
        version=str(found.version),
        run_id=str(found.run_id),
        data_source=_data_source(found),
        tags={str(key): str(value) for key, value in found.tags.items()},
    )


def _data_source(found: ModelVersion) -> str:
    return str(found.tags.get("data_source", "unknown"))


def _stage_mover(client: MlflowClient) -> Any:
    return getattr(client, "transition_model_version_stage", None)
