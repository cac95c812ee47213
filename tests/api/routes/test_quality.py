"""What the gates say, as the service reads it from the bucket of the reports."""

from datetime import datetime

import boto3
import pytest
from botocore.exceptions import ClientError
from fastapi.testclient import TestClient

from api.main import create_app
from readmission.quality.report.overview import Overview
from readmission.quality.report.summary import FILE, summarise
from readmission.settings import Settings
from readmission.stack.services import object_store
from readmission.stack.site.site import Site
from tests.api.conftest import Shelf
from tests.conftest import Platform


@pytest.fixture(scope="module")
def site(platform: Platform) -> Site:
    return platform.site


@pytest.fixture
def settings(site: Site) -> Settings:
    """The service as it may read the bucket of the reports, and nothing else."""
    return Settings(
        api_anonymous_role="predict",
        docs_endpoint=site.s3_endpoint,
        docs_access_key=site.credentials.docs_access_key,
        docs_secret_key=site.credentials.docs_secret_key,
        docs_url="http://airflow/data-quality/index.html",
    )


def ask(settings: Settings) -> tuple[int, dict[str, object]]:
    with TestClient(create_app(settings, Shelf())) as client:
        response = client.get("/quality")
    return response.status_code, response.json()


def test_the_published_summary_is_told(site: Site, settings: Settings) -> None:
    # given what the pipeline publishes
    content = summarise(Overview(lost="nothing"), datetime(2026, 1, 2, 3, 4, 5).astimezone())
    object_store.client(site).put_object(Bucket="data-docs", Key=FILE, Body=content.encode())

    status, answer = ask(settings)

    assert status == 200, answer
    assert answer["lost"] == "nothing"
    assert answer["batches"] == []
    assert answer["reports_url"] == "http://airflow/data-quality/index.html"


def test_its_key_opens_nothing_else(site: Site) -> None:
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
    ("change", "said"),
    [
        ({"docs_endpoint": None}, "not told where"),
        ({"docs_bucket": "no-such-bucket"}, "cannot be read"),
        ({"docs_endpoint": "http://127.0.0.1:9"}, "cannot be read"),
    ],
    ids=["not set", "no summary", "store away"],
)
def test_without_a_summary_it_says_what_is_wrong(
    settings: Settings, change: dict[str, str | None], said: str
) -> None:
    status, answer = ask(settings.model_copy(update=change))

    assert (status, answer["error"]) == (503, "quality_away")
    assert said in str(answer["message"])
