"""Stores encrypted database dumps in a bucket: ``python -m readmission.operations.backups --help``.

The same holds for copies of whole servers and of buckets (`readmission.operations.recovery`). The
scripts ``k8s/backup/*.sh`` run ``pg_dump`` and ``pg_restore`` in PostgreSQL's image, which has
no S3 client. This module encrypts, signs and uploads their files, and downloads and decrypts them.
boto3 reads the address and the keys of the store from the environment; ``BACKUP_RECIPIENT`` and
``BACKUP_SIGNING_KEY`` come from there, too. The key that uploads can neither list,
read nor delete dumps: the bucket itself deletes old ones
(`readmission.operations.bucket_retention`).
"""

import argparse
import hashlib
import logging
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError

from readmission import logs
from readmission.operations import sealing
from readmission.operations.sealing import BackupError, BackupKey, Seal
from readmission.settings.backups import BackupSettings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET = "backups"
SUFFIX = ".dump"
ENDINGS = (SUFFIX, ".tar", ".tar.gz")
"""Dumps, copies of buckets, copies of servers."""
DIGEST, SIGNATURE, MADE_FOR = "sha256", "signature", "recipient"
RECIPIENT, SIGNING_KEY = "BACKUP_RECIPIENT", "BACKUP_SIGNING_KEY"

log = logging.getLogger("readmission.operations.backups")


class ForAnotherKey(BackupError):
    """An object's metadata says that it is encrypted for another backup key."""


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

    def put(self, folder: Path, seal: Seal) -> list[str]:
        """Encrypt and upload every ``<database>/<time>.dump`` in a folder, and every copy.

        The plain files are deleted. Encrypted files that an earlier run could not upload are
        uploaded too.

        Parameters
        ----------
        folder : Path
            Written by ``dump.sh`` and ``copy.sh``.
        seal : Seal
            Encrypts and signs the files.

        Returns
        -------
        list of str
            Keys of the new objects.

        Raises
        ------
        BackupError
            If the folder holds no dump.
        """
        for plain in (file for ending in ENDINGS for file in folder.glob(f"*/*{ending}")):
            seal.close(plain)
        dumps = sorted(folder.glob(f"*/*{sealing.SUFFIX}"))
        if not dumps:
            raise BackupError(f"{folder} holds no dump; see the log of dump.sh")
        keys = [dump.relative_to(folder).as_posix() for dump in dumps]
        for dump, key in zip(dumps, keys, strict=True):
            self.store(dump, key, seal)
        return keys

    def store(self, sealed: Path, key: str, seal: Seal) -> None:
        """Upload an encrypted file, with a signature of its content and its key."""
        digest = _digest(sealed)
        metadata = {
            DIGEST: digest,
            SIGNATURE: seal.signature(_signed(key, digest)),
            MADE_FOR: seal.recipient,
        }
        self.s3.upload_file(str(sealed), self.bucket, key, ExtraArgs={"Metadata": metadata})

    def keys(self, database: str) -> list[str]:
        """Return the keys of a database's dumps, oldest first; also of those without encryption."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=f"{database}/"
        )
        found = (entry.get("Key", "") for page in pages for entry in page.get("Contents", []))
        return sorted(key for key in found if key.endswith((SUFFIX, sealing.SUFFIX)))

    def get(
        self, database: str, folder: Path, backup_key: BackupKey, key: str | None = None
    ) -> Path:
        """Download a dump, decrypt it and return its path.

        Parameters
        ----------
        database : str
            Name of the database.
        folder : Path
            Where to put the file.
        backup_key : BackupKey
            Opens the dump.
        key : str, optional
            Which dump; by default the newest.

        Raises
        ------
        BackupError
            If there is no such dump, its signature or checksum is wrong, or the backup key does not
            open it.
        """
        keys = self.keys(database)
        if not keys or key not in (None, *keys):
            known = ", ".join(keys) or "none"
            wanted = key or f"of {database}"
            raise BackupError(f"no dump {wanted} in {self.bucket}; existing dumps: {known}")
        chosen = key or keys[-1]
        plain = folder / f"{database}{SUFFIX}"
        try:
            self.fetch(chosen, plain, backup_key)
        except BackupError as error:
            raise BackupError(
                f"{error}; choose another dump with --key: {', '.join(keys)}"
            ) from error
        return plain

    def fetch(self, key: str, plain: Path, backup_key: BackupKey) -> None:
        """Download an object that `store` has made, and decrypt it into a file.

        Whoever may upload may also store something else under its key. The bucket keeps versions,
        so the newest version that was signed is taken.

        Raises
        ------
        ForAnotherKey
            If it was made for another backup key.
        BackupError
            If its signature or checksum is wrong, or the backup key does not open it.
        """
        try:
            self._fetch(key, {}, plain, backup_key)
        except BackupError:
            for version in self._earlier_versions(key):
                with suppress(BackupError):
                    self._fetch(key, {"VersionId": version}, plain, backup_key)
                    log.warning("%s was overwritten; version %s is the signed one", key, version)
                    return
            raise

    def _fetch(self, key: str, which: Any, plain: Path, backup_key: BackupKey) -> None:
        sealed = plain.with_name(f"{plain.name}{sealing.SUFFIX}")
        try:
            stored = self.s3.head_object(Bucket=self.bucket, Key=key, **which)["Metadata"]
            if stored.get(MADE_FOR, backup_key.recipient) != backup_key.recipient:
                raise ForAnotherKey(f"{key} was made for another backup key")
            self.s3.download_file(self.bucket, key, str(sealed), ExtraArgs=which)
            # The signature covers the key, so that nobody can offer an old dump as the newest.
            if not backup_key.signed(_signed(key, _digest(sealed)), stored.get(SIGNATURE, "")):
                raise BackupError(f"{key} is damaged, or was not signed with this backup key")
            backup_key.open(sealed, plain)
        finally:
            sealed.unlink(missing_ok=True)

    def _earlier_versions(self, key: str) -> list[str]:
        """Return the versions of an object but the current one, newest first."""
        # A page has 1,000 versions, which whoever may upload dumps can fill.
        pages = self.s3.get_paginator("list_object_versions")
        try:
            found = list(pages.paginate(Bucket=self.bucket, Prefix=key))
        except ClientError as error:
            log.warning("the versions of %s cannot be listed: %s", key, error)
            return []
        versions = [one for page in found for one in page.get("Versions", []) if one["Key"] == key]
        return [one["VersionId"] for one in versions if not one["IsLatest"]]


def read_seal() -> Seal:
    """Return the seal in the environment.

    Raises
    ------
    BackupError
        If no backup key was made yet.
    """
    settings = BackupSettings()
    recipient, signing_key = settings.recipient, settings.signing_key.get_secret_value()
    if not recipient or not signing_key:
        raise BackupError(
            f"{RECIPIENT} or {SIGNING_KEY} is not set; make a backup key first:"
            " python -m readmission.operations.backups new-key FILE"
        )
    return Seal(recipient, signing_key)


def _signed(key: str, digest: str) -> bytes:
    return f"{key} {digest}".encode()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="backups", description="Encrypt and upload database dumps, and download them"
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    new = verbs.add_parser("new-key", help="write a backup key; print what making backups needs")
    new.add_argument("file", type=Path)
    put = verbs.add_parser("put", help="encrypt and upload every dump in a folder")
    put.add_argument("folder", type=Path)
    listing = verbs.add_parser("list", help="list the dumps of a database")
    listing.add_argument("database")
    get = verbs.add_parser("get", help="download and decrypt a dump, by default the newest")
    get.add_argument("database")
    get.add_argument("folder", type=Path)
    get.add_argument(
        "--backup-key", type=Path, required=True, help="the file that new-key wrote, or -"
    )
    get.add_argument("--key", help="the dump to download")
    for verb in (put, listing, get):
        verb.add_argument(
            "--bucket", default=BUCKET, help=f"the bucket that holds the dumps ({BUCKET})"
        )
    return parser


def main() -> None:
    """Run the command line."""
    given = _parser().parse_args()
    if given.verb == "new-key":
        seal = sealing.new_key(given.file)
        # Standard output holds only the settings, to be added to .env or to a Secret.
        print(f"{RECIPIENT}={seal.recipient}\n{SIGNING_KEY}={seal.signing_key}")  # noqa: T201
        return
    backups = Backups(boto3.client("s3"), given.bucket)
    if given.verb == "put":
        log.info("stored %s", ", ".join(backups.put(given.folder, read_seal())))
    elif given.verb == "list":
        log.info("%s", "\n".join(backups.keys(given.database)))
    else:
        text = sys.stdin.read() if str(given.backup_key) == "-" else given.backup_key.read_text()
        opened = backups.get(given.database, given.folder, BackupKey(text), given.key)
        log.info("downloaded %s", opened)


if __name__ == "__main__":
    logs.configure("backups")
    main()
