"""The system on Compose and on Kubernetes, queried by the evidence through docker and kubectl."""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from readmission.settings import CHECKOUT
from readmission.stack.errors import StackError
from readmission.stack.evidence.deployments.deployment import Deployment, all_hold, run
from readmission.stack.evidence.deployments.forwarding import forwarded, required_host
from readmission.stack.evidence.lines import NotAsExpected, expect
from readmission.stack.site.ports import HOST

NAMESPACE = "mlops-proyecto3"
KUBECTL = ("kubectl", "--namespace", NAMESPACE)
EXEC = ("docker", "compose", "exec", "-T")
PSQL = ("psql", "-U", "postgres", "-At")
LOCUST = (
    "sh", "-c",
    "locust -f /app/load/locustfile.py --headless --load-profile steady --html /tmp/report.html;"
    " code=$?; cat /tmp/report.html; exit $code",
)  # fmt: skip
LIST_ARTIFACTS = (
    "python", "-c",
    "import boto3, os\n"
    's3 = boto3.client("s3", endpoint_url=os.environ["MLFLOW_S3_ENDPOINT_URL"])\n'
    'found = s3.list_objects_v2(Bucket="mlflow", MaxKeys=20).get("Contents", [])\n'
    'print(*(one["Key"] for one in found), sep="\\n")',
)  # fmt: skip
"""Run in MLflow's container, which has the address and the key of any store, not only of MinIO."""
COMPOSE_PORTS = {
    "airflow": 8080, "mlflow": 5000, "api": 8000, "page": 8501, "prometheus": 9090,
    "grafana": 3000,
}  # fmt: skip
SERVICES = {
    "airflow": ("airflow-webserver", 8080), "mlflow": ("mlflow", 5000), "api": ("fastapi", 8000),
    "page": ("streamlit", 8501), "prometheus": ("prometheus", 9090), "grafana": ("grafana", 3000),
}  # fmt: skip
"""Each service on Kubernetes and its port."""
SECRETS = {
    "airflow_password": ("airflow", "AIRFLOW_ADMIN_PASSWORD"),
    "viewer_password": ("mlflow-users", "MLFLOW_VIEWER_PASSWORD"),
    "prometheus_password": ("prometheus", "PROMETHEUS_PASSWORD"),
    "grafana_password": ("grafana", "GRAFANA_ADMIN_PASSWORD"),
    "api_key": ("api-keys", "API_KEY_PREDICT"),
    "admin_key": ("api-keys", "API_KEY_ADMIN"),
}
"""Each secret: the Secret that holds it on Kubernetes, and its name there and in `.env`."""


def compose(file: Path = CHECKOUT / ".env") -> Deployment:
    """Return the system on Compose, with the secrets of `.env`.

    Raises
    ------
    StackError
        If a secret is missing.
    """
    lines = file.read_text().splitlines() if file.exists() else []
    given = dict(line.split("=", 1) for line in lines if "=" in line and line[0] != "#")
    if missing := [name for _, name in SECRETS.values() if name not in given]:
        raise StackError(f"{file} has no {', '.join(missing)}; `make env` writes it")
    return Deployment(
        name="compose",
        services=compose_services,
        query=lambda database, statement: _execute(
            (*EXEC, f"postgres-{database}"), database, statement
        ),
        artifacts=lambda: run(*EXEC, "mlflow", *LIST_ARTIFACTS),
        commands={
            "services": "docker compose ps --all",
            "sql": "docker compose exec postgres-… psql",
            "artifacts": "docker compose exec mlflow python: list s3://mlflow",
        },
        load=("docker", "compose", "--profile", "load", "run", "--rm", "locust", *LOCUST),
        **_texts({name: given[key] for name, (_, key) in SECRETS.items()}),
        **_texts({name: f"http://{HOST}:{port}" for name, port in COMPOSE_PORTS.items()}),
    )  # fmt: skip


def _texts(fields: dict[str, str]) -> dict[str, Any]:
    """Return addresses or secrets by the field of `Deployment` that they belong to."""
    return dict(fields)


def compose_services() -> str:
    """Return the state of each container; those that run only once must have ended well."""
    text = run("docker", "compose", "ps", "--all", "--format", "json").strip()
    # Older versions of Compose print one list, newer ones an object a line.
    found = json.loads(text) if text[:1] == "[" else [json.loads(one) for one in text.splitlines()]
    return all_hold([_container(each) for each in found], "healthy, or exited (0), for each")


def _container(found: dict[str, Any]) -> tuple[str, str, bool]:
    state, health, code = found["State"], found.get("Health", ""), found.get("ExitCode", 0)
    if state == "running":
        return found["Service"], health or state, health in ("", "healthy")
    return found["Service"], f"{state} ({code})", state == "exited" and code == 0


@contextmanager
def kubernetes() -> Iterator[Deployment]:
    """Yield the system in the cluster of kubectl's current context, with its ports forwarded.

    Raises
    ------
    StackError
        If the cluster does not respond, or lacks a Secret or a service.
    """
    with ExitStack() as forwarding:
        try:
            secrets = {name: _secret(*place) for name, place in SECRETS.items()}
            addresses = forwarding.enter_context(forwarded(KUBECTL, SERVICES))
        except NotAsExpected as error:
            raise StackError(
                f"the cluster cannot be queried: {error}; see `./deploy.sh`"
            ) from error
        yield _cluster(secrets | addresses)


def _cluster(secrets_and_addresses: dict[str, str]) -> Deployment:
    return Deployment(
        name="kubernetes",
        services=pods,
        query=lambda database, statement: _execute(
            (*KUBECTL, "exec", f"postgres-{database}-0", "--"), database, statement
        ),
        artifacts=lambda: run(*KUBECTL, "exec", "deployment/mlflow", "--", *LIST_ARTIFACTS),
        commands={
            "services": f"{' '.join(KUBECTL)} get pods",
            "sql": f"{' '.join(KUBECTL)} exec postgres-…-0 -- psql",
            "artifacts": f"{' '.join(KUBECTL)} exec deployment/mlflow -- python: list s3://mlflow",
        },
        objects=objects,
        load=(*KUBECTL, "exec", "deployment/locust", "--", *LOCUST),
        grafana_host=required_host(secrets_and_addresses["grafana"]),
        **_texts(secrets_and_addresses),
    )


def objects() -> str:
    """Return pods, services and volumes, none of which may wait for a node or a disk."""
    text = run(*KUBECTL, "get", "pods,services,persistentvolumeclaims")
    return expect(not re.search(r"\b(Pending|Lost)\b", text), text, "nothing Pending or Lost")


def pods() -> str:
    """Return the state of each pod: running and ready, or completed."""
    found = json.loads(run(*KUBECTL, "get", "pods", "--output", "json"))["items"]
    return all_hold([_pod(each) for each in found], "Running and ready, or Succeeded, for each")


def _pod(found: dict[str, Any]) -> tuple[str, str, bool]:
    status, name = found["status"], found["metadata"]["name"]
    containers = status.get("containerStatuses", [])
    ready = sum(each["ready"] for each in containers)
    if status["phase"] == "Running":
        holds = bool(containers) and ready == len(containers)
        return name, f"Running, {ready} of {len(containers)} ready", holds
    return name, status["phase"], status["phase"] == "Succeeded"


def _secret(secret: str, key: str) -> str:
    template = f"go-template={{{{.data.{key} | base64decode}}}}"
    return run(*KUBECTL, "get", "secret", secret, "--output", template)


def _execute(inside: tuple[str, ...], database: str, statement: str) -> str:
    return run(*inside, *PSQL, "-d", database, "-c", statement).strip()
