"""The gates' results, read from the bucket of the reports."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from fastapi.testclient import TestClient

from api.main import create_app
from readmission.quality import catalogue
from readmission.quality.report.overview import Overview
from readmission.quality.report.summary import FILE, summarise
from readmission.settings import Settings
from readmission.stack.services import object_store
from readmission.stack.site.site import Site
from readmission.warehouse.verdicts import NOT_RUN, Status
from tests.api.conftest import FakeModelStore
from tests.conftest import Platform


@pytest.fixture(scope="module")
def site(platform: Platform) -> Site:
    return platform.site


@pytest.fixture
def settings(site: Site) -> Settings:
    """Settings with a key that may read the bucket of the reports, and nothing else."""
    return Settings(
        api_anonymous_role="predict",
        docs_endpoint=site.s3_endpoint,
        docs_access_key=site.credentials.docs_access_key,
        docs_secret_key=site.credentials.docs_secret_key,
        docs_url="http://airflow/data-quality/index.html",
    )


def quality(settings: Settings) -> tuple[int, dict[str, Any]]:
    with TestClient(create_app(settings, FakeModelStore())) as client:
        response = client.get("/quality")
    return response.status_code, response.json()


def test_the_published_summary_is_returned(site: Site, settings: Settings) -> None:
    # given a published summary
    content = summarise(Overview(lost="nothing"), datetime(2026, 1, 2, 3, 4, 5).astimezone())
    object_store.client(site).put_object(Bucket="data-docs", Key=FILE, Body=content.encode())

    status, body = quality(settings)

    assert status == 200, body
    assert body["lost"] == "nothing"
    assert body["batches"] == []
    assert body["reports_url"] == "http://airflow/data-quality/index.html"


def test_gates_and_statuses_are_described(
    site: Site, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a new gate, and a summary from a release that had one gate and other words
    ages = replace(catalogue.TRAINING, name="ages", title="Patients' ages")
    monkeypatch.setattr(catalogue, "GATES", (*catalogue.GATES, ages))
    batch = {"batch_id": "batch-0001", "rows": 3, "clean": 3, "quarantined": 0}
    content = json.loads(summarise(Overview(lost="")))
    content["batches"] = [batch | {"gates": {"raw": "fail"}}]
    object_store.client(site).put_object(
        Bucket="data-docs", Key=FILE, Body=json.dumps(content).encode()
    )

    # when
    status, body = quality(settings)

    # then
    assert status == 200, body
    described = [{"name": gate.name, "title": gate.title} for gate in catalogue.GATES]
    assert body["gates"] == described
    assert described[-1] == {"name": "ages", "title": "Patients' ages"}
    assert [one["name"] for one in body["statuses"]] == [*Status, NOT_RUN]
    (returned,) = body["batches"]
    assert list(returned["gates"]) == [gate.name for gate in catalogue.GATES]
    assert returned["gates"] == dict.fromkeys(returned["gates"], NOT_RUN) | {"raw": "failed"}
    assert returned["stopped_by"] == ["raw"]


def test_the_key_grants_nothing_else(site: Site) -> None:
    reader = boto3.client(
        "s3",
        endpoint_url=site.s3_endpoint,
        aws_access_key_id=site.credentials.docs_access_key,
        aws_secret_access_key=site.credentials.docs_secret_key,
        region_name=object_store.REGION,
    )

    for attempt in (
        lambda: reader.get_object(Bucket="mlflow", Key="anything"),
        lambda: reader.put_object(Bucket="data-docs", Key="anything", Body=b""),
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            attempt()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"docs_endpoint": None}, "No bucket of reports is configured"),
        ({"docs_bucket": "no-such-bucket"}, "cannot be read"),
        ({"docs_endpoint": "http://127.0.0.1:9"}, "cannot be read"),
    ],
    ids=["not set", "no summary", "store down"],
)
def test_without_a_summary_the_error_says_why(
    settings: Settings, change: dict[str, str | None], message: str
) -> None:
    status, body = quality(settings.model_copy(update=change))

    assert (status, body["error"]) == (503, "quality_away")
    assert message in str(body["message"])


@pytest.mark.parametrize("content", ["[]", "{}", "null", '{"batches": "../../x"}', "<html>"])
def test_a_summary_of_another_shape_is_not_returned(
    site: Site, settings: Settings, content: str
) -> None:
    object_store.client(site).put_object(Bucket="data-docs", Key=FILE, Body=content.encode())

    status, body = quality(settings)

    assert (status, body["error"]) == (503, "quality_away")
