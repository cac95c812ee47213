"""The login of the MLflow server: who may call what, against a real server."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import httpx
import mlflow
import psycopg
import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.server import app
from mlflow.server.auth import routes
from pydantic import SecretStr
from requests import HTTPError

from readmission.domain.production import (
    CRITERION,
    PIN,
    PROMOTED_VERSION,
    Pin,
    Production,
    PromotionByHand,
    Rollback,
)
from readmission.modelling.mlflow_runs import (
    Lineage,
    bundle_tags,
    code_tags,
    history_tag,
    log_fit,
)
from readmission.operations.mlflow_server.__main__ import MAX_HEAD
from readmission.operations.mlflow_server.permissions import RULES, TAGS, allowed, pattern
from readmission.pipeline.promotion.approval import APPROVED_BY
from readmission.pipeline.promotion.order import APPROVAL, ASKED_AT, CARRIED_OUT
from readmission.registry import CHALLENGER, DRIFT_REFERENCE, PRODUCTION, Registry
from readmission.registry.rollbacks import roll_back, rollbacks
from readmission.settings import CHECKOUT, PREFIX
from readmission.stack.services.mlflow import SERVER
from readmission.stack.services.postgres import dsn
from readmission.stack.site.ports import free_ports
from tests.api.models import ROWS, small_fit
from tests.conftest import Platform
from tests.signing import SIGNER, TRUSTED

ROLES = ("viewer", "training", "promotion", "admin")
API = "/api/2.0/mlflow"
UPLOAD = "/api/2.0/mlflow-artifacts/artifacts/{}/x/artifacts/file.txt"


def endpoints() -> set[tuple[str, str]]:
    """Return method and path of everything that MLflow serves."""
    own = {("GET", routes.GET_CURRENT_USER), ("GET", routes.LIST_CURRENT_USER_PERMISSIONS)}
    own |= {("POST", routes.CREATE_USER), ("PATCH", routes.UPDATE_USER_PASSWORD)}
    own |= {("GET", routes.SIGNUP), ("POST", routes.CREATE_USER_UI)}
    served = {
        (method, rule.rule.replace("<path:artifact_path>", "1/a/b").replace("<model_id>", "m-1"))
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
        if method not in {"HEAD", "OPTIONS"}
    }
    return served | own


def short(path: str) -> str:
    """Return a path without the prefix of the API."""
    return re.sub(r"^/(ajax-)?api/\d\.\d/", "", path)


def writes(role: str) -> set[str]:
    """Return what a role may call that is neither a GET nor a search."""
    return {
        f"{method} {short(path)}"
        for method, path in endpoints()
        if allowed(role, method, path) and method != "GET"
        if not path.endswith(
            ("/search", "/search-datasets", "/get-latest-versions", "/graphql", "/metrics")
        )
    }


@pytest.fixture
def client(platform: Platform) -> Iterator[Callable[..., httpx.Client]]:
    """Open an HTTP client for a user, or for nobody."""
    opened: list[httpx.Client] = []

    def open_client(role: str | None = None, password: str | None = None) -> httpx.Client:
        known = role and getattr(platform.site.credentials, f"mlflow_{role}", "")
        auth = (role, password or known) if role else None
        opened.append(httpx.Client(base_url=platform.mlflow_uri, auth=auth, trust_env=False))
        return opened[-1]

    yield open_client
    for each in opened:
        each.close()


@pytest.fixture
def log_in(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], MlflowClient]:
    """Log in MLflow's own client as a user until the test ends."""

    def as_user(role: str) -> MlflowClient:
        password = getattr(platform.site.credentials, f"mlflow_{role}")
        monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", role)
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", password)
        mlflow.set_tracking_uri(platform.mlflow_uri)
        return MlflowClient(platform.mlflow_uri)

    return as_user


@pytest.fixture
def version(log_in: Callable[[str], MlflowClient]) -> tuple[str, str]:
    """A version of a new model, registered as training does; returns model and version."""
    training = log_in("training")
    name = f"model_{uuid4().hex}"
    experiment = training.create_experiment(name)
    with mlflow.start_run(experiment_id=experiment) as run:
        mlflow.log_params({"depth": 3})
        mlflow.log_metrics({"f1": 0.5})
        mlflow.log_text("hello", "greeting.txt")
    training.create_registered_model(name)
    source = f"{run.info.artifact_uri}/greeting.txt"
    tags = {"batch_id": "batch-0001", "family": "xgboost"}
    found = training.create_model_version(name, source, run.info.run_id, tags=tags)
    return name, str(found.version)


def refused(call: Callable[[], object]) -> None:
    """Check that MLflow forbids a call."""
    with pytest.raises((MlflowException, HTTPError)) as error:
        call()
    assert "Permission denied" in str(error.value)


@pytest.mark.parametrize("rule", sorted(set().union(*RULES.values())))
def test_each_rule_is_about_something_that_mlflow_serves(rule: str) -> None:
    # given what no update of MLflow has renamed
    served = {f"{method} {short(path)}" for method, path in endpoints()}

    # then
    assert any(map(pattern([rule]).fullmatch, served))


def test_only_these_calls_write() -> None:
    assert writes("viewer") == set()
    assert writes("promotion") == {
        "POST mlflow/model-versions/set-tag",
        "POST mlflow/model-versions/transition-stage",
        "POST mlflow/registered-models/alias",
        "POST mlflow/registered-models/set-tag",
    }
    assert not {
        call
        for call in writes("training")
        if any(word in call for word in ("DELETE", "delete", "alias", "stage", "user", "webhook"))
    }


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/version",
        "/signup",
        "/graphql",
        f"{API}/experiments/search?max_results=5",
        "/ajax-api/2.0/mlflow/experiments/search?max_results=5",
        f"{API}/users/list",
        "/api/2.0/mlflow-artifacts/artifacts?path=",
        "/api/2.0/mlflow-artifacts/artifacts/1/x",
        "/get-artifact?run_uuid=1&path=x",
        "/gateway/mlflow/v1/models",
        "/ajax-api/3.0/mlflow/assistant/config",
        "/nothing",
    ],
)
def test_without_a_password_nobody_reads_anything(
    client: Callable[..., httpx.Client], path: str
) -> None:
    for stranger in (client(), client("viewer", "wrong"), client("nobody", "password1234")):
        response = stranger.get(path)

        assert response.status_code == 401, (path, response.text)
        assert response.headers["WWW-Authenticate"].startswith("Basic")


def test_the_default_admin_does_not_exist(client: Callable[..., httpx.Client]) -> None:
    assert client("admin", "password1234").get("/").status_code == 401


def test_probes_need_no_password(client: Callable[..., httpx.Client]) -> None:
    assert client().get("/health").text == "OK"


@pytest.mark.parametrize("role", ROLES)
def test_everybody_with_a_password_reads(
    role: str, version: tuple[str, str], client: Callable[..., httpx.Client], tmp_path: Path,
    log_in: Callable[[str], MlflowClient],
) -> None:  # fmt: skip
    # given
    name, number = version
    http, reader = client(role), log_in(role)

    # when
    found = reader.get_model_version(name, number)
    folder = mlflow.artifacts.download_artifacts(
        f"runs:/{found.run_id}/greeting.txt", dst_path=str(tmp_path)
    )

    # then
    assert found.tags == {"batch_id": "batch-0001", "family": "xgboost"}
    assert Path(folder).read_text() == "hello"
    assert [
        run.info.run_id
        for run in reader.search_runs([reader.get_run(found.run_id).info.experiment_id])
    ] == [found.run_id]
    for path in (
        "/",
        "/version",
        f"{API}/experiments/search?max_results=5",
        "/ajax-api/2.0/mlflow/gateway-proxy?gateway_path=api%2F2.0%2Fendpoints%2F",
    ):
        assert http.get(path).status_code == 200, path
    run = f'mlflowGetRun(input: {{runId: "{found.run_id}"}}) {{run {{info {{runName}}}}}}'
    query = {"query": f"{{{run}}}"}
    assert "runName" in http.post("/graphql", json=query).text


def test_a_viewer_writes_nothing(
    version: tuple[str, str], client: Callable[..., httpx.Client],
    log_in: Callable[[str], MlflowClient],
) -> None:  # fmt: skip
    # given
    name, number = version
    viewer = log_in("viewer")
    run = viewer.get_model_version(name, number).run_id
    experiment = viewer.get_run(run).info.experiment_id

    # then
    refused(lambda: viewer.create_experiment("mine"))
    refused(lambda: viewer.create_run(experiment))
    refused(lambda: viewer.log_metric(run, "f1", 1.0))
    refused(lambda: viewer.log_text(run, "x", "x.txt"))
    refused(lambda: viewer.create_registered_model("mine"))
    refused(lambda: viewer.set_model_version_tag(name, number, "family", "mine"))
    refused(lambda: viewer.set_registered_model_alias(name, PRODUCTION, number))
    refused(lambda: viewer.set_registered_model_tag(name, PROMOTED_VERSION, number))
    refused(lambda: viewer.delete_registered_model(name))
    http = client("viewer")
    assert http.get("/signup").status_code == 403
    assert http.get(f"{API}/users/list").status_code == 403
    own = {"username": "viewer", "password": "a-password-of-my-own"}
    assert http.patch(f"{API}/users/update-password", json=own).status_code == 403


def test_training_moves_no_alias_and_deletes_nothing(
    version: tuple[str, str], log_in: Callable[[str], MlflowClient]
) -> None:
    # given
    name, number = version
    log_in("promotion").set_registered_model_alias(name, PRODUCTION, number)
    training = log_in("training")
    run = training.get_run(training.get_model_version(name, number).run_id).info

    # then
    refused(lambda: training.set_registered_model_alias(name, PRODUCTION, number))
    refused(lambda: training.set_model_version_tag(name, number, "approval", "approved"))
    refused(lambda: training.set_registered_model_tag(name, PROMOTED_VERSION, number))
    refused(lambda: training.delete_registered_model_tag(name, PROMOTED_VERSION))
    refused(lambda: training.delete_registered_model_alias(name, PRODUCTION))
    refused(lambda: training.transition_model_version_stage(name, number, "Production"))
    refused(lambda: training.delete_model_version(name, number))
    refused(lambda: training.delete_registered_model(name))
    refused(lambda: training.rename_registered_model(name, "other"))
    refused(lambda: training.delete_run(run.run_id))
    refused(lambda: training.delete_experiment(run.experiment_id))
    assert training.get_model_version_by_alias(name, PRODUCTION).version == number


DECISIONS = [
    *(*PromotionByHand.now("1", "Dr. Osei", "why").tags, *Rollback.now("2", "1", "Dr. Osei").tag),
    *(APPROVAL, APPROVED_BY, ASKED_AT, CARRIED_OUT, "verdict", "verdict_reason", "compared_with"),
    *("promotion_rule", f"{CRITERION}log_loss", "test_log_loss", PROMOTED_VERSION, PIN, "mine"),
]


def test_training_gives_no_tag_that_is_read_as_a_decision(
    version: tuple[str, str], client: Callable[..., httpx.Client],
    log_in: Callable[[str], MlflowClient],
) -> None:  # fmt: skip
    # given
    name, number = version
    training = log_in("training")
    found = training.get_model_version(name, number)

    def register(tags: dict[str, str]) -> object:
        return training.create_model_version(name, found.source, found.run_id, tags=tags)

    # then neither with a version, nor with a model
    for tag in DECISIONS:
        refused(lambda tag=tag: register({"batch_id": "batch-0002", tag: "approved"}))
    new = f"{name}_copy"
    refused(lambda: training.create_registered_model(new, tags={PROMOTED_VERSION: "1"}))
    refused(lambda: training.create_registered_model(new, tags={PIN: "{}"}))

    # nor over another prefix of the API, with any spelling of the content's type
    body = {"name": name, "source": found.source, "tags": [{"key": APPROVAL, "value": "approved"}]}
    for prefix in ("/api/2.0", "/ajax-api/2.0"):
        for kind in ("application/json", "text/plain"):
            answer = client("training").post(
                f"{prefix}/mlflow/model-versions/create",
                content=json.dumps(body), headers={"Content-Type": kind},
            )  # fmt: skip
            assert answer.status_code in (400, 403), answer.text

    # nor by copying a version that has them
    log_in("promotion").set_model_version_tag(name, number, APPROVAL, "approved")
    training = log_in("training")
    refused(lambda: training.copy_model_version(f"models:/{name}/{number}", new))
    assert [one.version for one in training.search_model_versions(f"name='{name}'")] == [number]


def test_training_gives_the_tags_that_say_what_a_version_was_made_from() -> None:
    # given what `register_best` and earlier releases write
    lineage = Lineage("batch-0001", 1, ROWS, "sha", "synthetic")
    tags = lineage.tags() | bundle_tags(SIGNER) | code_tags("xgboost") | history_tag(known=True)

    assert set(tags) == TAGS["mlflow/model-versions/create"]


def test_promotion_moves_aliases_and_logs_nothing(
    version: tuple[str, str], client: Callable[..., httpx.Client],
    log_in: Callable[[str], MlflowClient],
) -> None:  # fmt: skip
    # given
    name, number = version
    promotion = log_in("promotion")
    run = promotion.get_run(promotion.get_model_version(name, number).run_id).info

    # when
    promotion.set_registered_model_alias(name, PRODUCTION, number)
    promotion.set_registered_model_tag(name, PROMOTED_VERSION, number)
    promotion.transition_model_version_stage(name, number, "Production")
    promotion.set_model_version_tag(name, number, "verdict", "promoted")

    # then
    found = promotion.get_model_version(name, number)
    assert (found.aliases, found.current_stage) == ([PRODUCTION], "Production")
    assert found.tags["verdict"] == "promoted"
    assert promotion.get_registered_model(name).tags == {PROMOTED_VERSION: number}
    refused(lambda: promotion.create_run(run.experiment_id))
    refused(lambda: promotion.log_metric(run.run_id, "f1", 1.0))
    refused(lambda: promotion.log_text(run.run_id, "x", "greeting.txt"))
    refused(lambda: promotion.create_model_version(name, run.artifact_uri, run.run_id))
    refused(lambda: promotion.delete_registered_model_alias(name, PRODUCTION))
    http = client("promotion")
    upload = UPLOAD.format(run.experiment_id)
    assert http.put(upload, content=b"x").status_code == 403
    assert http.put(upload.replace("/api/", "/ajax-api/"), content=b"x").status_code == 403
    assert http.delete(upload).status_code == 403


def test_each_role_suffices_for_its_part_of_the_pipeline(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given the roles' own logins
    for name in ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"):
        monkeypatch.setenv(name, "replaced by each login")
    unique = f"roles_{uuid4().hex}"
    passwords = {
        f"mlflow_{role}_password": SecretStr(getattr(platform.site.credentials, f"mlflow_{role}"))
        for role in ROLES
    }
    named = {"model_name": unique, "experiment": unique}
    settings = platform.settings.model_copy(update=passwords | named)

    # when training logs and registers two models
    training = Registry(settings.as_mlflow("training"))
    lineages = [Lineage(f"batch-000{n}", n, ROWS, f"sha-{n}", "synthetic") for n in (1, 2)]
    fitted = small_fit()
    runs = [
        log_fit(fitted, lineage, training.experiment_id(), {DRIFT_REFERENCE: {"n": 1}}, SIGNER)
        for lineage in lineages
    ]
    versions = [
        training.register(run, lineage.tags()) for run, lineage in zip(runs, lineages, strict=True)
    ]

    # and promotion opens them and moves the aliases
    promotion = Registry(settings.as_mlflow("promotion"))
    for version in versions:
        promotion.set_alias(CHALLENGER, version)
        promotion.open(version, TRUSTED)
        promotion.tag_version(version, {"verdict": "promoted"})
        promotion.promote(version)
    done = roll_back(promotion, Pin(versions[0], "somebody", "why"))
    assert (done.left, done.back) == (versions[1], versions[0])
    promotion.write_pin(None)

    # then a viewer sees it all
    viewer = Registry(settings.as_mlflow("viewer"))
    assert viewer.open(versions[0], TRUSTED).registered.tags["verdict"] == "promoted"
    assert viewer.version_of(PRODUCTION) == versions[0]
    assert viewer.production() == Production(versions[0], (versions[0],))
    assert viewer.drift_reference(versions[0]) == {"n": 1}
    assert [found["run_id"] for found in viewer.newest_candidates()] == [runs[1]]
    assert [found.by for found in rollbacks(viewer)] == ["somebody"]


def test_before_the_first_model_a_viewer_finds_none(
    platform: Platform, log_in: Callable[[str], MlflowClient]
) -> None:
    # given neither the model nor the experiment
    missing = {"model_name": f"missing_{uuid4().hex}", "experiment": f"missing_{uuid4().hex}"}
    log_in("viewer")
    registry = Registry(platform.site.settings.model_copy(update=missing))

    # then
    assert registry.version_of(PRODUCTION) is None
    assert registry.production() == Production()
    assert registry.versions() == rollbacks(registry) == registry.newest_candidates() == []


@contextmanager
def serving(platform: Platform, passwords: dict[str, str], log: Path) -> Iterator[str]:
    """Run an MLflow server on a database of its own until the block ends."""
    port = free_ports(1)[0]
    address = dsn(platform.site, "mlflow").rpartition("/")[0]
    environment = {
        f"{PREFIX}MLFLOW_DSN": f"{address}/logins",
        "MLFLOW_SERVER_ALLOWED_HOSTS": "localhost:*,127.0.0.1:*",
        "PYTHONPATH": str(CHECKOUT / "include"),
        **{f"{PREFIX}MLFLOW_{role.upper()}_PASSWORD": passwords[role] for role in ROLES},
    }
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", SERVER, "127.0.0.1", str(port)],
            env=dict(os.environ) | environment, stdout=sink, stderr=subprocess.STDOUT,
        )  # fmt: skip
    uri = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 120
        while process.poll() is None and time.monotonic() < deadline:
            try:
                if httpx.get(f"{uri}/health", trust_env=False).status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.2)
        assert process.poll() is None, log.read_text()
        yield uri
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture
def logins(platform: Platform) -> Iterator[Platform]:
    """The platform, with an empty database ``logins``, which belongs to MLflow's role."""
    address = dsn(platform.site, "mlflow").rpartition("/")[0]
    superuser = f"postgresql://postgres:{platform.site.credentials.postgres}@"
    server = superuser + address.partition("@")[2] + "/postgres"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE logins OWNER mlflow")
        yield platform
        connection.execute("DROP DATABASE logins WITH (FORCE)")


def test_a_changed_secret_changes_the_user(logins: Platform, tmp_path: Path) -> None:
    # given a server with yesterday's passwords
    def status(uri: str, user: str, password: str, host: str | None = None) -> int:
        headers = {"Host": host} if host else {}
        return httpx.get(
            f"{uri}/ajax-api/3.0/mlflow/assistant/config" if host else uri,
            auth=(user, password), headers=headers, trust_env=False,
        ).status_code  # fmt: skip

    yesterday = {role: f"{role}-of-yesterday" for role in ROLES}
    today = yesterday | {"viewer": "viewer-of-today", "admin": "admin-of-today"}
    with serving(logins, yesterday, tmp_path / "first") as uri:
        assert {status(uri, role, yesterday[role]) for role in ROLES} == {200}
        # A path cannot be smuggled in through the Host header.
        assert status(uri, "viewer", yesterday["viewer"], "localhost:1/version?") == 403

    # when it starts with today's
    with serving(logins, today, tmp_path / "second") as uri:
        # then
        assert {status(uri, role, today[role]) for role in ROLES} == {200}
        assert status(uri, "viewer", yesterday["viewer"]) == 401
        assert status(uri, "admin", yesterday["admin"]) == 401
    with psycopg.connect(dsn(logins.site, "mlflow").rpartition("/")[0] + "/logins") as connection:
        users = connection.execute("SELECT username, password_hash FROM auth.users").fetchall()
    assert sorted(user for user, _ in users) == sorted(ROLES)
    assert not any(password in value for _, value in users for password in today.values())


def test_replicas_that_start_at_once_share_one_database(logins: Platform, tmp_path: Path) -> None:
    # given an empty database
    passwords = {role: f"{role}-of-both-replicas" for role in ROLES}

    def start(name: str) -> str:
        return running.enter_context(serving(logins, passwords, tmp_path / name))

    # when two servers start at the same time
    with ExitStack() as running, ThreadPoolExecutor() as pool:
        uris = list(pool.map(start, ("one", "two")))

        # then each finds what the other has stored
        login = ("training", passwords["training"])
        for uri, other in (uris, reversed(uris)):
            path = "/api/2.0/mlflow/experiments/"
            name = f"experiment of {uri}"
            made = httpx.post(
                f"{uri}{path}create", json={"name": name}, auth=login, trust_env=False
            )
            found = httpx.get(
                f"{other}{path}get-by-name",
                params={"experiment_name": name}, auth=login, trust_env=False,
            )  # fmt: skip
            assert found.json()["experiment"]["experiment_id"] == made.json()["experiment_id"]


def test_headers_without_end_are_refused_before_anybody_logs_in(platform: Platform) -> None:
    host, port = platform.mlflow_uri.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Long: ")
        with suppress(ConnectionError):
            for _ in range(20):
                connection.sendall(b"y" * (MAX_HEAD // 4))
        with suppress(ConnectionError):
            assert connection.recv(65536).startswith(b"HTTP/1.1 400")
    assert httpx.get(f"{platform.mlflow_uri}/health", trust_env=False).status_code == 200
