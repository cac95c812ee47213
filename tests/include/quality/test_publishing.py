"""Every verdict has a report, on disk and in the bucket."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pandas as pd
import pytest
from great_expectations import expectations as gxe

from readmission.errors import GateError, GateFailed
from readmission.quality.checkpoint import check
from readmission.quality.gates import Gatekeeper
from readmission.quality.report.publishing import RECENT_SECONDS, publish
from readmission.warehouse import RawWarehouse
from tests.conftest import Platform
from tests.include.quality.conftest import LIMIT, last_verdict
from tests.include.tables import encounters


@pytest.fixture
def page(platform: Platform, s3: Any) -> Iterator[str]:
    """The path of a report of the raw gate that is not in the bucket, removed afterwards."""
    name = f"validations/raw/batch-0001/{uuid4().hex}/rows-raw.html"
    yield name
    s3.delete_object(Bucket=platform.settings.docs_bucket, Key=f"raw/{name}")


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_the_report_of_a_failed_gate_is_published_under_the_verdicts_key(
    raw: RawWarehouse, platform: Platform, s3: Any, tmp_path: Path
) -> None:
    # given
    bucket = platform.settings.docs_bucket
    uploads: list[int] = []
    gatekeeper = Gatekeeper(
        tmp_path, lambda site, gate: uploads.append(publish(s3, bucket, site, gate))
    )
    raw.load(encounters(20, age=dict.fromkeys(range(9), "[200-210)")), 0, "file")
    raw.load(encounters(40).slice(20), 20, "file")

    # when
    with pytest.raises(GateFailed):
        gatekeeper.raw(raw, "batch-0001", LIMIT)
    failed = last_verdict(raw.connection)
    gatekeeper.raw(raw, "batch-0002", LIMIT)

    # then the report is on disk and in the bucket, and a browser can show it
    (on_disk,) = tmp_path.rglob("validations/raw/batch-0001/**/*.html")
    page = s3.get_object(Bucket=bucket, Key=failed.report)
    assert page["Body"].read() == on_disk.read_bytes()
    assert page["ContentType"] == "text/html"
    assert b"[200-210)" in on_disk.read_bytes()
    assert not failed.passed
    # and the second gate uploaded less, because it does not repeat unchanged files
    assert 0 < uploads[1] < uploads[0]


def test_only_changed_files_are_uploaded(
    platform: Platform, s3: Any, page: str, tmp_path: Path
) -> None:
    # given
    bucket = platform.settings.docs_bucket
    write(tmp_path / page, "<h1>one</h1>")
    write(tmp_path / page.replace("rows", "more"), "<h1>more</h1>")

    # when
    first = publish(s3, bucket, tmp_path, "raw")
    second = publish(s3, bucket, tmp_path, "raw")
    write(tmp_path / page, "<h1>two</h1>")
    third = publish(s3, bucket, tmp_path, "raw")

    # then
    assert (first, second, third) == (2, 0, 1)
    found = s3.get_object(Bucket=bucket, Key=f"raw/{page}")
    assert (found["Body"].read(), found["ContentType"]) == (b"<h1>two</h1>", "text/html")


def test_neither_old_reports_nor_those_of_earlier_batches_are_looked_at(
    platform: Platform, s3: Any, page: str, tmp_path: Path
) -> None:
    # given reports of two batches in the bucket, of which the folder has lost one
    bucket, name = platform.settings.docs_bucket, f"validations/raw/batch-0002/{uuid4().hex}/a.html"
    write(tmp_path / page, "<h1>one</h1>")
    write(tmp_path / name, "<h1>two</h1>")
    assert publish(s3, bucket, tmp_path, "raw") == 2
    (tmp_path / page).unlink()
    # and an old report that is only in the folder
    old = tmp_path / name.replace("batch-0002", "batch-0001")
    write(old, "<h1>old</h1>")
    os.utime(old, (time.time() - RECENT_SECONDS - 60,) * 2)
    listed: list[str] = []

    def note(parsed: dict[str, Any], **_: Any) -> None:
        listed.extend(entry["Key"] for entry in parsed.get("Contents", ()))

    # when
    s3.meta.events.register("after-call.s3.ListObjectsV2", note)
    try:
        uploaded = publish(s3, bucket, tmp_path, "raw")
    finally:
        s3.meta.events.unregister("after-call.s3.ListObjectsV2", note)
        s3.delete_object(Bucket=bucket, Key=f"raw/{name}")

    # then
    assert uploaded == 0
    assert f"raw/{name}" in listed
    assert not [key for key in listed if "/batch-0001/" in key]


def test_the_reports_of_a_long_outage_of_the_bucket_are_uploaded_after_it(
    platform: Platform, s3: Any, page: str, tmp_path: Path
) -> None:
    # given a report of three days ago, since when nothing could be uploaded
    write(tmp_path / page, "<h1>one</h1>")
    ago = time.time() - 3 * RECENT_SECONDS
    os.utime(tmp_path / page, (ago, ago))

    # when
    first = publish(s3, platform.settings.docs_bucket, tmp_path, "raw")
    second = publish(s3, platform.settings.docs_bucket, tmp_path, "raw")

    # then
    assert (first, second) == (1, 0)


def test_a_file_that_is_not_a_report_is_not_uploaded(
    platform: Platform, s3: Any, page: str, tmp_path: Path
) -> None:
    # given a page, a page of something else than a batch, a note, and a link to a file outside
    site, secret = tmp_path / "site", tmp_path / "secret.html"
    write(secret, "a secret")
    write(site / page, "<h1>one</h1>")
    write(site / page.replace("batch-0001", "batch_0026"), "<h1>two</h1>")
    write(site / "notes.txt", "a note")
    (site / page.replace("rows", "link")).symlink_to(secret)

    assert publish(s3, platform.settings.docs_bucket, site, "raw") == 1
    assert publish(s3, platform.settings.docs_bucket, site, "no_gate") == 0


def test_an_expectation_that_cannot_be_evaluated_is_an_error(
    tmp_path: Path,
) -> None:
    suite = [gxe.ExpectColumnValuesToNotBeNull(column="absent", severity="critical")]

    with pytest.raises(GateError, match="gate 'raw': expect_column_values_to_not_be_null could"):
        check("raw", "batch-0001", pd.DataFrame({"present": [1]}), suite, tmp_path)
