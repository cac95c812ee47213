"""Who may do what, how often, and what every answer carries."""

import hashlib
import logging
import pickle
import subprocess
import sys
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from api.access.keys import HEADER, Keyring, Role, entry_of
from api.access.limits import RateLimit
from api.errors import TooMany, Unauthorized
from api.http.transport import HEADERS
from api.main import create_app
from readmission.domain.schema import example
from readmission.modelling.fitting import Fit
from readmission.settings import CHECKOUT, Settings, SettingsError
from tests.api.conftest import Shelf
from tests.api.models import loaded
from tests.api.routes.test_about import check_refusal

KEYS = {"predict": "key-of-the-ward", "admin": "key-of-the-operator"}
STRANGER = "key-of-nobody"

OPEN, PREDICT, ADMIN = "open", "predict", "admin"
UNDESCRIBED = {("GET", "/docs"), ("GET", "/openapi.json")}
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
    ("GET", "/quality"): PREDICT,
    ("POST", "/reload_model"): ADMIN,
    ("POST", "/rollback"): ADMIN,
}
"""Every endpoint, and the role it needs."""


def settings(anonymous: str = "none", **changes: object) -> Settings:
    """Return settings with a key for each role."""
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
def shelf(fits: tuple[Fit, Fit]) -> Shelf:
    """A shelf with a model."""
    shelf = Shelf()
    shelf.content = loaded("1", fits[0])
    return shelf


@pytest.fixture(scope="module", autouse=True)
def impatient() -> Iterator[None]:
    """A registry that is away need not be asked twice."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        yield


@pytest.fixture(scope="module")
def service(shelf: Shelf) -> Iterator[TestClient]:
    """A service that wants keys."""
    app = create_app(settings(), shelf)
    with TestClient(app, raise_server_exceptions=False) as client:
        app.state.serving.holder.reload()
        yield client


def ask(client: TestClient, method: str, path: str, key: str | None = None) -> int:
    """Ask as the holder of a key; return the status."""
    headers = {} if key is None else {HEADER: key}
    body = {"json": [example()] if "batch" in path else example()} if method == "POST" else {}
    return client.request(method, path, headers=headers, **body).status_code  # type: ignore[arg-type]


def test_every_endpoint_is_listed_here(service: TestClient) -> None:
    described = service.get("/openapi.json").json()["paths"]
    found = {(method.upper(), path) for path, of in described.items() for method in of}

    assert found == set(ENDPOINTS) - UNDESCRIBED
    for method, path in found:
        role = ENDPOINTS[method, path]
        assert ("security" in described[path][method.lower()]) == (role != OPEN), path


@pytest.mark.parametrize(("endpoint", "role"), ENDPOINTS.items(), ids=str)
def test_each_role_may_do_what_it_should_and_no_more(
    service: TestClient, endpoint: tuple[str, str], role: str
) -> None:
    by_key = {key: ask(service, *endpoint, key) for key in (None, STRANGER, *KEYS.values())}

    # 503 and 409: let in, and the registry is away in this test
    let_in = {200, 409, 503}
    if role == OPEN:
        assert set(by_key.values()) <= let_in
        return
    assert by_key[None] == by_key[STRANGER] == 401
    assert by_key[KEYS["admin"]] in let_in
    assert by_key[KEYS["predict"]] in (let_in if role == PREDICT else {403})


@pytest.mark.parametrize(
    ("anonymous", "predict", "reload"),
    [("none", 401, 401), ("predict", 200, 401), ("admin", 200, 200)],
)
def test_a_caller_without_a_key_has_the_role_that_is_set(
    shelf: Shelf, anonymous: str, predict: int, reload: int
) -> None:
    app = create_app(settings(anonymous), shelf)
    with TestClient(app) as client:
        app.state.serving.holder.reload()

        assert ask(client, "POST", "/predict") == predict
        assert ask(client, "POST", "/reload_model") == reload
        # a key that is wrong is wrong, whatever those without one may do
        assert ask(client, "POST", "/predict", STRANGER) == 401


@pytest.mark.parametrize(
    "key", ["", " ", "x" * 5_000, "ключ".encode().decode("latin-1"), KEYS["admin"] + " x", "\x00"]
)
def test_a_key_that_is_none_is_refused_in_the_one_shape(service: TestClient, key: str) -> None:
    response = service.post("/predict", json=example(), headers={HEADER: key.encode("latin-1")})

    body = check_refusal(response, 401, "unauthorized")
    assert "X-API-Key" in body["message"]


def test_a_refusal_says_which_role_is_needed(service: TestClient) -> None:
    refused = service.post("/rollback", headers={HEADER: KEYS["predict"]})

    assert "'admin'" in check_refusal(refused, 403, "forbidden")["message"]


def test_nothing_of_a_key_is_logged_or_answered(
    service: TestClient, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG):
        answers = [
            service.request(method, path, headers={HEADER: key}, json=example())
            for key in (*KEYS.values(), STRANGER)
            for method, path in (("POST", "/predict"), ("POST", "/reload_model"), ("GET", "/model"))
        ]
        metrics = service.get("/metrics").text
    told = caplog.text + "".join(capfd.readouterr()) + metrics
    told += "".join(answer.text + str(answer.headers) for answer in answers)
    for key in (*KEYS.values(), STRANGER):
        assert key not in told
        assert hashlib.sha256(key.encode()).hexdigest() not in told


def test_a_key_that_is_made_works() -> None:
    command = [sys.executable, "-m", "api.access.keys", "admin"]
    made = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True)

    key, entry = (line.rsplit(" ", 1)[1] for line in made.stdout.splitlines())

    assert len(key) >= 43
    assert key not in entry
    keyring = Keyring.from_settings(Settings(api_keys=entry))  # type: ignore[arg-type]
    assert keyring.identify(key, "1.2.3.4", Role.ADMIN).role is Role.ADMIN
    with pytest.raises(Unauthorized):
        keyring.identify(key[:-1], "1.2.3.4", Role.PREDICT)


def test_no_key_is_kept_in_memory() -> None:
    key = "a key that somebody has presented"
    keyring = Keyring([entry_of("admin", key)], "none")

    for _ in range(2):
        assert keyring.identify(key, "1.2.3.4", Role.ADMIN).role is Role.ADMIN

    assert key.encode() not in pickle.dumps(keyring)


def test_a_key_in_place_of_its_hash_is_refused_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("READMISSION_API_KEYS", f"admin:{STRANGER}")

    with pytest.raises(SettingsError, match="READMISSION_API_KEYS") as refused:
        Settings.from_environment()

    assert STRANGER not in str(refused.value)


def test_who_asks_too_much_is_told_so_and_nobody_else_is(shelf: Shelf) -> None:
    app = create_app(settings(api_rate_limit=3), shelf)
    with TestClient(app) as client:
        app.state.serving.holder.reload()
        headers = {HEADER: KEYS["predict"]}
        answers = [client.post("/predict", json=example(), headers=headers) for _ in range(200)]

        refused = next(answer for answer in answers if answer.status_code != 200)
        body = check_refusal(refused, 429, "too_many")
        assert "At most 3 requests a second" in body["message"]
        assert ask(client, "POST", "/predict", KEYS["admin"]) == 200
        assert ask(client, "GET", "/health") == 200


@pytest.mark.parametrize("key", [None, STRANGER])
def test_who_tries_keys_is_held_up_too(shelf: Shelf, key: str | None) -> None:
    with TestClient(create_app(settings(api_rate_limit=3), shelf)) as client:
        statuses = [ask(client, "POST", "/predict", key) for _ in range(100)]

        assert statuses[:3] == [401] * 3
        assert set(statuses) == {401, 429}
        # and who has a key is not
        assert ask(client, "GET", "/model/history", KEYS["admin"]) in (200, 503)


def test_a_limit_lets_through_so_many_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("api.access.limits.monotonic", lambda: now[0])
    limit = RateLimit(10)

    def let_through(caller: str, times: int) -> int:
        answered = 0
        for _ in range(times):
            try:
                limit.take(caller)
            except TooMany:
                continue
            answered += 1
        return answered

    assert let_through("a", 50) == 10
    assert let_through("b", 5) == 5
    now[0] += 0.5
    assert let_through("a", 50) == 5
    now[0] += 60
    assert let_through("a", 50) == 10


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("GET", path) for path in ("/health", "/schema", "/docs", "/nowhere", "/predict")),
        *(("POST", path) for path in ("/predict", "/reload_model", "/predict/batch")),
        ("OPTIONS", "/predict"),
    ],
)
def test_every_answer_carries_the_headers_that_keep_patients_data_in(
    service: TestClient, method: str, path: str
) -> None:
    for key in (None, KEYS["admin"]):
        headers = {"origin": "https://elsewhere.example"} | ({HEADER: key} if key else {})
        answer = service.request(method, path, headers=headers)

        assert HEADERS.items() <= dict(answer.headers).items()
        assert answer.headers["x-request-id"]
        assert "server" not in answer.headers
        # another site's page may not read it
        assert not [name for name in answer.headers if name.startswith("access-control-")]
