"""The lock of the installed packages, by which a figure can be traced to their versions."""

import hashlib
from functools import cache
from pathlib import Path

LOCK = Path(__file__).resolve().parents[3] / "requirements" / "constraints.txt"
"""The one set of versions from which the lock of every image and of one machine is compiled."""
UNKNOWN = "unknown"


@cache
def lock_sha256(lock: Path = LOCK) -> str:
    """Return the SHA-256 of the lock, or `UNKNOWN` if this installation does not have the file."""
    try:
        return hashlib.sha256(lock.read_bytes()).hexdigest()
    except OSError:
        return UNKNOWN
