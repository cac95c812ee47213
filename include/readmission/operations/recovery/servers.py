"""Fetches what brings a database server back to a time: a copy of it, and the changes after it."""

import logging
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from readmission.operations.backups import Backups, ForAnotherKey
from readmission.operations.recovery.archiver import SEALED, prefix
from readmission.operations.sealing import SUFFIX, BackupError, BackupKey

COPY, CHANGES = "copy.tar.gz", "changes"
TIME = "%Y%m%dT%H%M%SZ"
HISTORY = ".history"
_COPY_NAME = re.compile(r"(\d{8}T\d{6}Z)\.(\d{1,20})\.tar\.gz", re.ASCII)
_CHANGE_NAME = re.compile(r"[0-9A-F]{24}(?:\.[0-9A-F]{8}\.backup|\.partial)?|[0-9A-F]{8}\.history")
"""Names of PostgreSQL's files. Whoever may upload chooses the rest of a key, such as ``../..``."""
LONGEST_COPY = timedelta(hours=2)
"""`activeDeadlineSeconds` of the backup job."""


log = logging.getLogger("readmission.operations.recovery")


class ServerCopy(NamedTuple):
    """A copy of a server: its key, the time when it was finished, the server's identifier."""

    key: str
    finished: datetime
    identifier: str


def copies(backups: Backups, server: str) -> list[ServerCopy]:
    """Return the copies of a server, oldest first."""
    found = []
    start = f"server-{server}/"
    for key, _ in _objects(backups, start):
        name = _COPY_NAME.fullmatch(key.removeprefix(start).removesuffix(SUFFIX))
        try:
            time = datetime.strptime(name[1] if name else "", TIME).replace(tzinfo=UTC)
        except ValueError:
            log.warning("%r is not the name of a copy, so it is left out", key)
            continue
        assert name is not None, "an empty text is not a time"  # noqa: S101
        found.append(ServerCopy(key, time, name[2]))
    return sorted(found)


def name_of_change(key: str, start: str) -> str | None:
    """Return the name of the file of changes in a key, or None if it cannot be one."""
    name = key.removeprefix(start).removesuffix(SEALED)
    return name if _CHANGE_NAME.fullmatch(name) else None


def fetch(
    backups: Backups, server: str, until: datetime, folder: Path, backup_key: BackupKey
) -> ServerCopy:
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
        name = name_of_change(key, start)
        if name is None:
            log.warning("%r is not the name of a file of changes, so it is left out", key)
        elif stored >= since or name.endswith(HISTORY):
            try:
                backups.fetch(key, changes / f"{name}.gz", backup_key)
            except ForAnotherKey:
                # A rotation ends with a new copy, which needs no changes from before.
                if stored >= chosen.finished:
                    raise
    return chosen


def _objects(backups: Backups, start: str) -> Iterator[tuple[str, datetime]]:
    """Yield the keys with a prefix, and when each was stored."""
    pages = backups.s3.get_paginator("list_objects_v2").paginate(
        Bucket=backups.bucket, Prefix=start
    )
    for page in pages:
        for entry in page.get("Contents", []):
            if entry["Key"].endswith(SUFFIX):
                yield entry["Key"], entry["LastModified"]
