"""The bucket of the training partitions."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

_NAME = re.compile(r"[^/]+/[0-9a-f]{64}-[0-9a-f]{8}\.parquet")
_DELETED_AT_ONCE = 1_000
"""S3 deletes no more objects with one request."""


@dataclass(frozen=True)
class Bucket:
    """The bucket of the partitions.

    Parameters
    ----------
    s3 : boto3 S3 client
        Connected to the object store.
    name : str
        Name of the bucket.
    """

    s3: Any
    name: str

    def get(self, key: str) -> bytes | None:
        """Return the content of an object, or None if there is none."""
        try:
            content: bytes = self.s3.get_object(Bucket=self.name, Key=key)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return None
            raise
        return content

    def put(self, key: str, content: bytes) -> None:
        """Write an object."""
        self.s3.put_object(Bucket=self.name, Key=key, Body=content)

    def partitions(self) -> Iterator[str]:
        """Yield the names of all partitions; other objects are left out."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        for page in pages:
            for entry in page.get("Contents", ()):
                if _NAME.fullmatch(entry["Key"]):
                    yield entry["Key"]

    def has(self, key: str) -> bool:
        """Whether there is such an object."""
        try:
            self.s3.head_object(Bucket=self.name, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in {"404", "NoSuchKey"}:
                return False
            raise
        return True

    def link(self, key: str, seconds: int) -> str:
        """Return an address at which anybody can read this object for some seconds."""
        wanted = {"Bucket": self.name, "Key": key}
        return str(self.s3.generate_presigned_url("get_object", wanted, ExpiresIn=seconds))

    def delete(self, keys: Sequence[str]) -> None:
        """Delete objects."""
        for start in range(0, len(keys), _DELETED_AT_ONCE):
            objects = [{"Key": key} for key in keys[start : start + _DELETED_AT_ONCE]]
            self.s3.delete_objects(Bucket=self.name, Delete={"Objects": objects, "Quiet": True})
