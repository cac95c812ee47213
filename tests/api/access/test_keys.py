"""API keys, roles, rate limits and the headers of every response."""

import hashlib
import logging
import pickle
import subprocess
import sys
from collections.abc import Iterator
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from api.access.keys import HEADER, Keyring, Role, entry_of
from api.access.limits import RateLimit
from api.contract.fhir import examples
from api.contract.protocols.cds_hooks import DISCHARGE
from api.errors import RateLimited, Unauthorized
from api.http.transport import HEADERS
from api.main import create_app
from readmission.domain.schema import example
from readmission.modelling.fitting import Fit
from readmission.settings import CHECKOUT, Settings, SettingsError
from readmission.warehouse.audit import coverage
from tests.api.conftest import FakeModelStore
from tests.api.models import loaded
from tests.api.routes.interop.test_cds_hooks import body_for
from tests.api.routes.interop.test_protocols import NAME, as_tensors
from tests.api.routes.test_about import check_error

KEYS = {"predict": "key-of-the-ward", "admin": "key-of-the-operator"}
STRANGER = "key-of-nobody"

OPEN, PREDICT, ADMIN = "open", "predict", "admin"
NOT_IN_OPENAPI = {("GET", "/docs"), ("GET", "/openapi.json")}
ENDPOINTS = {
    ("GET", "/"): OPEN,
    ("GET", "/health"): OPEN,
    ("GET", "/ready"): OPEN,
    ("GET", "/schema"): OPEN,
    ("GET", "/metrics"): OPEN,
    ("GET", "/docs"): OPEN,
    ("GET", "/openapi.json"): OPEN,
    ("POST", "/predict"): PREDICT,
    ("POST", "/predict/batch"): PREDICT,
    ("POST", "/explain"): PREDICT,
    ("GET", "/model"): PREDICT,
    ("GET", "/model/history"): PREDICT,
    ("GET", "/model/card"): PREDICT,
    ("GET", "/model/live"): PREDICT,
    ("GET", "/quality"): PREDICT,
    ("GET", "/predictions/{request_id}"): ADMIN,
    ("GET", "/follow_up"): PREDICT,
    ("POST", "/follow_up"): ADMIN,
    ("POST", "/reload_model"): ADMIN,
    ("POST", "/rollback"): ADMIN,
    ("POST", "/unpin"): ADMIN,
    ("POST", "/promote"): ADMIN,
    ("GET", "/ping"): OPEN,
    ("POST", "/invocations"): PREDICT,
    ("GET", "/v2"): OPEN,
    ("GET", "/v2/health/live"): OPEN,
    ("GET", "/v2/health/ready"): OPEN,
    ("GET", "/v2/models/{name}"): PREDICT,
    ("GET", "/v2/models/{name}/ready"): OPEN,
    ("POST", "/v2/models/{name}/infer"): PREDICT,
    ("POST", "/fhir/RiskAssessment"): PREDICT,
    ("GET", "/cds-services"): OPEN,
    ("POST", "/cds-services/{service_id}"): PREDICT,
    ("POST", "/cds-services/{service_id}/feedback"): PREDICT,
}
"""Every endpoint and the role it needs."""
BODIES: dict[str, object] = {
    "/promote": {"version": "1", "reason": "a test"},
    "/rollback": {"reason": "a test"},
    "/unpin": {"reason": "a test"},
    "/follow_up": {"threshold": 0.2, "reason": "a test"},
    "/predict/batch": [example()],
    "/invocations": {"instances": [example()]},
    "/v2/models/{name}/infer": as_tensors([example()]),
    "/fhir/RiskAssessment": examples.bundle(),
    "/cds-services/{service_id}": body_for(DISCHARGE),
    "/cds-services/{service_id}/feedback": {
        "feedback": [
            {
                "card": str(UUID(int=1)),
                "outcome": "accepted",
                "outcomeTimestamp": "2026-01-01T00:00Z",
            }
        ]
    },
}
"""Bodies of requests; all others send one encounter."""


def test_every_endpoint_says_whether_it_is_audited() -> None:
    assert set(coverage.ENDPOINTS) == {f"{method} {path}" for method, path in ENDPOINTS}, (
        "name the endpoint in readmission/warehouse/audit/coverage.py: the action that it records,"
        " or why it leaves no event"
    )


def settings(anonymous: str = "none", **changes: object) -> Settings:
    """Return settings with one key per role."""
    entries = ",".join(entry_of(role, key) for role, key in KEYS.items())
    values = {
        "api_keys": entries,
        "api_anonymous_role": anonymous,
        "api_rate_limit": 0,
        "model_poll_seconds": 3600,
        "mlflow_tracking_uri": "http://127.0.0.1:9",
    }
    return Settings(**values | changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def fake_store(fits: tuple[Fit, Fit]) -> FakeModelStore:
    """A model store with a model."""
    fake_store = FakeModelStore()
    fake_store.content = loaded("1", fits[0])
    return fake_store


@pytest.fixture(scope="module", autouse=True)
def no_retries() -> Iterator[None]:
    """Do not retry requests to the registry, which is unavailable here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        yield


@pytest.fixture(scope="module")
def service(fake_store: FakeModelStore) -> Iterator[TestClient]:
    """A service that requires keys."""
    app = create_app(settings(), fake_store)
    with TestClient(app, raise_server_exceptions=False) as client:
        app.state.service.holder.reload()
        yield client


def status_of(client: TestClient, method: str, path: str, key: str | None = None) -> int:
    """Send a request with a key; return the status."""
    headers = {} if key is None else {HEADER: key}
    sent = {"json": BODIES.get(path, example())} if method == "POST" else {}
    path = path.format(name=NAME, service_id=DISCHARGE, request_id="a-request")
    return client.request(method, path, headers=headers, **sent).status_code  # type: ignore[arg-type]


def test_every_endpoint_has_a_role_in_this_test(service: TestClient) -> None:
    described = service.get("/openapi.json").json()["paths"]
    found = {(method.upper(), path) for path, methods in described.items() for method in methods}

    assert found == set(ENDPOINTS) - NOT_IN_OPENAPI
    for method, path in found:
        role = ENDPOINTS[method, path]
        assert ("security" in described[path][method.lower()]) == (role != OPEN), path


@pytest.mark.parametrize(("endpoint", "role"), ENDPOINTS.items(), ids=str)
def test_each_role_may_call_its_endpoints_and_no_others(
    service: TestClient, endpoint: tuple[str, str], role: str
) -> None:
    by_key = {key: status_of(service, *endpoint, key) for key in (None, STRANGER, *KEYS.values())}

    # 409 and 503: authorized, but the registry is unavailable in this test
    authorized = {200, 409, 503}
    if role == OPEN:
        assert set(by_key.values()) <= authorized
        return
    assert by_key[None] == by_key[STRANGER] == 401
    assert by_key[KEYS["admin"]] in authorized
    assert by_key[KEYS["predict"]] in (authorized if role == PREDICT else {403})


@pytest.mark.parametrize(
    ("anonymous", "predict", "reload"),
    [("none", 401, 401), ("predict", 200, 401), ("admin", 200, 200)],
)
def test_a_caller_without_a_key_has_the_configured_role(
    fake_store: FakeModelStore, anonymous: str, predict: int, reload: int
) -> None:
    app = create_app(settings(anonymous), fake_store)
    with TestClient(app) as client:
        app.state.service.holder.reload()

        assert status_of(client, "POST", "/predict") == predict
        assert status_of(client, "POST", "/reload_model") == reload
        # an unknown key is rejected, even where no key is needed
        assert status_of(client, "POST", "/predict", STRANGER) == 401


@pytest.mark.parametrize(
    "key", ["", " ", "x" * 5_000, "ключ".encode().decode("latin-1"), KEYS["admin"] + " x", "\x00"]
)
def test_an_invalid_key_gets_the_usual_error_response(service: TestClient, key: str) -> None:
    response = service.post("/predict", json=example(), headers={HEADER: key.encode("latin-1")})

    body = check_error(response, 401, "unauthorized")
    assert "X-API-Key" in body["message"]


def test_a_forbidden_response_names_the_needed_role(service: TestClient) -> None:
    response = service.post("/rollback", headers={HEADER: KEYS["predict"]})

    assert "'admin'" in check_error(response, 403, "forbidden")["message"]


def test_keys_are_neither_logged_nor_returned(
    service: TestClient, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG):
        responses = [
            service.request(method, path, headers={HEADER: key}, json=example())
            for key in (*KEYS.values(), STRANGER)
            for method, path in (("POST", "/predict"), ("POST", "/reload_model"), ("GET", "/model"))
        ]
        metrics = service.get("/metrics").text
    output = caplog.text + "".join(capfd.readouterr()) + metrics
    output += "".join(response.text + str(response.headers) for response in responses)
    for key in (*KEYS.values(), STRANGER):
        assert key not in output
        assert hashlib.sha256(key.encode()).hexdigest() not in output


def test_a_new_key_works() -> None:
    command = [sys.executable, "-m", "api.access.keys", "admin"]
    made = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True)

    key, entry = (line.rsplit(" ", 1)[1] for line in made.stdout.splitlines())

    assert len(key) >= 43
    assert key not in entry
    keyring = Keyring.from_settings(Settings(api_keys=entry))  # type: ignore[arg-type]
    assert keyring.identify(key, "1.2.3.4", Role.ADMIN).role is Role.ADMIN
    with pytest.raises(Unauthorized):
        keyring.identify(key[:-1], "1.2.3.4", Role.PREDICT)


def test_keys_are_not_kept_in_memory() -> None:
    key = "a key that somebody sent"
    keyring = Keyring([entry_of("admin", key)], "none")

    for _ in range(2):
        assert keyring.identify(key, "1.2.3.4", Role.ADMIN).role is Role.ADMIN

    assert key.encode() not in pickle.dumps(keyring)


def test_a_key_in_place_of_its_hash_is_rejected_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("READMISSION_API_KEYS", f"admin:{STRANGER}")

    with pytest.raises(SettingsError, match="READMISSION_API_KEYS") as caught:
        Settings.from_environment()

    assert STRANGER not in str(caught.value)


def test_the_rate_limit_of_one_caller_does_not_affect_others(fake_store: FakeModelStore) -> None:
    app = create_app(settings(api_rate_limit=3), fake_store)
    with TestClient(app) as client:
        app.state.service.holder.reload()
        headers = {HEADER: KEYS["predict"]}
        responses = [client.post("/predict", json=example(), headers=headers) for _ in range(200)]

        rejected = next(response for response in responses if response.status_code != 200)
        body = check_error(rejected, 429, "too_many")
        assert "At most 3 requests per second" in body["message"]
        assert status_of(client, "POST", "/predict", KEYS["admin"]) == 200
        assert status_of(client, "GET", "/health") == 200


@pytest.mark.parametrize("key", [None, STRANGER])
def test_failed_key_attempts_are_rate_limited(fake_store: FakeModelStore, key: str | None) -> None:
    with TestClient(create_app(settings(api_rate_limit=3), fake_store)) as client:
        statuses = [status_of(client, "POST", "/predict", key) for _ in range(100)]

        assert statuses[:3] == [401] * 3
        assert set(statuses) == {401, 429}
        # and callers with a key are not affected
        assert status_of(client, "GET", "/model/history", KEYS["admin"]) in (200, 503)


def test_a_limit_allows_a_number_of_requests_per_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("api.access.limits.monotonic", lambda: now[0])
    limit = RateLimit(10)

    def allowed(caller: str, times: int) -> int:
        count = 0
        for _ in range(times):
            try:
                limit.take(caller)
            except RateLimited:
                continue
            count += 1
        return count

    assert allowed("a", 50) == 10
    assert allowed("b", 5) == 5
    now[0] += 0.5
    assert allowed("a", 50) == 5
    now[0] += 60
    assert allowed("a", 50) == 10


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("GET", path) for path in ("/health", "/schema", "/docs", "/nowhere", "/predict")),
        *(("POST", path) for path in ("/predict", "/reload_model", "/predict/batch")),
        ("OPTIONS", "/predict"),
    ],
)
def test_every_response_has_the_headers_that_protect_patient_data(
    service: TestClient, method: str, path: str
) -> None:
    for key in (None, KEYS["admin"]):
        headers = {"origin": "https://elsewhere.example"} | ({HEADER: key} if key else {})
        response = service.request(method, path, headers=headers)

        for name, value in HEADERS.items():
            # The documentation adds a policy of its own, and browsers enforce both.
            assert value in response.headers.get_list(name), name
        assert response.headers["x-request-id"]
        assert "server" not in response.headers
        # a page of another site may not read it
        assert not [name for name in response.headers if name.startswith("access-control-")]
