"""Environments with the packages of a single lock, linked from this environment."""

import re
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement

from readmission.settings import CHECKOUT

PINNED = re.compile(r"^([a-z0-9._-]+==[^ \\]+(?: ; [^\\]+)?)", re.MULTILINE)


def locked(group: str) -> Iterator[Distribution]:
    """Yield every distribution that a lock installs on this machine."""
    for pinned in PINNED.findall((CHECKOUT / "requirements" / f"{group}.txt").read_text()):
        requirement = Requirement(pinned)
        if not requirement.marker or requirement.marker.evaluate():
            yield distribution(requirement.name)


def link_packages(group: str, folder: Path) -> None:
    """Link every top-level package of a lock into a folder that `sys.path` can name."""
    for installed in locked(group):
        site = Path(str(installed.locate_file("")))
        for top in {file.parts[0] for file in installed.files or ()} - {"..", "__pycache__"}:
            link = folder / top
            if not link.exists():
                link.symlink_to(site / top)
