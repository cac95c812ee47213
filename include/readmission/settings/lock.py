"""The lock of the packages and the commit of the code, to which a figure can be traced."""

import hashlib
from functools import cache
from pathlib import Path

LOCK = Path(__file__).resolve().parents[3] / "requirements" / "constraints.txt"
"""The one set of versions from which the lock of every image and of one machine is compiled."""
UNKNOWN = "unknown"
_GIT = LOCK.parents[1] / ".git"


@cache
def lock_sha256(lock: Path = LOCK) -> str:
    """Return the SHA-256 of the lock, or `UNKNOWN` if this installation does not have the file."""
    try:
        return hashlib.sha256(lock.read_bytes()).hexdigest()
    except OSError:
        return UNKNOWN


@cache
def commit(git: Path = _GIT) -> str:
    """Return the commit of the checkout, or `UNKNOWN` for an image, which has no repository."""
    try:
        head = (git / "HEAD").read_text().strip()
        name = head.removeprefix("ref: ")
        return head if name == head else (git / name).read_text().strip()
    except OSError:
        return UNKNOWN
