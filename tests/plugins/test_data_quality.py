"""Airflow's data-quality pages serve reports from the bucket, only to users who have signed in."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest

from readmission.settings import CHECKOUT
from readmission.stack import audit
from readmission.stack.services import object_store
from readmission.stack.services.airflow import API_SERVER, USER
from readmission.stack.stack import Stack
from tests.conftest import random_settings

PARTS = {API_SERVER, object_store.NAME}
REPORT = "raw/validations/raw/batch-0001/20261123T135350.661107Z/rows-raw.html"
FILES = {
    "index.html": ("text/html; charset=utf-8", b"<h1>Batches</h1>"),
    "assets/site.css": ("text/css; charset=utf-8", b"h1 { color: teal }"),
    REPORT: ("text/html; charset=utf-8", b"<h1>batch-0001</h1>"),
}
HEAVY = ("boto3", "botocore", "fastapi", "airflow.api_fastapi", "airflow.providers.amazon")


@pytest.fixture(scope="module")
def stack(state_folders: Path) -> Iterator[Stack]:
    """Airflow's api-server and the object store, which are all that the pages need."""
    stack = Stack(random_settings(state_folders / "plugins"))
    stack.up(PARTS)
    yield stack
    stack.reset()


@pytest.fixture(scope="module")
def airflow(stack: Stack) -> Iterator[httpx.Client]:
    """A client of Airflow's api-server, not signed in."""
    with httpx.Client(base_url=stack.site.airflow_url, timeout=30, trust_env=False) as client:
        yield client


@pytest.fixture(scope="module")
def token(stack: Stack, airflow: httpx.Client) -> str:
    secret = {"username": USER, "password": stack.site.credentials.airflow_admin}
    return airflow.post("/auth/token", json=secret).raise_for_status().json()["access_token"]


@pytest.fixture(scope="module")
def signed_in(stack: Stack, token: str) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{stack.site.airflow_url}/data-quality"
    with httpx.Client(base_url=url, headers=headers, timeout=30, trust_env=False) as client:
        yield client


@pytest.fixture(scope="module", autouse=True)
def published(stack: Stack) -> None:
    """Given an overview, a report and a style sheet in the bucket."""
    s3: Any = boto3.client(
        "s3",
        endpoint_url=stack.site.s3_endpoint,
        aws_access_key_id=stack.site.credentials.s3_access_key,
        aws_secret_access_key=stack.site.credentials.s3_secret_key,
        region_name="us-east-1",
    )
    for key, (_kind, content) in FILES.items():
        s3.put_object(Bucket=stack.site.settings.docs_bucket, Key=key, Body=content)


@pytest.mark.parametrize("key", [*FILES, "", "absent.html", "../secret"])
def test_a_request_without_a_valid_sign_in_is_rejected(airflow: httpx.Client, key: str) -> None:
    for headers in ({}, {"Authorization": "Bearer made-up"}, {"Cookie": "_token=made-up"}):
        response = airflow.get(f"/data-quality/{key}".replace("..", "%2e%2e"), headers=headers)

        assert response.status_code == 401
        assert response.text == "Sign in to Airflow to see this page.\n"


@pytest.mark.parametrize("key", FILES)
def test_a_signed_in_user_sees_the_files_in_the_bucket(signed_in: httpx.Client, key: str) -> None:
    response = signed_in.get(f"/{key}")

    assert response.status_code == 200
    assert (response.headers["content-type"], response.content) == FILES[key]


def test_a_browser_session_is_accepted_and_the_root_is_the_overview(
    airflow: httpx.Client, token: str
) -> None:
    response = airflow.get("/data-quality/", headers={"Cookie": f"_token={token}"})

    assert (response.status_code, response.content) == (200, FILES["index.html"][1])


def test_who_reads_a_report_is_audited(stack: Stack, signed_in: httpx.Client) -> None:
    # given a report that no other test reads
    mine = REPORT.replace("batch-0001", "batch-0002")
    bucket = stack.site.settings.docs_bucket
    object_store.client(stack.site).put_object(Bucket=bucket, Key=mine, Body=b"<h1>mine</h1>")

    # when a user reads a page that is not there, a style sheet, and the report
    for key in ("absent.html", "assets/site.css", mine):
        signed_in.get(f"/{key}")

    # then the report is recorded, soon after
    deadline = time.monotonic() + 60
    found = audit.read(stack.site)
    while mine not in {event.subject for event in found}:
        assert time.monotonic() < deadline
        time.sleep(0.05)
        found = audit.read(stack.site)
    assert not {"absent.html", "assets/site.css"} & {event.subject for event in found}
    (event,) = (event for event in found if event.subject == mine)
    assert (event.actor, event.actor_kind) == (USER, "airflow")
    assert (event.action, event.peer) == ("read-report", "127.0.0.1")


def test_pages_run_no_script_and_only_airflow_can_frame_them(signed_in: httpx.Client) -> None:
    headers = signed_in.get("/index.html").headers

    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "frame-ancestors 'self'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "private, no-store"


@pytest.mark.parametrize(
    "key",
    [
        "absent.html", "raw", "raw/", "a//b.html", "%2e%2e/%2e%2e/etc/passwd", ".env", "a/.b",
        "raw/validations/raw/..%2f..%2fx/20261123T135350.661107Z/rows-raw.html",
        "raw/validations/raw/batch_0026/20261123T135350.661107Z/rows-raw.html",
        "%00", "index.html%0a", "http:%2f%2fexample.org", "x" * 600, "openapi.json", "docs",
    ],
)  # fmt: skip
def test_a_path_that_is_not_a_report_is_not_found(signed_in: httpx.Client, key: str) -> None:
    response = signed_in.get(f"/{key}")

    assert response.status_code == 404
    assert response.text.startswith("There is no ")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_can_be_changed(signed_in: httpx.Client, method: str) -> None:
    assert signed_in.request(method, "/index.html").status_code == 405
    assert signed_in.get("/index.html").content == FILES["index.html"][1]


def test_the_navigation_links_to_the_overview(airflow: httpx.Client, token: str) -> None:
    bearer = {"Authorization": f"Bearer {token}"}
    plugins = airflow.get("/api/v2/plugins", headers=bearer).raise_for_status().json()["plugins"]
    errors = airflow.get("/api/v2/plugins/importErrors", headers=bearer).raise_for_status().json()

    (plugin,) = (plugin for plugin in plugins if plugin["name"] == "data_quality")
    (view,) = plugin["external_views"]
    assert (view["name"], view["destination"]) == ("Data quality", "nav")
    assert airflow.get(f"/{view['href']}", headers=bearer).status_code == 200
    assert errors["import_errors"] == []


def test_an_unavailable_store_gives_503_until_it_is_back(
    stack: Stack, signed_in: httpx.Client
) -> None:
    # when
    stack._stop_services({object_store.NAME})
    try:
        response = signed_in.get("/index.html")
    finally:
        stack.up(PARTS)

    # then
    assert response.status_code == 503
    assert response.text.startswith("The object store is unavailable")
    # After a restart the store may need a few more seconds to find its volumes.
    deadline = time.monotonic() + 60
    while (again := signed_in.get("/index.html")).status_code == 503:
        assert time.monotonic() < deadline, again.text
        time.sleep(0.5)
    assert again.status_code == 200


def test_loading_the_plugin_imports_nothing_heavy(stack: Stack) -> None:
    environment = next(s for s in stack.services if s.name == API_SERVER).environment
    code = (
        "import sys, airflow.plugins_manager; before = set(sys.modules); import data_quality;"
        f" print([m for m in set(sys.modules) - before if m.startswith({HEAVY!r})])"
    )

    loaded = subprocess.run(
        [sys.executable, "-c", code],
        env={**environment, "PYTHONPATH": str(CHECKOUT / "plugins")},
        capture_output=True,
        text=True,
        check=True,
    )

    assert loaded.stdout.splitlines()[-1] == "[]"
