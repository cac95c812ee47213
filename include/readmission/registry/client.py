"""The model registry in MLflow: runs, registered versions, and their aliases and tags."""

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import mlflow
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from readmission.domain.production import NO_PIN, PIN, PROMOTED_VERSION, Pin, Production
from readmission.errors import NoDriftReference, NoModel, NotPromotedYet
from readmission.registry import artifacts
from readmission.registry.aliases import PREVIOUS, PRODUCTION
from readmission.registry.candidates import NEWEST_FIRST, CandidateRun, newest_candidates
from readmission.registry.datasets import description
from readmission.registry.estimator_process import EstimatorProcess
from readmission.registry.login import log_in
from readmission.serving.bundle import open_bundle
from readmission.serving.model import RegisteredVersion, ServedModel
from readmission.serving.signature import TrustedKeys
from readmission.settings import Settings

DRIFT_REFERENCE = "drift_reference.json"
"""Artifact of a run that summarises its training rows; drift is measured against it."""
LARGEST_REFERENCE = 1 << 20
"""Bytes of that artifact, which whoever trains may write; it has a few thousand."""

Found = TypeVar("Found")
_STAGES = {PRODUCTION: "Production", PREVIOUS: "Archived"}


class Registry:
    """The registered model of this project on one MLflow server."""

    def __init__(self, settings: Settings) -> None:
        mlflow.set_tracking_uri(settings.mlflow_tracking_uri)
        log_in(settings)
        self.client = MlflowClient(settings.mlflow_tracking_uri)
        self.name = settings.model_name
        self.experiment = settings.experiment
        self.follow = settings.follow_manual_alias

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
        with contextlib.suppress(MlflowException):  # The model already exists.
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
            description=description(tags),
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

    def production(self) -> Production:
        """Return which version is in production, and which one was promoted."""
        found = self._found(lambda: self.client.get_registered_model(self.name))
        if found is None:
            return Production()
        aliased = found.aliases.get(PRODUCTION)
        return Production.of(str(aliased) if aliased else None, found.tags)

    def served_version(self) -> str | None:
        """Return the version that the API is to serve, or None."""
        return self.production().served(self.follow)

    def promote(self, version: str) -> None:
        """Move a version to production and keep the promoted one as ``previous``.

        ``previous`` is set first, so that there is always a version to serve. While the alias
        moves, the tag `PROMOTED_VERSION` names both versions, so that the API does not mistake
        either for a move by hand. Calling this again completes a promotion that was killed.
        """
        replaced = filter(self.exists_version, self.production().replaced_by(version))
        if (left := next(replaced, None)) is not None:
            self.mark_promoted(f"{left}>{version}")
            self.set_alias(PREVIOUS, left)
        self.set_alias(PRODUCTION, version)
        self.mark_promoted(version)
        for alias in (PREVIOUS, PRODUCTION):
            self._mark_stage(alias)

    def mark_promoted(self, version: str) -> None:
        """Write the tag with the promoted version, without moving an alias."""
        self.client.set_registered_model_tag(self.name, PROMOTED_VERSION, version)

    def write_pin(self, pin: Pin | None) -> None:
        """Pin a version in production, or remove the pin."""
        self.client.set_registered_model_tag(self.name, PIN, pin.tag if pin else NO_PIN)

    def exists_version(self, version: str) -> bool:
        """Return whether the model has a version."""
        return self._found(lambda: self.client.get_model_version(self.name, version)) is not None

    def tag_version(self, version: str, tags: Mapping[str, Any]) -> None:
        """Set tags of a registered version."""
        # The public method reads the registered model before each tag, to refuse prompts of
        # language models, which doubles the time.
        client = self.client._get_registry_client()
        for key, value in tags.items():
            client.set_model_version_tag(self.name, version, key, str(value))

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

    def run_tags(self, run_id: str) -> dict[str, str] | None:
        """Return the tags of a run, or None if it does not exist."""
        found = self._found(lambda: self.client.get_run(run_id))
        return dict(found.data.tags) if found else None

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
        """Return the summary of a version's training rows.

        Raises
        ------
        NoDriftReference
            If the version was deleted, or its run has no such artifact, or too large a one.
        """
        found = self._found(lambda: self.client.get_model_version(self.name, version))
        # Listed first: downloading a missing file fails like an unavailable server does.
        files = self._found(lambda: self.client.list_artifacts(found.run_id)) if found else None
        sizes = {file.path: file.file_size or 0 for file in files or ()}
        size = sizes.get(DRIFT_REFERENCE)
        if found is None or size is None or size > LARGEST_REFERENCE:
            raise NoDriftReference(version)
        address = self.client.get_run(found.run_id).info.artifact_uri
        artifacts.require_own(f"the run of version {version}", address)
        return dict(mlflow.artifacts.load_dict(f"{address}/{DRIFT_REFERENCE}"))

    def registered(self, version: str) -> RegisteredVersion:
        """Return a version without loading its artifacts.

        Raises
        ------
        NoModel
            If it does not exist.
        """
        found = self._found(lambda: self.client.get_model_version(self.name, version))
        if found is None:
            raise NoModel(f"{self.name} has no version {version}")
        return _registered(found)

    def behind(self, alias: str) -> RegisteredVersion:
        """Return the version that has an alias, without loading its artifacts.

        Raises
        ------
        NotPromotedYet
            If the alias is not set.
        """
        found = self._behind(alias)
        if found is None:
            raise NotPromotedYet(
                f"{self.name} has no {alias!r} version yet;"
                " ingest a batch and wait for its promotion"
            )
        return _registered(found)

    def download_bundle(self, version: str, folder: Path) -> Path:
        """Download the serving bundle of a version into a folder and return its path.

        Raises
        ------
        BundleRefused
            If the version has no serving bundle, or one that is not in MLflow's own store.
        """
        what = f"version {version} of {self.name}"
        address = self.client.get_model_version_download_uri(self.name, version)
        return artifacts.download_bundle(what, f"{address}/artifacts", folder)

    def open(self, version: str, trusted: TrustedKeys) -> ServedModel:
        """Download the bundle of a version and open it; its estimator runs in another process.

        Raises
        ------
        NoModel
            If the version does not exist.
        BundleRefused
            If the version has no bundle, or `readmission.serving.bundle.open_bundle` refuses it.
        """
        found = self.registered(version)
        with TemporaryDirectory() as folder:
            bundle = open_bundle(
                self.download_bundle(version, Path(folder)), trusted, EstimatorProcess
            )
        return ServedModel(found, bundle)

    def _behind(self, alias: str) -> ModelVersion | None:
        return self._found(lambda: self.client.get_model_version_by_alias(self.name, alias))

    def _found(self, find: Callable[[], Found]) -> Found | None:
        """Return what a query finds, or None if the model, the version or the alias is missing."""
        try:
            return find()
        except MlflowException as error:
            if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                return None
            # For everyone but its admin, MLflow reports a missing model as forbidden.
            if error.error_code == "PERMISSION_DENIED" and not self._exists():
                return None
            raise

    def _exists(self) -> bool:
        return bool(self.client.search_registered_models(f"name='{self.name}'"))

    def _mark_stage(self, alias: str) -> None:
        """Set the stage that matches an alias, for users who look for stages in MLflow."""
        move = getattr(self.client, "transition_model_version_stage", None)
        version = self.version_of(alias)
        if version is not None and move is not None:
            move(self.name, version, _STAGES[alias])


def _registered(found: ModelVersion) -> RegisteredVersion:
    return RegisteredVersion(
        name=str(found.name),
        version=str(found.version),
        run_id=str(found.run_id),
        data_source=str(found.tags.get("data_source", "unknown")),
        tags={str(key): str(value) for key, value in found.tags.items()},
    )
