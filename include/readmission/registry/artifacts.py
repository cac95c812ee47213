"""Where the registry's artifacts may come from, and how much of them is downloaded.

Whoever may register a version names the place of its artifacts, and MLflow's client sends its
password to whatever host that is. So only the tracking server's own store is read.
"""

from pathlib import Path
from urllib.parse import urlsplit

import mlflow

from readmission.errors import BundleRefused
from readmission.serving.bundle import FOLDER
from readmission.serving.signature import RETRAIN

OWN = "mlflow-artifacts"
"""Scheme of addresses in the store of the tracking server, which have no host."""
MOST_FILES, MOST_BYTES = 50, 512 << 20
"""A bundle has some ten files and a few MiB."""


class ForeignArtifacts(BundleRefused):
    """Artifacts are not in the tracking server's own store, so nothing is read there."""

    def __init__(self, what: str, address: str) -> None:
        parts = urlsplit(address)
        super().__init__(
            f"{what} has its artifacts at {parts.scheme}://{parts.hostname or ''}, and not in"
            f" MLflow's own store ({OWN}:/); {RETRAIN}"
        )


def require_own(what: str, address: str) -> None:
    """Check that an address is in the tracking server's own store.

    Raises
    ------
    ForeignArtifacts
        If it names another scheme or any host.
    """
    try:
        parts = urlsplit(address)
        own = parts.scheme == OWN and not parts.netloc
    except ValueError:  # for example a broken IPv6 address
        raise ForeignArtifacts(what, "") from None
    if not own or ".." in Path(parts.path).parts:
        raise ForeignArtifacts(what, address)


def download_bundle(what: str, address: str, folder: Path) -> Path:
    """Download the serving bundle below an address into a folder and return its path.

    Parameters
    ----------
    what : str
        The version, for errors.
    address : str
        Where the artifacts of its model are.
    folder : Path
        Gets a subfolder with the bundle.

    Raises
    ------
    BundleRefused
        If there is no bundle, it is elsewhere, or too large to be one.
    """
    require_own(what, address)
    place = f"{address.rstrip('/')}/{FOLDER}"
    # Checked first: downloading a missing folder fails like an unavailable server does.
    files = mlflow.artifacts.list_artifacts(artifact_uri=place)
    if not files:
        raise BundleRefused(f"{what} has no serving bundle; {RETRAIN}")
    total = sum(file.file_size or 0 for file in files)
    if len(files) > MOST_FILES or total > MOST_BYTES or any(file.is_dir for file in files):
        raise BundleRefused(
            f"the bundle of {what} has {len(files)} entries and {total:,} bytes; training writes"
            f" files only, at most {MOST_FILES} with {MOST_BYTES:,} bytes; {RETRAIN}"
        )
    return Path(mlflow.artifacts.download_artifacts(place, dst_path=str(folder)))
