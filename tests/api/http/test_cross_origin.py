"""Pages of named origins may use CDS Hooks from a browser, and nothing else of the service."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Error, sync_playwright
from pydantic import ValidationError

from api.contract.fhir import examples
from api.main import create_app
from readmission.modelling.fitting import Fit
from readmission.settings import Settings
from tests.api.conftest import FakeModelStore
from tests.api.in_thread import serving
from tests.api.models import loaded
from tests.browser import browser, served

SANDBOX, WEBSITE = "https://sandbox.cds-hooks.org", "https://website.example"
SERVICES = "/cds-services"
SERVICE = f"{SERVICES}/readmission-in-chart"
BODY = {
    "hook": "patient-view",
    "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
    "context": {"userId": "Practitioner/u1", "patientId": "p1"},
    "prefetch": {"patient": examples.PATIENT, "stay": examples.bundle(*examples.RESOURCES[1:])},
}
PREFLIGHT = {
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization,content-type,x-api-key",
}
ALLOW = "access-control-allow-origin"
LOOPBACK = "--host-resolver-rules=MAP sandbox.example 127.0.0.1"


def service_for(store: FakeModelStore, *origins: str, role: str = "predict") -> Any:
    return create_app(Settings(cds_origins=origins, api_anonymous_role=role), store)


@pytest.fixture
def store(fake_store: FakeModelStore, fits: tuple[Fit, Fit]) -> FakeModelStore:
    fake_store.content = loaded("1", fits[0])
    return fake_store


@pytest.fixture
def client(store: FakeModelStore) -> Iterator[TestClient]:
    """A client of a service that is open to the sandbox."""
    app = service_for(store, SANDBOX)
    with TestClient(app, base_url="http://localhost") as client:
        app.state.service.holder.reload()
        yield client


def test_a_page_of_a_named_origin_gets_services_and_cards(client: TestClient) -> None:
    headers = {"origin": SANDBOX}

    asked = client.options(SERVICE, headers=headers | PREFLIGHT)
    listed = client.get(SERVICES, headers=headers)
    cards = client.post(SERVICE, json=BODY, headers=headers)
    refused = client.post(SERVICE, json=BODY | {"prefetch": None}, headers=headers)

    assert [one.status_code for one in (asked, listed, cards, refused)] == [200, 200, 200, 412]
    assert cards.json()["cards"]
    assert {one.headers[ALLOW] for one in (asked, listed, cards, refused)} == {SANDBOX}
    assert "POST" in asked.headers["access-control-allow-methods"]
    assert "authorization" in asked.headers["access-control-allow-headers"].lower()
    # A browser sends no cookie and no certificate, and keeps the answer out of shared caches.
    assert "access-control-allow-credentials" not in cards.headers
    assert cards.headers["vary"] == "Origin"


@pytest.mark.parametrize("path", ["/predict", "/health", "/cds-services.json", "/cds-servicesx"])
def test_a_named_origin_may_use_nothing_else(client: TestClient, path: str) -> None:
    for method in ("GET", "POST", "OPTIONS"):
        response = client.request(method, path, headers={"origin": SANDBOX} | PREFLIGHT)

        assert (response.status_code, response.json()["error"]) == (403, "origin")
        assert ALLOW not in response.headers


@pytest.mark.parametrize(
    "origin",
    [WEBSITE, "http://sandbox.cds-hooks.org", f"{SANDBOX}:8443", f"{SANDBOX}.evil", "null"],
)
def test_other_origins_are_refused(client: TestClient, origin: str) -> None:
    for request in (client.options, client.get):
        response = request(SERVICES, headers={"origin": origin} | PREFLIGHT)

        assert response.status_code == 403
        assert ALLOW not in response.headers


def test_no_origin_is_named_by_default(service: TestClient) -> None:
    response = service.get(SERVICES, headers={"host": "localhost", "origin": SANDBOX})

    assert (response.status_code, Settings().cds_origins) == (403, ())
    assert ALLOW not in service.get(SERVICES).headers


def test_a_named_origin_still_needs_a_key(store: FakeModelStore) -> None:
    with TestClient(
        service_for(store, SANDBOX, role="none"), base_url="http://localhost"
    ) as client:
        response = client.post(SERVICE, json=BODY, headers={"origin": SANDBOX})

    # The page can read why.
    assert (response.status_code, response.headers[ALLOW]) == (401, SANDBOX)


@pytest.mark.parametrize(
    ("named", "sent"),
    [
        ("https://ehr.example:443", "https://ehr.example"),
        ("http://ehr.example:80", "http://ehr.example"),
        ("https://ehr.example:80", "https://ehr.example:80"),
        ("http://[::1]:4430", "http://[::1]:4430"),
    ],
)
def test_the_default_port_is_left_out_as_browsers_do(
    store: FakeModelStore, named: str, sent: str
) -> None:
    with TestClient(service_for(store, named), base_url="http://localhost") as client:
        response = client.get(SERVICES, headers={"origin": sent})

    assert (response.status_code, response.headers[ALLOW]) == (200, sent)


@pytest.mark.parametrize("origin", ["*", "sandbox.example", "https://a.example/path", "file://"])
def test_what_is_no_origin_is_refused(origin: str) -> None:
    with pytest.raises(ValidationError):
        Settings(cds_origins=(origin,))


ASK = """async ([url, body]) => {
  const found = await fetch(url, {method: "POST", body: JSON.stringify(body),
    headers: {"content-type": "application/json"}});
  return await found.json();
}"""


def test_chromium_lets_the_page_of_a_named_origin_read_the_card(
    store: FakeModelStore, tmp_path: Path
) -> None:
    # given pages of two origins, and a service that is open to one
    (tmp_path / "index.html").touch()
    with served(tmp_path) as other, sync_playwright() as play:
        named = other.replace("127.0.0.1", "sandbox.example")
        arguments = [LOOPBACK, "--no-sandbox", "--no-proxy-server"]
        chromium = play.chromium.launch(executable_path=browser(), args=arguments)
        page = chromium.new_page()
        with serving(service_for(store, named)) as url:
            # when both pages ask for a card, then the first gets it
            page.goto(named)
            assert page.evaluate(ASK, [url + SERVICE, BODY])["cards"][0]["summary"]
            # and Chromium keeps it from the second
            page.goto(other)
            with pytest.raises(Error, match="Failed to fetch"):
                page.evaluate(ASK, [url + SERVICE, BODY])
        chromium.close()
