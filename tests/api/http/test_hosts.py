"""The service responds only to its own names and pages: others may be a website's."""

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.http.hosts import MAX_ACCEPTED, AllowedHosts
from api.main import create_app
from readmission.settings import Settings
from tests.api.conftest import FakeModelStore

NAMES = ("fastapi", "api.hospital.example", "*.svc.cluster.local", "192.168.49.2", "[fd00::7]")
OWN = ["10.244.0.7", 8000]


def client(server: list[Any] = OWN) -> TestClient:
    """Return a client of a service with these names, on a connection to this address."""
    app = FastAPI()
    app.get("/")(lambda: "here")

    async def arrived(scope: Any, receive: Any, send: Any) -> None:
        await AllowedHosts(app, NAMES)(scope | {"server": server}, receive, send)

    return TestClient(arrived)


@pytest.mark.parametrize(
    "host",
    [
        "localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000", "LocalHost", "localhost.",
        "fastapi:8000", "api.hospital.example", "fastapi.readmission.svc.cluster.local",
        "192.168.49.2:30800", "[fd00::7]:8000",
        "10.244.0.7:8000",  # the pod's address, which the probes and Prometheus use
    ],
)  # fmt: skip
def test_own_names_are_allowed(host: str) -> None:
    assert client().get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "rebound.example", "rebound.example:8000", "127.0.0.1.rebound.example",
        "localhost.rebound.example", "notlocalhost", "svc.cluster.local", "xsvc.cluster.local",
        "10.244.0.8", "fastapi@rebound.example", "localhost:8000:1", "localhost:port", "[::1", "",
        "localhost/x", "localhost ", "::1",
    ],
)  # fmt: skip
def test_other_names_are_rejected(host: str) -> None:
    response = client().get("/", headers={"host": host})

    assert response.status_code == 400
    assert response.json()["error"] == "host"
    assert "READMISSION_ALLOWED_HOSTS" in response.json()["message"]


def test_two_host_headers_are_rejected() -> None:
    headers = [("host", "localhost"), ("host", "rebound.example")]

    assert client().get("/", headers=headers).status_code == 400


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://localhost:8501", 200), ("https://api.hospital.example", 200),
        ("https://website.example", 403), ("http://website.example:8000", 403),
        ("http://localhost.website.example", 403), ("null", 403), ("", 403),
    ],
)  # fmt: skip
def test_pages_of_other_websites_are_rejected(origin: str, status: int) -> None:
    response = client().get("/", headers={"host": "localhost", "origin": origin})

    assert response.status_code == status
    if status == 403:
        assert response.json()["error"] == "origin"


@pytest.mark.parametrize("address", ["::1", "::ffff:10.0.0.3", "fd00::5"])
def test_the_address_of_a_connection_may_be_ipv6(address: str) -> None:
    shown = {"::ffff:10.0.0.3": "10.0.0.3"}.get(address, f"[{address}]")

    response = client([address, 8000]).get("/", headers={"host": f"{shown}:8000"})

    assert response.status_code == 200


def test_remembered_headers_are_bounded() -> None:
    async def app(*_: Any) -> None:
        pass

    hosts = AllowedHosts(app, ())
    for port in range(2 * MAX_ACCEPTED):
        assert hosts._allows(b"localhost:%d" % port, {})
    assert len(hosts._accepted) == MAX_ACCEPTED


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/predict"), ("POST", "/explain"), ("POST", "/predict/batch"), ("GET", "/metrics")],
)
def test_every_path_of_the_service_is_covered(
    service: TestClient, encounter: dict[str, str | int], method: str, path: str
) -> None:
    # given a service with a model; when a request names another host
    rejected = service.request(
        method, path, json=encounter, headers={"host": "rebound.example", "x-request-id": "its-id"}
    )
    # then it is rejected in the form of all errors, also on the direct routes
    assert rejected.status_code == 400
    assert (rejected.json()["error"], rejected.json()["request_id"]) == ("host", "its-id")
    assert rejected.headers["x-request-id"] == "its-id"
    # so is what a page of another website sends to a name of the service
    foreign = {"host": "localhost", "origin": "https://website.example"}
    rejected = service.request(method, path, json=encounter, headers=foreign)
    assert (rejected.status_code, rejected.json()["error"]) == (403, "origin")
    # and the same request to localhost is not
    allowed = service.request(method, path, json=encounter, headers={"host": "localhost"})
    assert allowed.status_code != 400 or "host" not in allowed.json()["error"]


def test_the_setting_adds_names(fake_store: FakeModelStore) -> None:
    app = create_app(Settings(allowed_hosts=("api.hospital.example",)), fake_store)
    with TestClient(app) as client:
        statuses = {
            host: client.get("/health", headers={"host": host}).status_code
            for host in ("api.hospital.example", "127.0.0.1:8000", "rebound.example")
        }
    assert statuses == {"api.hospital.example": 200, "127.0.0.1:8000": 200, "rebound.example": 400}
