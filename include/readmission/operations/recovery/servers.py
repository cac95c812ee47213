"""Fetches what brings a database server back to a time: a copy of it, and the changes after it."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from readmission.operations.backups import Backups
from readmission.operations.recovery.archiver import SEALED, prefix
from readmission.operations.sealing import SUFFIX, BackupError, BackupKey

COPY, CHANGES = "copy.tar.gz", "changes"
TIME = "%Y%m%dT%H%M%SZ"
HISTORY = ".history"
LONGEST_COPY = timedelta(hours=2)
"""`activeDeadlineSeconds` of the backup job."""


class Copy(NamedTuple):
    """A copy of a server: its key, the time when it was finished, the server's identifier."""

    key: str
    finished: datetime
    identifier: str


def copies(backups: Backups, server: str) -> list[Copy]:
    """Return the copies of a server, oldest first."""
    found = []
    for key, _ in _objects(backups, f"server-{server}/"):
        time, identifier, *_ = Path(key).name.split(".")
        found.append(Copy(key, datetime.strptime(time, TIME).replace(tzinfo=UTC), identifier))
    return sorted(found)


def fetch(
    backups: Backups, server: str, until: datetime, folder: Path, backup_key: BackupKey
) -> Copy:
    """Download the newest copy of a server before a time, and the changes archived since then.

    Parameters
    ----------
    backups : Backups
        Where they are stored.
    server : str
        Name of the server: that of its first database.
    until : datetime
        The time that the server is to be recovered to; with a time zone.
    folder : Path
        Gets the file `COPY` and the folder `CHANGES`, which ``recover.sh`` reads. The changes stay
        compressed: a server fills few of the 16 MiB of a file, but finishes one every five minutes.
    backup_key : BackupKey
        Opens them.

    Raises
    ------
    BackupError
        If there is no copy before that time, or a file is damaged, forged or of another key.
    """
    made = copies(backups, server)
    before = [copy for copy in made if copy.finished < until]
    if not before:
        known = ", ".join(f"{copy.finished:%Y-%m-%d %H:%M:%S} UTC" for copy in made) or "none"
        raise BackupError(f"no copy of the server {server} before {until}; copies: {known}")
    chosen = before[-1]
    backups.fetch(chosen.key, folder / COPY, backup_key)
    changes = folder / CHANGES
    shutil.rmtree(changes, ignore_errors=True)  # Of an earlier recovery.
    changes.mkdir()
    start = prefix(server, chosen.identifier)
    # A copy holds the changes made while it was taken; later ones are archived after that.
    since = chosen.finished - LONGEST_COPY
    for key, stored in _objects(backups, start):
        name = key.removeprefix(start).removesuffix(SEALED)
        if stored >= since or name.endswith(HISTORY):
            backups.fetch(key, changes / f"{name}.gz", backup_key)
    return chosen


def _objects(backups: Backups, start: str) -> Iterator[tuple[str, datetime]]:
    """Yield the keys that begin in a certain way, and when each was stored."""
    pages = backups.s3.get_paginator("list_objects_v2").paginate(
        Bucket=backups.bucket, Prefix=start
    )
    for page in pages:
        for entry in page.get("Contents", []):
            if entry["Key"].endswith(SUFFIX):
                yield entry["Key"], entry["LastModified"]
