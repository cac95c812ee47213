"""The buckets of an object store, and the rights of its users; on every store that is tested."""

import httpx
import pytest
from botocore.exceptions import ClientError

from readmission.operations.buckets import make_buckets
from readmission.operations.seaweedfs import BACKUPS
from tests.conftest import Platform
from tests.object_stores import USERS, ObjectStore

REPORTS, MODELS, PAGE = "data-docs", "mlflow", b"<html>report</html>"


def test_making_the_buckets_again_changes_nothing(
    platform: Platform, object_store: ObjectStore
) -> None:
    admin = object_store.client()

    make_buckets(admin, platform.settings.buckets)

    names = {bucket["Name"] for bucket in admin.list_buckets()["Buckets"]}
    assert names >= {MODELS, REPORTS, "airflow-logs", BACKUPS}
    lock = admin.get_object_lock_configuration(Bucket=BACKUPS)["ObjectLockConfiguration"]
    assert lock["Rule"]["DefaultRetention"] == {"Mode": "COMPLIANCE", "Days": 14}


def test_the_user_of_the_reports_reads_them_by_key_and_by_link(object_store: ObjectStore) -> None:
    # given a report
    report = {"Bucket": REPORTS, "Key": "rights/index.html"}
    object_store.client().put_object(**report, Body=PAGE)
    reader = object_store.client("DOCS")

    # when it is read with the key, and with a link that the key signed
    link = reader.generate_presigned_url("get_object", Params=report, ExpiresIn=60)

    # then
    assert reader.get_object(**report)["Body"].read() == PAGE
    assert httpx.get(link).content == PAGE
    assert httpx.get(link.partition("?")[0]).status_code == 403
    for attempt in (
        lambda: reader.put_object(**report, Body=b""),
        lambda: reader.delete_object(**report),
        lambda: reader.get_object(Bucket=MODELS, Key="anything"),
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            attempt()


def test_the_user_of_the_exporter_counts_objects_and_reads_none(object_store: ObjectStore) -> None:
    # given an object
    found = {"Bucket": MODELS, "Key": "rights/model.bin"}
    object_store.client().put_object(**found, Body=b"model")
    monitoring = object_store.client("MONITORING")

    # then
    listed = monitoring.list_objects_v2(Bucket=MODELS, Prefix="rights/")["Contents"]
    assert [(entry["Key"], entry["Size"]) for entry in listed] == [("rights/model.bin", 5)]
    for attempt in (
        lambda: monitoring.get_object(**found),
        lambda: monitoring.put_object(**found, Body=b""),
        lambda: monitoring.delete_object(**found),
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            attempt()


@pytest.mark.parametrize("user", USERS)
def test_no_user_with_few_rights_reads_or_changes_the_training_set(
    object_store: ObjectStore, user: str
) -> None:
    # given a partition
    partition = {"Bucket": "training-sets", "Key": "rights/partition.parquet"}
    object_store.client().put_object(**partition, Body=b"rows")
    other = object_store.client(user)

    # then
    for attempt in (
        lambda: other.get_object(**partition),
        lambda: other.put_object(**partition, Body=b""),
        lambda: other.delete_object(**partition),
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            attempt()
