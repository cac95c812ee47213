"""Where models come from: the registry, and the local copy of the last good one."""

import json
import os
import re
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from tempfile import mkdtemp
from time import time
from typing import TYPE_CHECKING, Any, Protocol

from api.errors import RegistryAway, log
from readmission.errors import BundleRefused
from readmission.files import READABLE, write_whole
from readmission.serving.bundle import open_bundle
from readmission.serving.model import RegisteredVersion, ServedModel
from readmission.serving.scorers import Pipeline
from readmission.settings import Settings

if TYPE_CHECKING:
    from readmission.registry import Registry

ALIAS, BEFORE = "production", "previous"
MLFLOW_DEFAULTS = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}
"""MLflow's own let a reload hang for minutes when its server is away, and draw in the log."""

REGISTERED = "registered.json"
LAST_GOOD = "last-good"
"""File with the name of the folder to start from."""
_FOLDER_NAME = re.compile(r"\d+-[\w-]+", re.ASCII)
KEPT_SECONDS = 3_600
"""Other processes that share the folder may load other versions meanwhile."""
ROOM = 64 << 20
"""Bytes that are free where a model is put; a bundle takes a few MiB."""


class Store(Protocol):
    """Hands out models; slow, and may fail in any way."""

    def current(self) -> RegisteredVersion:
        """Return what is in production, without loading it."""

    def open(self, version: RegisteredVersion) -> ServedModel:
        """Load and verify a version."""

    def keep(self, model: ServedModel) -> None:
        """Remember that a model serves well."""

    def last_good(self) -> ServedModel | None:
        """Return the model that was kept last, if it can still be opened."""


class RegistryStore:
    """The registry, with a folder on this machine for what was fetched from it.

    Several processes may share the folder: a version is written beside it and moved into
    place whole, and what lies there is verified at every load.

    Parameters
    ----------
    settings : Settings
        Address of MLflow, name of the model, the folder.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = settings.model_cache_dir / settings.model_name
        self._registry: Registry | None = None

    @property
    def registry(self) -> "Registry":
        """The registry; importing MLflow takes seconds, so not before it is needed."""
        if self._registry is None:
            for name, value in MLFLOW_DEFAULTS.items():
                os.environ.setdefault(name, value)
            from readmission.registry import Registry

            self._registry = Registry(self._settings)
        return self._registry

    def ask(self, question: Callable[["Registry"], Any]) -> Any:
        """Ask the registry something.

        Raises
        ------
        RegistryAway
            If MLflow does not answer.
        """
        from mlflow.exceptions import MlflowException

        try:
            return question(self.registry)
        except MlflowException as error:
            raise RegistryAway from error

    def current(self) -> RegisteredVersion:
        """Return what is in production, without loading it.

        Raises
        ------
        NoModel, RegistryAway
            If nothing is in production, or nobody can say what is.
        """
        found: RegisteredVersion = self.ask(lambda registry: registry.behind(ALIAS))
        return found

    def before(self) -> RegisteredVersion:
        """Return what was in production before, without loading it.

        Raises
        ------
        NoModel, RegistryAway
            As `current`.
        """
        found: RegisteredVersion = self.ask(lambda registry: registry.behind(BEFORE))
        return found

    def open(self, version: RegisteredVersion) -> ServedModel:
        """Return a version, verified, from the folder or else from the registry.

        Raises
        ------
        BundleRefused, RegistryAway
            If it is damaged or answers otherwise than at training, or cannot be fetched.
        """
        folder = self._place(version)
        with suppress(BundleRefused, OSError):
            if folder.exists():
                return self._opened(version, folder)
        return self._fetched(version, folder)

    def keep(self, model: ServedModel) -> None:
        """Remember a model as the one to start from, and forget those of long ago."""
        folder = self._place(model.registered)
        registered = json.dumps(asdict(model.registered))
        write_whole(folder / REGISTERED, registered, mode=READABLE)
        before = self._pointed_at()
        write_whole(self._folder / LAST_GOOD, folder.name, mode=READABLE)
        os.utime(folder)
        for other in self._folder.iterdir():
            if other.name not in (LAST_GOOD, folder.name, before) and _is_old(other):
                shutil.rmtree(other, ignore_errors=True)

    def last_good(self) -> ServedModel | None:
        """Return the model that was kept last, if it can still be opened."""
        name = self._pointed_at()
        if name is None:
            log.info("there is no local copy to start from")
            return None
        try:
            folder = self._folder / name
            version = RegisteredVersion(**json.loads((folder / REGISTERED).read_text()))
            return self._opened(version, folder)
        except Exception as error:  # noqa: BLE001 - whatever lies there, the registry has a model
            log.info("there is no local copy to start from (%s)", type(error).__name__)
            return None

    def _pointed_at(self) -> str | None:
        """Return the name of the folder that was kept last; litter in its place is none."""
        try:
            name = (self._folder / LAST_GOOD).read_text(encoding="utf-8")
        except (OSError, ValueError):
            return None
        return name if _FOLDER_NAME.fullmatch(name) else None

    def _place(self, version: RegisteredVersion) -> Path:
        # A registry that was set up anew counts from 1 again; run ids do not repeat.
        return self._folder / f"{version.version}-{version.run_id}"

    def _opened(self, version: RegisteredVersion, folder: Path) -> ServedModel:
        def pipeline() -> Pipeline:
            loaded: Pipeline = self.ask(lambda r: r.load_version(version.version).model)
            return loaded

        return ServedModel(version, open_bundle(folder, pipeline))

    def _fetched(self, version: RegisteredVersion, folder: Path) -> ServedModel:
        """Open what the registry has, and leave it in the folder for the next start."""
        draft = self._draft()
        try:
            bundle: Path = self.ask(lambda r: r.download_bundle(version.version, draft))
            model = self._opened(version, bundle)
            # What lies there, if anything does, is damaged. Where nothing can be put, or
            # another process was faster with the same version, the model serves all the same.
            with suppress(OSError):
                if folder.exists():
                    folder.rename(draft / "damaged")
                bundle.rename(folder)
            return model
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def _draft(self) -> Path:
        """Return a new folder among the others, or where there is room if there is none."""
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            if shutil.disk_usage(self._folder).free > ROOM:
                return Path(mkdtemp(dir=self._folder, prefix=".fetching-"))
        return Path(mkdtemp(prefix="readmission-model-"))


def _is_old(path: Path) -> bool:
    """Whether no process can be about to read or move a folder any more."""
    try:
        return time() - path.stat().st_mtime > KEPT_SECONDS
    except OSError:
        return False
