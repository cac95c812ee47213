"""Creates the buckets of the object store: ``python -m readmission.operations.buckets``.

boto3 reads the address, region and keys from the environment (``AWS_ENDPOINT_URL_S3``,
``AWS_DEFAULT_REGION``, ``AWS_ACCESS_KEY_ID``, ``AWS_SECRET_ACCESS_KEY``). The settings name the
buckets; the one of the dumps keeps them for ``BACKUP_RETENTION_DAYS``.
"""

import logging
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from readmission import logs
from readmission.errors import ReadmissionError
from readmission.operations.bucket_retention import keep_for
from readmission.settings import get_settings
from readmission.settings.backups import BackupSettings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PROBE = ".ready"

log = logging.getLogger("readmission.operations.buckets")


class ObjectStoreUnavailable(ReadmissionError):
    """The object store does not accept objects."""


def make_buckets(s3: "S3Client", buckets: Sequence[str], seconds: float = 60) -> None:
    """Create the missing buckets, and wait until an object can be written to each.

    The bucket of the dumps is not tried: it keeps every object.

    Parameters
    ----------
    s3 : S3Client
        Connected to the object store.
    buckets : sequence of str
        Their names.
    seconds : float
        How long to keep trying.

    Raises
    ------
    ObjectStoreUnavailable
        If writing still fails after `seconds`.
    """
    deadline, kept = time.monotonic() + seconds, BackupSettings()
    while True:
        try:
            existing = {bucket.get("Name") for bucket in s3.list_buckets()["Buckets"]}
            for bucket in buckets:
                locked = bucket == kept.bucket
                if bucket not in existing:
                    s3.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=locked)
                if locked:
                    keep_for(s3, bucket, kept.retention_days)
                    continue
                s3.put_object(Bucket=bucket, Key=PROBE, Body=b"")
                s3.delete_object(Bucket=bucket, Key=PROBE)
            return
        except (BotoCoreError, ClientError) as error:
            # A gateway may respond before the store behind it is ready.
            if time.monotonic() > deadline:
                raise ObjectStoreUnavailable(
                    f"no object could be written to the object store: {error}"
                ) from error
            time.sleep(0.1)


if __name__ == "__main__":
    logs.configure("buckets")
    wanted = get_settings().buckets
    make_buckets(boto3.client("s3"), wanted)
    log.info("these buckets are ready: %s", ", ".join(wanted))
