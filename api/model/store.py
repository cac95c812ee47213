"""The model store: local copies of models, downloaded from the registry and verified."""

import json
import os
import re
import shutil
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from tempfile import mkdtemp
from time import time
from typing import Protocol

from api.errors import log
from api.model.moves import VersionToServe
from api.model.registry import RegistryClient
from readmission.errors import BundleRefused
from readmission.files import READABLE, write_whole
from readmission.serving.bundle import open_bundle
from readmission.serving.model import RegisteredVersion, ServedModel
from readmission.serving.signature import RETRAIN, TrustedKeys
from readmission.settings import Settings

REGISTERED = "registered.json"
LAST_GOOD = "last-good"
"""File with the name of the folder to start from."""
_FOLDER_NAME = re.compile(r"\d+-[\w-]+", re.ASCII)
KEPT_SECONDS = 3_600
"""Folders younger than this are kept: another process may be loading from them."""
MIN_FREE_BYTES = 64 << 20
"""Free disk space needed to keep a copy; a bundle takes a few MiB."""


class ModelStore(Protocol):
    """Opens models; slow, and may fail in any way."""

    def current(self) -> VersionToServe:
        """Return the version to serve, without loading it."""

    def challenger(self) -> RegisteredVersion | None:
        """Return the version with the alias ``challenger``, without loading it."""

    def open(self, version: RegisteredVersion) -> ServedModel:
        """Load and verify a version."""

    def keep(self, model: ServedModel) -> None:
        """Remember a model as the one to start from."""

    def last_good(self) -> ServedModel | None:
        """Return the model kept last, if it can still be opened."""


class LocalModelStore:
    """A folder on this machine with copies of registered versions.

    Several processes may share the folder: a copy is downloaded to a temporary folder and renamed,
    and every load verifies it.

    Parameters
    ----------
    settings : Settings
        The folder, and the name of the model.
    registry : RegistryClient
        Source of versions that are not in the folder.
    """

    def __init__(self, settings: Settings, registry: RegistryClient) -> None:
        self._folder = settings.model_cache_dir / settings.model_name
        self._registry = registry
        self._trusted = TrustedKeys.parse(settings.trusted_signing_keys)

    def current(self) -> VersionToServe:
        """Return the version to serve, without loading it.

        Raises
        ------
        NoModel, RegistryUnavailable
            If no version is in production, or the registry does not respond.
        """
        return self._registry.production()

    def challenger(self) -> RegisteredVersion | None:
        """Return the version with the alias ``challenger``, without loading it.

        Raises
        ------
        RegistryUnavailable
            If the registry does not respond.
        """
        return self._registry.challenger()

    def open(self, version: RegisteredVersion) -> ServedModel:
        """Return a version, verified, from the folder or else from the registry.

        Raises
        ------
        BundleRefused, RegistryUnavailable
            If the version is not signed with a trusted key, is damaged or does not reproduce its
            golden rows; or if the registry does not respond.
        """
        folder = self._folder_of(version)
        with suppress(BundleRefused, OSError):
            if folder.exists():
                return self._opened(version, folder)
        return self._downloaded(version, folder)

    def keep(self, model: ServedModel) -> None:
        """Remember a model as the one to start from, and delete old copies."""
        folder = self._folder_of(model.registered)
        registered = json.dumps(asdict(model.registered))
        write_whole(folder / REGISTERED, registered, mode=READABLE)
        before = self._last_good_name()
        write_whole(self._folder / LAST_GOOD, folder.name, mode=READABLE)
        os.utime(folder)
        for other in self._folder.iterdir():
            if other.name not in (LAST_GOOD, folder.name, before) and _is_old(other):
                shutil.rmtree(other, ignore_errors=True)

    def last_good(self) -> ServedModel | None:
        """Return the model kept last, if it can still be opened."""
        name = self._last_good_name()
        if name is None:
            log.info("no local copy to start from")
            return None
        try:
            folder = self._folder / name
            version = RegisteredVersion(**json.loads((folder / REGISTERED).read_text()))
            return self._opened(version, folder)
        except Exception as error:  # noqa: BLE001 - a damaged copy must not stop the start
            log.info("no local copy to start from (%s)", type(error).__name__)
            return None

    def _last_good_name(self) -> str | None:
        """Return the folder name in `LAST_GOOD`; None if the file is missing or invalid."""
        try:
            name = (self._folder / LAST_GOOD).read_text(encoding="utf-8")
        except (OSError, ValueError):
            return None
        return name if _FOLDER_NAME.fullmatch(name) else None

    def _folder_of(self, version: RegisteredVersion) -> Path:
        # A reinstalled registry counts versions from 1 again; run ids do not repeat.
        name = f"{version.version}-{version.run_id}"
        # Whoever registers a version chooses its run id: `../..` must not become a path.
        if not _FOLDER_NAME.fullmatch(name):
            raise BundleRefused(f"version {version.version} has no valid run id; {RETRAIN}")
        return self._folder / name

    def _opened(self, version: RegisteredVersion, folder: Path) -> ServedModel:
        return ServedModel(version, open_bundle(folder, self._trusted))

    def _downloaded(self, version: RegisteredVersion, folder: Path) -> ServedModel:
        """Download a version, open it and move it to its folder for the next start."""
        draft = self._draft()
        try:
            bundle: Path = self._registry.query(
                lambda registry: registry.download_bundle(version.version, draft)
            )
            model = self._opened(version, bundle)
            # An existing folder is damaged. The move may fail because the disk is full or
            # another process was faster: the model is served anyway.
            with suppress(OSError):
                if folder.exists():
                    folder.rename(draft / "damaged")
                bundle.rename(folder)
            return model
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def _draft(self) -> Path:
        """Return a new folder inside the store, or in the temporary folder if the disk is full."""
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            if shutil.disk_usage(self._folder).free > MIN_FREE_BYTES:
                return Path(mkdtemp(dir=self._folder, prefix=".fetching-"))
        return Path(mkdtemp(prefix="readmission-model-"))


def _is_old(path: Path) -> bool:
    """Whether a folder is so old that no process can still be reading or moving it."""
    try:
        return time() - path.stat().st_mtime > KEPT_SECONDS
    except OSError:
        return False
