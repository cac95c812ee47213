"""The object store: buckets and access."""

import boto3
import pytest
from botocore.exceptions import ClientError

from readmission.stack.services import object_store
from readmission.stack.site.site import Site
from tests.conftest import Platform


def test_the_buckets_exist(running_site: Site) -> None:
    buckets = {
        bucket["Name"] for bucket in object_store.client(running_site).list_buckets()["Buckets"]
    }
    assert buckets == {"mlflow", "data-docs", "airflow-logs", "backups"}


def test_a_wrong_key_is_rejected(platform: Platform) -> None:
    stranger = boto3.client(
        "s3",
        endpoint_url=platform.s3_endpoint,
        aws_access_key_id=platform.s3_access_key,
        aws_secret_access_key="guess",  # noqa: S106
        region_name=object_store.REGION,
    )
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        stranger.list_buckets()
