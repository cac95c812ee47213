"""The buckets of the object store: ``python -m readmission.operations.buckets``.

Address, region and keys come from where boto3 looks for them (``AWS_ENDPOINT_URL_S3``,
``AWS_DEFAULT_REGION``, ``AWS_ACCESS_KEY_ID``, ``AWS_SECRET_ACCESS_KEY``), their names from
the settings.
"""

import logging
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from readmission import logs
from readmission.errors import ReadmissionError
from readmission.settings import get_settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PROBE = ".ready"

log = logging.getLogger("readmission.operations.buckets")


class StoreAway(ReadmissionError):
    """The object store takes no objects."""


def make_buckets(s3: "S3Client", buckets: Sequence[str], seconds: float = 60) -> None:
    """Make the buckets that are not there, and prove that each takes an object.

    Raises
    ------
    StoreAway
        If the store does not take one within `seconds`.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            there = {bucket.get("Name") for bucket in s3.list_buckets()["Buckets"]}
            for bucket in buckets:
                if bucket not in there:
                    s3.create_bucket(Bucket=bucket)
                s3.put_object(Bucket=bucket, Key=PROBE, Body=b"")
                s3.delete_object(Bucket=bucket, Key=PROBE)
            return
        except (BotoCoreError, ClientError) as error:
            # A gateway may answer before the store behind it has joined.
            if time.monotonic() > deadline:
                raise StoreAway(f"the object store takes no objects: {error}") from error
            time.sleep(0.1)


if __name__ == "__main__":
    logs.configure("buckets")
    wanted = get_settings().buckets
    make_buckets(boto3.client("s3"), wanted)
    log.info("buckets: %s", ", ".join(wanted))
