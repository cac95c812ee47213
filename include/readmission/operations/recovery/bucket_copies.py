"""Copies of a bucket, as a tar archive."""

import tarfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from readmission.operations.backups import Backups
from readmission.operations.sealing import BackupError, BackupKey

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

COPY = "copy.tar"
CONTENT_TYPE = "READMISSION.content-type"


def download(
    s3: "S3Client", bucket: str, archive: Path, wanted: Callable[[str], bool] = lambda _key: True
) -> None:
    """Write the objects of a bucket to a tar archive; all, or those whose keys are wanted."""
    with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT) as tar:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for listed in filter(lambda entry: wanted(entry["Key"]), page.get("Contents", [])):
                found = s3.get_object(Bucket=bucket, Key=listed["Key"])
                entry = tarfile.TarInfo(listed["Key"])
                entry.size = found["ContentLength"]
                entry.pax_headers = {CONTENT_TYPE: found.get("ContentType", "")}
                tar.addfile(entry, found["Body"])


def upload(s3: "S3Client", bucket: str, archive: Path) -> None:
    """Put every object of a tar archive into a bucket."""
    with tarfile.open(archive) as tar:
        for entry in tar:
            body = tar.extractfile(entry)
            if body is not None:
                kind = entry.pax_headers.get(CONTENT_TYPE) or "application/octet-stream"
                s3.upload_fileobj(body, bucket, entry.name, ExtraArgs={"ContentType": kind})


def copy(s3: "S3Client", bucket: str, folder: Path) -> Path:
    """Write a copy of a bucket to ``<folder>/bucket-<bucket>/<time>.tar``, and return its path."""
    archive = folder / name(bucket) / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.tar"
    archive.parent.mkdir(parents=True, exist_ok=True)
    draft = archive.with_suffix(".part")
    download(s3, bucket, draft)
    return draft.rename(archive)


def fetch(
    backups: Backups, bucket: str, folder: Path, backup_key: BackupKey, key: str | None = None
) -> str:
    """Download a copy of a bucket to the file `COPY` of a folder, and return its key.

    Parameters
    ----------
    backups : Backups
        Where it is stored.
    bucket : str
        The bucket that was copied.
    folder : Path
        Gets the file.
    backup_key : BackupKey
        Opens the copy.
    key : str, optional
        Which copy; by default the newest.

    Raises
    ------
    BackupError
        If there is no such copy, or it is damaged, forged or of another key.
    """
    kept = backups.keys(name(bucket))
    if not kept or key not in (None, *kept):
        raise BackupError(
            f"no copy {key or 'of ' + bucket}; existing copies: {', '.join(kept) or 'none'}"
        )
    chosen = key or kept[-1]
    backups.fetch(chosen, folder / COPY, backup_key)
    return chosen


def name(bucket: str) -> str:
    """Return the name under which `readmission.operations.backups` stores copies of a bucket."""
    return f"bucket-{bucket}"
