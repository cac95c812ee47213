"""Every verdict has a report, on disk and in the bucket."""

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
from readmission.quality.report.publishing import publish
from readmission.warehouse import RawWarehouse
from tests.conftest import Platform
from tests.include.quality.conftest import LIMIT, last_verdict
from tests.include.tables import encounters


@pytest.fixture
def prefix(platform: Platform, s3: Any) -> Iterator[str]:
    """A new folder in the bucket, emptied afterwards."""
    name = f"test-{uuid4().hex}"
    yield name
    bucket = platform.settings.docs_bucket
    for entry in s3.list_objects_v2(Bucket=bucket, Prefix=name).get("Contents", ()):
        s3.delete_object(Bucket=bucket, Key=entry["Key"])


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
    platform: Platform, s3: Any, prefix: str, tmp_path: Path
) -> None:
    # given
    bucket = platform.settings.docs_bucket
    (tmp_path / "static").mkdir()
    (tmp_path / "index.html").write_text("<h1>one</h1>")
    (tmp_path / "static" / "style.css").write_text("h1 { color: red }")

    # when
    first = publish(s3, bucket, tmp_path, prefix)
    second = publish(s3, bucket, tmp_path, prefix)
    (tmp_path / "index.html").write_text("<h1>two</h1>")
    third = publish(s3, bucket, tmp_path, prefix)

    # then
    assert (first, second, third) == (2, 0, 1)
    page = s3.get_object(Bucket=bucket, Key=f"{prefix}/index.html")
    assert page["Body"].read() == b"<h1>two</h1>"
    style = s3.get_object(Bucket=bucket, Key=f"{prefix}/static/style.css")
    assert style["ContentType"] == "text/css"


def test_an_expectation_that_cannot_be_evaluated_is_an_error(
    tmp_path: Path,
) -> None:
    suite = [gxe.ExpectColumnValuesToNotBeNull(column="absent", severity="critical")]

    with pytest.raises(GateError, match="gate 'raw': expect_column_values_to_not_be_null could"):
        check("raw", "batch-0001", pd.DataFrame({"present": [1]}), suite, tmp_path)
