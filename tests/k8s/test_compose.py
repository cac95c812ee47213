"""Docker Compose: the same services as on Kubernetes, hardened, on loopback, with made secrets."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from readmission.settings import CHECKOUT
from tests.k8s.cluster import K8S, build, secret_keys, settings_of

BASE = CHECKOUT / "docker-compose.yml"
OVERRIDE = CHECKOUT / "docker-compose.override.yml"
AIRFLOW = {
    "postgres-airflow", "airflow-init", "airflow-api-server", "airflow-scheduler",
    "airflow-dag-processor",
}  # fmt: skip
ONE_SHOT = {"airflow-init", "minio-volume", "minio-buckets", "minio-reader"}
VARIABLE = re.compile(r"\$\{(\w+)(:?[-?])?")


def merged() -> dict[str, dict[str, Any]]:
    """Return all services, as Compose merges the two files."""
    services: dict[str, dict[str, Any]] = {}
    for path in (BASE, OVERRIDE):
        for name, service in yaml.safe_load(path.read_text())["services"].items():
            there = services.setdefault(name, {})
            waits = {**there.get("depends_on", {}), **service.get("depends_on", {})}
            there.update(service)
            if waits:
                there["depends_on"] = waits
    return services


SERVICES = merged()
EACH = pytest.mark.parametrize("name", SERVICES)


def test_one_file_is_airflow_and_the_other_everything_beside_it() -> None:
    airflow = set(yaml.safe_load(BASE.read_text())["services"])
    beside = set(yaml.safe_load(OVERRIDE.read_text())["services"])

    assert airflow == AIRFLOW
    assert beside - AIRFLOW == {
        "postgres-raw", "postgres-clean", "postgres-mlflow", "minio", "minio-volume",
        "minio-buckets", "minio-reader", "mlflow", "fastapi", "streamlit", "statsd-exporter",
        "pipeline-exporter", "prometheus", "grafana", "locust",
    }  # fmt: skip


@EACH
def test_a_service_is_hardened(name: str) -> None:
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service


@EACH
def test_a_service_is_reached_from_this_machine_only(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        assert port.startswith("127.0.0.1:"), port


@EACH
def test_a_service_waits_for_what_it_needs(name: str) -> None:
    for needed, how in SERVICES[name].get("depends_on", {}).items():
        condition = how["condition"]
        if needed in ONE_SHOT:
            assert condition == "service_completed_successfully"
        elif condition == "service_healthy":
            ours = SERVICES[needed]["image"].startswith("readmission-")
            assert ours or "healthcheck" in SERVICES[needed], f"{needed} has no health check"
        else:
            # Its image holds no program that could ask it.
            assert needed == "statsd-exporter"


@EACH
def test_an_image_is_the_one_of_the_cluster(name: str) -> None:
    of_the_cluster = {
        container["image"]
        for workload in build("base").workloads()
        for container in workload.pod["containers"]
    }

    assert SERVICES[name]["image"] in of_the_cluster


@EACH
def test_a_file_that_is_mounted_or_read_exists(name: str) -> None:
    files = [*SERVICES[name].get("env_file", [])]
    files += [v.split(":")[0] for v in SERVICES[name].get("volumes", []) if v.startswith("./")]

    for path in files:
        assert (CHECKOUT / path).exists(), path


CHOICES = {"EXTRA_CA", "PYTHON_IMAGE", "READMISSION_DATASET", "READMISSION_OFFLINE"}
"""What whoever starts the stack may set; the rest are secrets."""


@pytest.mark.parametrize("path", [BASE, OVERRIDE], ids=lambda path: path.stem)
def test_every_secret_is_made_by_make_env_and_none_has_a_default(path: Path) -> None:
    known = {key for keys in secret_keys().values() for key in keys}

    for variable, default in VARIABLE.findall(path.read_text()):
        if variable in CHOICES:
            continue
        assert variable in known, f"{variable} is nobody's"
        assert default == ":?", f"{variable} may be empty"


@pytest.mark.parametrize(
    "name",
    ["airflow", "mlflow", "fastapi", "streamlit", "minio", "pipeline-exporter", "grafana"],
)
def test_settings_shared_with_the_cluster_hold_no_secret(name: str) -> None:
    settings = settings_of(K8S / name / f"{name}.env")

    words = ("PASSWORD", "SECRET", "FERNET", "API_KEY")
    secrets = [key for key in settings if any(word in key for word in words)]
    assert secrets in ([], ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"])


def test_only_tasks_reach_the_warehouses() -> None:
    reaching = {
        name
        for name, service in SERVICES.items()
        if any("RAW_DB" in str(value) for value in service.get("environment", {}).values())
    }

    assert reaching == {"airflow-scheduler", "postgres-raw"}


def test_compose_itself_takes_both_files(tmp_path: Path) -> None:
    if (
        not shutil.which("docker")
        or subprocess.run(
            ["docker", "compose", "version"], capture_output=True, check=False
        ).returncode
    ):
        pytest.skip("needs Docker's Compose plugin")
    subprocess.run([K8S / "secrets.sh", "env", tmp_path / "env"], check=True)

    done = subprocess.run(
        ["docker", "compose", "--env-file", tmp_path / "env", "--profile", "load", "config", "-q"],
        cwd=CHECKOUT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
