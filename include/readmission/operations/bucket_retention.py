"""Makes the store itself keep each dump for a number of days and then delete it.

The key that uploads dumps may therefore neither list nor delete them. The bucket keeps versions, so
an object that is overwritten remains; object lock refuses to delete a version before its time, to
every key; lifecycle rules delete it afterwards. A bucket that exists without object lock gets
versions and the rules only, because a store can lock only buckets that were created for it.
"""

import logging
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import LifecycleRuleTypeDef

log = logging.getLogger("readmission.operations.buckets")


def keep_for(s3: "S3Client", bucket: str, days: int) -> None:
    """Keep every object of a bucket for `days` days, then delete it. Safe to run again.

    Parameters
    ----------
    s3 : S3Client
        With a key that may configure the bucket.
    bucket : str
        An existing bucket.
    days : int
        How long an object is kept. A change applies to the locks of later objects only.
    """
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    if _can_lock(s3, bucket):
        s3.put_object_lock_configuration(
            Bucket=bucket,
            ObjectLockConfiguration={
                "ObjectLockEnabled": "Enabled",
                "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": days}},
            },
        )
    else:
        log.info(
            "bucket %s was created without object lock: whoever has an administrator's key of the"
            " store can delete its dumps; see 'Backup' in docs/operations.md",
            bucket,
        )
    s3.put_bucket_lifecycle_configuration(
        Bucket=bucket, LifecycleConfiguration={"Rules": lifecycle(days)}
    )


def lifecycle(days: int) -> list["LifecycleRuleTypeDef"]:
    """Return the rules that delete an object, all its versions, and what uploads left."""
    return [
        {
            "ID": "delete-old-dumps",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "Expiration": {"Days": days},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
        },
        # S3 does not allow this in a rule with a number of days.
        {
            "ID": "delete-markers",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "Expiration": {"ExpiredObjectDeleteMarker": True},
        },
    ]


def _can_lock(s3: "S3Client", bucket: str) -> bool:
    try:
        found = s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ObjectLockConfigurationNotFoundError":
            return False
        raise
    return found.get("ObjectLockEnabled") == "Enabled"
