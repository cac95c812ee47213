"""Moves finished files of PostgreSQL's write-ahead log (WAL) into the bucket of the dumps.

``k8s/backup/archive.sh`` is the servers' `archive_command`: it puts a file into a folder of the
server, the spool, and waits until the file is stored. A file that was not stored therefore stays in
the server, and `pg_stat_archiver` shows the failure.
"""

import gzip
import logging
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from readmission.operations.backups import Backups
from readmission.operations.sealing import SUFFIX, Seal
from readmission.operations.wal_archive import FAILURE, PART

SEALED = f".gz{SUFFIX}"
PAUSE, PAUSE_AFTER_FAILURE = 0.5, 10.0

log = logging.getLogger("readmission.operations.recovery")


def prefix(server: str, identifier: str) -> str:
    """Return the prefix of the keys of a server's changes.

    Parameters
    ----------
    server : str
        Its name: that of its first database.
    identifier : str
        PostgreSQL's system identifier. A new server under an old name has another one.
    """
    return f"wal/{server}/{identifier}/"


def archive(spool: Path, backups: Backups, seal: Seal) -> list[str]:
    """Store every finished file, and delete it from the spool; return the keys.

    Parameters
    ----------
    spool : Path
        Holds a folder for each server, with files named ``<system identifier>.<name of the file>``.
    backups : Backups
        Where to store them.
    seal : Seal
        Encrypts and signs them.
    """
    keys = []
    for plain in sorted(spool.glob("*/*.*")):
        if plain.suffix == PART:
            continue
        identifier, _, name = plain.name.partition(".")
        key = f"{prefix(plain.parent.name, identifier)}{name}{SEALED}"
        with tempfile.TemporaryDirectory() as folder:
            packed = Path(folder, name)
            with plain.open("rb") as source, gzip.open(packed, "wb", compresslevel=3) as target:
                shutil.copyfileobj(source, target)
            seal.close(packed)
            backups.store(packed.with_name(f"{name}{SUFFIX}"), key, seal)
        plain.unlink()
        keys.append(key)
    return keys


def attempt(spool: Path, backups: Backups, seal: Seal) -> bool:
    """Archive what is finished; return whether that worked.

    After a failure each server's folder holds its message, so that `archive.sh` fails at once.
    """
    failures = [folder / FAILURE for folder in spool.iterdir() if folder.is_dir()]
    try:
        if done := archive(spool, backups, seal):
            log.info("archived %s", ", ".join(done))
    except (OSError, BotoCoreError, ClientError, Boto3Error) as error:
        log.error("changes wait in their servers: %s", error)
        for failure in failures:
            with suppress(OSError):
                failure.write_text(f"{error}\n")
        return False
    for failure in failures:
        failure.unlink(missing_ok=True)
    return True


def run(spool: Path, backups: Backups, seal: Seal) -> None:
    """Archive until the process is stopped."""
    while True:
        worked = attempt(spool, backups, seal)
        time.sleep(PAUSE if worked else PAUSE_AFTER_FAILURE)
