"""The object store: whether it responds, and the size of each of the project's buckets."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from readmission.exporter.catalogue import BUCKET_BYTES, BUCKET_OBJECTS, STORE_UP, Sample
from readmission.exporter.collecting import LARGEST_SHARE

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

COUNTING_SECONDS = 60
"""Minimum time between two counts of a bucket's objects."""


@dataclass(frozen=True)
class Bucket:
    """A bucket with the number of its objects and their total bytes."""

    name: str
    objects: int
    size: int


class ObjectStore:
    """The object store, read with a key that may list objects but not open them.

    Parameters
    ----------
    s3 : S3Client
        Connected with that key.
    names : sequence of str
        The project's buckets; the store may have others.
    """

    def __init__(self, s3: "S3Client", names: Sequence[str]) -> None:
        self._s3 = s3
        self._names = names
        self._buckets: list[Bucket] = []
        self._next_count = 0.0

    @classmethod
    def at(
        cls, endpoint: str, region: str, key: str, secret: str, names: Sequence[str]
    ) -> "ObjectStore":
        """Connect to the store at an address."""
        s3 = boto3.client(
            "s3",
            endpoint_url=endpoint,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            region_name=region,
            config=Config(connect_timeout=3, read_timeout=10, retries={"max_attempts": 0}),
        )
        return cls(s3, names)

    def read(self) -> list[Bucket]:
        """Return the buckets; their objects are counted again only if the last count is old enough.

        Raises
        ------
        botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError
            If the store does not respond, or refuses the key.
        """
        existing = {bucket["Name"] for bucket in self._s3.list_buckets()["Buckets"]}
        started = time.monotonic()
        if started >= self._next_count:
            self._buckets = [self._count(name) for name in self._names if name in existing]
            now = time.monotonic()
            self._next_count = now + max(COUNTING_SECONDS, (now - started) / LARGEST_SHARE)
        return self._buckets

    def _count(self, bucket: str) -> Bucket:
        objects = size = 0
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            sizes = [found["Size"] for found in page.get("Contents", [])]
            objects, size = objects + len(sizes), size + sum(sizes)
        return Bucket(bucket, objects, size)


def samples(buckets: list[Bucket]) -> Iterator[Sample]:
    """Yield the size of each bucket."""
    yield STORE_UP(True)
    for bucket in buckets:
        yield BUCKET_BYTES(bucket.size, bucket.name)
        yield BUCKET_OBJECTS(bucket.objects, bucket.name)
