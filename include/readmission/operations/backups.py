"""Stores database dumps in a bucket: ``python -m readmission.operations.backups --help``.

The scripts ``k8s/backup/*.sh`` run ``pg_dump`` and ``pg_restore`` in PostgreSQL's image, which has
no S3 client. This module only uploads and downloads their files. boto3 reads the address and the
keys from the environment.
"""

import argparse
import hashlib
import logging
from pathlib import Path
from typing import TYPE_CHECKING

import boto3

from readmission import logs
from readmission.errors import ReadmissionError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET = "backups"
SUFFIX = ".dump"
DIGEST = "sha256"

log = logging.getLogger("readmission.operations.backups")


class BackupError(ReadmissionError):
    """A backup is missing, damaged, forged or made for another key."""


class Backups:
    """The dumps of each database, named by the time they were made.

    Parameters
    ----------
    s3 : S3Client
        The object store.
    bucket : str
        The bucket that holds the dumps.
    """

    def __init__(self, s3: "S3Client", bucket: str = BUCKET) -> None:
        self.s3 = s3
        self.bucket = bucket

    def put(self, folder: Path, keep: int) -> list[str]:
        """Upload every ``<database>/<time>.dump`` in a folder, and delete the oldest dumps.

        Parameters
        ----------
        folder : Path
            Written by ``dump.sh``.
        keep : int
            How many dumps of each database to keep.

        Returns
        -------
        list of str
            Keys of the new dumps.

        Raises
        ------
        BackupError
            If the folder holds no dump.
        """
        dumps = sorted(folder.glob(f"*/*{SUFFIX}"))
        if not dumps:
            raise BackupError(f"{folder} holds no dump; see the log of dump.sh")
        keys = []
        for dump in dumps:
            key = dump.relative_to(folder).as_posix()
            metadata = {DIGEST: _digest(dump)}
            self.s3.upload_file(str(dump), self.bucket, key, ExtraArgs={"Metadata": metadata})
            keys.append(key)
        for database in {dump.parent.name for dump in dumps}:
            for old in self.keys(database)[:-keep]:
                self.s3.delete_object(Bucket=self.bucket, Key=old)
        return keys

    def keys(self, database: str) -> list[str]:
        """Return the keys of a database's dumps, oldest first."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=f"{database}/"
        )
        found = (entry.get("Key", "") for page in pages for entry in page.get("Contents", []))
        return sorted(key for key in found if key.endswith(SUFFIX))

    def get(self, database: str, folder: Path, key: str | None = None) -> Path:
        """Download a dump and return its path.

        Parameters
        ----------
        database : str
            Name of the database.
        folder : Path
            Where to put the file.
        key : str, optional
            Which dump; by default the newest.

        Raises
        ------
        BackupError
            If there is no such dump, or its checksum is wrong.
        """
        keys = self.keys(database)
        if not keys or key not in (None, *keys):
            known = ", ".join(keys) or "none"
            wanted = key or f"of {database}"
            raise BackupError(f"no dump {wanted} in {self.bucket}; existing dumps: {known}")
        chosen = key or keys[-1]
        target = folder / f"{database}{SUFFIX}"
        self.s3.download_file(self.bucket, chosen, str(target))
        stored = self.s3.head_object(Bucket=self.bucket, Key=chosen)["Metadata"].get(DIGEST)
        if stored != _digest(target):
            raise BackupError(
                f"{chosen} is damaged; choose an older dump with --key: {', '.join(keys)}"
            )
        return target


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="backups", description="Upload and download database dumps"
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    put = verbs.add_parser("put", help="upload every dump in a folder")
    put.add_argument("folder", type=Path)
    put.add_argument(
        "--keep", type=int, default=14, help="how many dumps of each database to keep (14)"
    )
    listing = verbs.add_parser("list", help="list the dumps of a database")
    listing.add_argument("database")
    get = verbs.add_parser("get", help="download a dump, by default the newest")
    get.add_argument("database")
    get.add_argument("folder", type=Path)
    get.add_argument("--key", help="the dump to download")
    for verb in (put, listing, get):
        verb.add_argument(
            "--bucket", default=BUCKET, help=f"the bucket that holds the dumps ({BUCKET})"
        )
    given = parser.parse_args()
    backups = Backups(boto3.client("s3"), given.bucket)
    if given.verb == "put":
        log.info("stored %s", ", ".join(backups.put(given.folder, given.keep)))
    elif given.verb == "list":
        log.info("%s", "\n".join(backups.keys(given.database)))
    else:
        log.info("downloaded %s", backups.get(given.database, given.folder, given.key))


if __name__ == "__main__":
    logs.configure("backups")
    main()
