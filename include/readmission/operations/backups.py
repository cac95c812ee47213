"""Dumps of databases in a bucket: ``python -m readmission.operations.backups --help``.

``pg_dump`` and ``pg_restore`` run where they are installed (``k8s/backup/*.sh``); this
module only carries their files, because the images of PostgreSQL speak no S3. Address and
keys come from where boto3 looks for them.
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
    """A dump is missing, or not what was stored."""


class Backups:
    """Dumps by database, named by the time they were taken.

    Parameters
    ----------
    s3 : S3Client
        The object store.
    bucket : str
        Where the dumps are.
    """

    def __init__(self, s3: "S3Client", bucket: str = BUCKET) -> None:
        self.s3 = s3
        self.bucket = bucket

    def put(self, folder: Path, keep: int) -> list[str]:
        """Store every ``<database>/<time>.dump`` below a folder, and forget old ones.

        Parameters
        ----------
        folder : Path
            Written by ``dump.sh``.
        keep : int
            Dumps of each database that stay.

        Raises
        ------
        BackupError
            If there is nothing to store.
        """
        dumps = sorted(folder.glob(f"*/*{SUFFIX}"))
        if not dumps:
            raise BackupError(f"{folder} holds no dump; look at what dump.sh said")
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
        """Return the dumps of a database, oldest first."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=f"{database}/"
        )
        found = (entry.get("Key", "") for page in pages for entry in page.get("Contents", []))
        return sorted(key for key in found if key.endswith(SUFFIX))

    def get(self, database: str, folder: Path, key: str | None = None) -> Path:
        """Fetch a dump, the youngest one unless a key is given.

        Raises
        ------
        BackupError
            If there is none, or its content is not what was stored.
        """
        keys = self.keys(database)
        if not keys or key not in (None, *keys):
            known = ", ".join(keys) or "none"
            raise BackupError(f"no dump {key or database} in {self.bucket}; there are: {known}")
        chosen = key or keys[-1]
        target = folder / f"{database}{SUFFIX}"
        self.s3.download_file(self.bucket, chosen, str(target))
        stored = self.s3.head_object(Bucket=self.bucket, Key=chosen)["Metadata"].get(DIGEST)
        if stored != _digest(target):
            raise BackupError(f"{chosen} is damaged; take an older one of {', '.join(keys)}")
        return target


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="backups", description="Carry dumps to a bucket and back")
    verbs = parser.add_subparsers(dest="verb", required=True)
    put = verbs.add_parser("put", help="store every dump below a folder")
    put.add_argument("folder", type=Path)
    put.add_argument("--keep", type=int, default=14, help="dumps of a database that stay")
    listing = verbs.add_parser("list", help="show the dumps of a database")
    listing.add_argument("database")
    get = verbs.add_parser("get", help="fetch a dump, the youngest unless --key says which")
    get.add_argument("database")
    get.add_argument("folder", type=Path)
    get.add_argument("--key")
    for verb in (put, listing, get):
        verb.add_argument("--bucket", default=BUCKET, help=f"where the dumps are ({BUCKET})")
    given = parser.parse_args()
    backups = Backups(boto3.client("s3"), given.bucket)
    if given.verb == "put":
        log.info("stored %s", ", ".join(backups.put(given.folder, given.keep)))
    elif given.verb == "list":
        log.info("%s", "\n".join(backups.keys(given.database)))
    else:
        log.info("fetched %s", backups.get(given.database, given.folder, given.key))


if __name__ == "__main__":
    logs.configure("backups")
    main()
