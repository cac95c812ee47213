"""The evidence of Compose and Kubernetes, with stand-ins for docker and kubectl."""

import json
import stat
import sys
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from readmission.stack.errors import StackError
from readmission.stack.evidence import browser, views
from readmission.stack.evidence.__main__ import parse
from readmission.stack.evidence.checklist import checklist, dashboards, rows
from readmission.stack.evidence.deployments import containers
from readmission.stack.evidence.deployments.deployment import Deployment, run
from readmission.stack.evidence.lines import LineStatus, NotAsExpected, check
from readmission.stack.evidence.load_test import LoadTest

Program = Callable[..., None]
SECRETS = "".join(f"{name}=secret-{name}\n" for _, name in containers.SECRETS.values())


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Put stand-ins alone on PATH, each of which prints a text and records how it was called."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    (tmp_path / "bin").mkdir()

    def put(name: str, script: str) -> None:
        path = tmp_path / "bin" / name
        path.write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/calls\n{script}\n')
        path.chmod(stat.S_IRWXU)

    return put


def container(service: str, state: str = "running", **more: Any) -> str:
    return json.dumps({"Service": service, "State": state, **more})


@pytest.fixture
def env(tmp_path: Path) -> Path:
    """The secrets of Compose."""
    (file := tmp_path / ".env").write_text(f"# comment\n{SECRETS}")
    return file


@pytest.mark.parametrize("text", ["{}\n{}", "[{},{}]"])
def test_containers_are_healthy_or_have_ended_well(program: Program, text: str) -> None:
    # given both ways in which versions of Compose print a list
    ended = container("airflow-init", "exited", ExitCode=0)
    lines = text.replace("{}", "%s") % (container("fastapi", Health="healthy"), ended)
    program("docker", f"cat <<'END'\n{lines}\nEND")

    assert containers.compose_services() == "fastapi: healthy\nairflow-init: exited (0)"


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (container("fastapi", Health="starting"), "fastapi: starting"),
        (container("airflow-init", "exited", ExitCode=3), r"airflow-init: exited \(3\)"),
        ("", "nothing runs"),
    ],
)
def test_other_containers_fail_the_line(program: Program, found: str, said: str) -> None:
    program("docker", f"cat <<'END'\n{found}\nEND")

    with pytest.raises(NotAsExpected, match=said):
        containers.compose_services()


def test_rows_on_compose_are_counted_in_the_container(
    program: Program, env: Path, tmp_path: Path
) -> None:
    program("docker", "echo 15000")

    assert rows(containers.compose(env), "raw") == "15000"
    asked = (tmp_path / "calls").read_text()
    assert asked.startswith("compose exec -T postgres-raw psql -U postgres -At -d raw -c SELECT")


def test_the_artifacts_of_any_store_are_listed_from_mlflows_container(
    program: Program, env: Path, tmp_path: Path
) -> None:
    # given a container whose Python has a client of the store
    (tmp_path / "boto3.py").write_text(
        "class Store: list_objects_v2 = lambda self, **_: {'Contents': [{'Key': '1/model'}]}\n"
        "client = lambda service, endpoint_url: Store()\n"
    )
    program("docker", f'shift 4; MLFLOW_S3_ENDPOINT_URL=x PYTHONPATH={tmp_path} exec "$@"')
    program("python", f'exec {sys.executable} "$@"')

    assert containers.compose(env).artifacts() == "1/model\n"
    assert "exec -T mlflow python -c" in (tmp_path / "calls").read_text()


def test_compose_needs_its_secrets(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"AIRFLOW_ADMIN_PASSWORD.*`make env` writes it"):
        containers.compose(tmp_path / "nothing")


def pod(name: str, phase: str = "Running", *ready: bool) -> dict[str, Any]:
    statuses = [{"ready": each} for each in ready]
    return {
        "metadata": {"name": name},
        "status": {"phase": phase, "containerStatuses": statuses},
    }


def kubectl(program: Program, *pods: dict[str, Any], port: int = 40808) -> None:
    """Put a cluster with some pods on PATH, whose services are forwarded to a port."""
    program(
        "kubectl",
        "case $* in\n"
        f"*port-forward*) echo 'Forwarding from 127.0.0.1:{port} -> 8080'; exec sleep 60 ;;\n"
        "*'get secret airflow '*) echo password ;;\n"
        "*'get secret'*) printf other ;;\n"
        f"*'get pods --output json'*) cat <<'END'\n{json.dumps({'items': pods})}\nEND\n;;\n"
        "*'get pods,services'*) echo pod/fastapi service/fastapi ;;\n"
        "*psql*) echo 15000 ;;\n"
        "*) exit 9 ;;\nesac",
    )


def test_a_cluster_is_asked_through_kubectl(program: Program, tmp_path: Path) -> None:
    kubectl(program, pod("fastapi-1", "Running", True, True), pod("migrate", "Succeeded"))

    with containers.kubernetes() as there:
        check_cluster(there, tmp_path / "calls")


def check_cluster(there: Deployment, calls: Path) -> None:
    assert there.airflow == "http://127.0.0.1:40808"
    assert there.airflow_password.strip() == "password"
    assert "password" not in repr(there)
    assert there.services() == "fastapi-1: Running, 2 of 2 ready\nmigrate: Succeeded"
    assert rows(there, "clean") == "15000"
    assert "exec postgres-clean-0 -- psql" in calls.read_text()
    (objects,) = (line for line in checklist(there) if line.name == "kubernetes")
    assert check(objects).status is LineStatus.PASSED


@pytest.mark.parametrize(
    "wrong", [pod("a", "Running", True, False), pod("a", "Pending"), pod("a", "Failed", False)]
)
def test_a_pod_that_is_not_ready_fails_the_line(program: Program, wrong: dict[str, Any]) -> None:
    kubectl(program, pod("fastapi-1", "Running", True), wrong)

    with pytest.raises(NotAsExpected, match="expected Running and ready"):
        containers.pods()


@pytest.mark.parametrize("state", ["Pending", "Lost"])
def test_a_volume_that_waits_fails_the_line(program: Program, state: str) -> None:
    program("kubectl", f"echo persistentvolumeclaim/data-minio-0 {state}")

    with pytest.raises(NotAsExpected, match="expected nothing Pending or Lost"):
        containers.objects()


class Grafana(BaseHTTPRequestHandler):
    """As in a cluster: redirects requests for other hosts than a node or the ingress."""

    domain = ""
    login = f"Basic {b64encode(b'admin:other').decode()}"

    def do_GET(self) -> None:
        """Respond for the own host, to the administrator."""
        if self.headers["Host"].partition(":")[0] != self.domain:
            self.send_response(301)
            self.send_header("Location", f"http://{self.domain}:30300{self.path}")
            self.end_headers()
            return
        self.send_response(200 if self.headers["Authorization"] == self.login else 401)
        self.end_headers()
        self.wfile.write(b'[{"uid": "readmission-home", "title": "Start"}]')

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


@pytest.fixture(params=["192.0.2.7", "grafana.hospital.example"], ids=["node", "ingress"])
def grafana(request: pytest.FixtureRequest) -> Iterator[int]:
    """Serve a stand-in for Grafana; return its port."""
    handler = type("Named", (Grafana,), {"domain": request.param})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_grafana_in_a_cluster_is_queried_and_shown_under_its_own_host(
    program: Program, grafana: int
) -> None:
    kubectl(program, port=grafana)

    with containers.kubernetes() as there:
        assert dashboards(there) == "readmission-home: Start"
        view = next(
            view for view in views.metric_views(there) if view.titles["en"] == "Grafana: home"
        )
        with browser.chromium(alias=there.grafana_host) as opened:
            assert browser.take_one(opened, view, "es").problem == ""


def test_on_a_cluster_100_users_run_in_locusts_pod(program: Program, tmp_path: Path) -> None:
    kubectl(program)
    with containers.kubernetes() as there:
        program("kubectl", "echo 'MISSED: none'")
        test = LoadTest(there, tmp_path)

        (load,) = (line for line in checklist(there, test.run) if line.name == "load")

        assert check(load).status is LineStatus.PASSED
    assert load.command.startswith("kubectl --namespace mlops-proyecto3 exec deployment/locust")
    assert "--headless --load-profile steady" in (tmp_path / "calls").read_text()


def test_without_a_cluster_the_message_says_so(program: Program) -> None:
    program("kubectl", "echo 'connection refused' >&2; exit 1")

    with (
        pytest.raises(StackError, match=r"cannot be queried: connection refused.*deploy.sh"),
        containers.kubernetes(),
    ):
        pass


def test_a_service_without_a_pod_is_named(program: Program) -> None:
    program(
        "kubectl",
        "case $* in *secret*) echo word ;;\n"
        "*service/streamlit*) echo 'error: the pod is not running'; exit 1 ;;\n"
        "*) echo 'Forwarding from 127.0.0.1:40808 -> 8080'; exec sleep 60 ;; esac",
    )

    with (
        pytest.raises(StackError, match="streamlit cannot be reached: error: the pod is not"),
        containers.kubernetes(),
    ):
        pass


def test_a_program_that_is_missing_is_named(program: Program) -> None:
    with pytest.raises(NotAsExpected, match="no-such-program is not on PATH"):
        run("no-such-program")


def test_one_deployment_is_asked_at_a_time() -> None:
    assert parse([]).of is None
    assert parse(["--compose", "--lang", "en"]).of == "compose"
    assert parse(["--kubernetes", "--video"]).video
    with pytest.raises(SystemExit):
        parse(["--compose", "--kubernetes"])


def test_the_ports_are_those_of_the_files() -> None:
    """A page that moves to another port must be looked for there."""
    compose = (containers.CHECKOUT / "docker-compose.override.yml").read_text()
    compose += (containers.CHECKOUT / "docker-compose.yml").read_text()
    manifests = (containers.CHECKOUT / "k8s").glob("*/*server.yaml")
    cluster = [found for file in manifests for found in yaml.safe_load_all(file.read_text())]
    services = {
        (found["metadata"]["name"], port["port"])
        for found in cluster
        if found and found["kind"] == "Service"
        for port in found["spec"]["ports"]
    }

    assert all(f"127.0.0.1:{port}:" in compose for port in containers.COMPOSE_PORTS.values())
    assert set(containers.SERVICES.values()) <= services
