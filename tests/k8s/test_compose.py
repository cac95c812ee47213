"""Docker Compose runs the services of Kubernetes, hardened, on loopback, with generated secrets."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from readmission.settings import CHECKOUT
from tests.k8s.cluster import K8S, build, containers, secret_keys, settings_of

BASE = CHECKOUT / "docker-compose.yml"
OVERRIDE = CHECKOUT / "docker-compose.override.yml"
AIRFLOW = {
    "postgres-certificates", "postgres-airflow", "airflow-init", "airflow-api-server",
    "airflow-scheduler", "airflow-dag-processor", "airflow-triggerer",
}  # fmt: skip
ON_DEMAND = {"locust": "load", "pg-dump": "backup", "backup": "backup"} | dict.fromkeys(
    ("dumps", "restore"), "restore"
)
"""Services that `docker compose up` does not start, and their profile."""
ONE_SHOT = {
    "postgres-certificates", "airflow-init", "warehouse-migrate", "minio-volume", "minio-buckets",
    "minio-reader", "prometheus-login", "alertmanager-configuration", "pg-dump", "backup", "dumps",
    "restore",
}  # fmt: skip
RENAMED = {"postgres-airflow": "airflow-postgres", "airflow-api-server": "airflow-webserver"}
"""Services with another name on the cluster, under which Compose's network knows them too."""
VARIABLE = re.compile(r"\$\{(\w+)(:?[-?])?")


def over(there: Any, given: Any) -> Any:
    """Merge a value with the later file's as Compose does: maps are merged, others replaced."""
    if not (isinstance(there, dict) and isinstance(given, dict)):
        return given
    return there | {key: over(there.get(key), value) for key, value in given.items()}


MERGED = over(*(yaml.safe_load(path.read_text()) for path in (BASE, OVERRIDE)))
SERVICES: dict[str, dict[str, Any]] = MERGED["services"]
EACH = pytest.mark.parametrize("name", SERVICES)


def test_one_file_holds_airflow_and_the_other_everything_else() -> None:
    airflow = set(yaml.safe_load(BASE.read_text())["services"])
    beside = set(yaml.safe_load(OVERRIDE.read_text())["services"])

    assert airflow == AIRFLOW
    assert beside - AIRFLOW == {
        "postgres-raw", "postgres-clean", "postgres-mlflow", "warehouse-migrate", "minio",
        "minio-volume", "minio-buckets", "minio-reader", "mlflow", "fastapi", "streamlit",
        "statsd-exporter", "pipeline-exporter", "prometheus", "prometheus-login", "grafana",
        "alertmanager", "alertmanager-configuration", "alert-log", *ON_DEMAND,
    }  # fmt: skip


def test_up_does_not_start_services_on_demand() -> None:
    profiles = {
        name: service["profiles"] for name, service in SERVICES.items() if "profiles" in service
    }

    assert profiles == {name: [profile] for name, profile in ON_DEMAND.items()}


@EACH
def test_a_service_is_hardened(name: str) -> None:
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    # Only services that change the owner of a volume need capabilities.
    assert ("cap_add" in service) == (name in ("minio-volume", "postgres-certificates"))
    assert "cap_add" not in service or service["network_mode"] == "none"


@EACH
def test_a_service_has_the_same_memory_limit_as_on_the_cluster(name: str) -> None:
    of_the_cluster = {
        workload.name: containers(workload.pod)[-1]["resources"]["limits"]["memory"]
        for workload in build("base").workloads()
    }
    memory, there = SERVICES[name]["mem_limit"], RENAMED.get(name, name)

    assert re.fullmatch(r"\d+[mg]", memory)
    # On the cluster the API keeps uploads on disk; here they are in memory.
    if there in of_the_cluster and name != "fastapi":
        assert memory == of_the_cluster[there].removesuffix("i").lower()


@EACH
def test_a_service_has_the_same_grace_period_as_on_the_cluster(name: str) -> None:
    of_the_cluster = {
        workload.name: workload.pod.get("terminationGracePeriodSeconds", 30)
        for workload in build("base").workloads()
        if workload.kind in ("Deployment", "StatefulSet")
    }
    # A pod of the API needs longer, because it is first removed from its Service.
    there = RENAMED.get(name, name)
    if there in of_the_cluster and name != "fastapi":
        number, unit = re.fullmatch(r"(\d+)([sm])", SERVICES[name]["stop_grace_period"]).groups()
        assert int(number) * {"s": 1, "m": 60}[unit] == of_the_cluster[there]


@EACH
def test_a_service_is_reachable_only_from_this_machine(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        assert port.startswith("127.0.0.1:"), port


@EACH
def test_a_service_waits_for_what_it_needs(name: str) -> None:
    for needed, how in SERVICES[name].get("depends_on", {}).items():
        condition = how["condition"]
        if needed in ONE_SHOT:
            assert condition == "service_completed_successfully"
        else:
            assert condition == "service_healthy"
            ours = SERVICES[needed]["image"].startswith("readmission-")
            assert ours or "healthcheck" in SERVICES[needed], f"{needed} has no health check"
        # A service started by name must not depend on a service of another profile.
        profiles = SERVICES[needed].get("profiles")
        assert profiles in (None, SERVICES[name].get("profiles"))


@EACH
def test_an_image_is_the_same_as_on_the_cluster(name: str) -> None:
    of_the_cluster = {
        container["image"]
        for workload in build("base").workloads()
        for container in workload.pod["containers"]
    }

    assert SERVICES[name]["image"] in of_the_cluster


@EACH
def test_mounted_and_env_files_exist(name: str) -> None:
    files = [*SERVICES[name].get("env_file", [])]
    files += [v.split(":")[0] for v in SERVICES[name].get("volumes", []) if v.startswith("./")]

    for path in files:
        assert (CHECKOUT / path).exists(), path


CHOICES = {
    "BACKUP_RECIPIENT", "BACKUP_SIGNING_KEY", "EXTRA_CA", "PYTHON_IMAGE", "READMISSION_DATASET",
    "READMISSION_OFFLINE", "READMISSION_ALERT_EMAIL_TO", "READMISSION_ALERT_EMAIL_FROM",
    "READMISSION_ALERT_SMTP_SERVER", "READMISSION_ALERT_SMTP_USER",
    "READMISSION_ALERT_SMTP_PASSWORD", "READMISSION_ALERT_WEBHOOK_URL",
    "READMISSION_AIRFLOW_PAGE_URL", "READMISSION_MLFLOW_PAGE_URL", "READMISSION_PAGE_URL",
    "READMISSION_PROMETHEUS_PAGE_URL", "READMISSION_OTLP_ENDPOINT",
}  # fmt: skip
"""Optional variables that a user may set; all others are generated secrets."""


@pytest.mark.parametrize("path", [BASE, OVERRIDE], ids=lambda path: path.stem)
def test_make_env_generates_every_secret_and_none_has_a_default(path: Path) -> None:
    known = {key for keys in secret_keys().values() for key in keys}

    for variable, default in VARIABLE.findall(path.read_text()):
        if variable in CHOICES:
            continue
        assert variable in known, f"secrets.sh does not generate {variable}"
        assert default == ":?", f"{variable} may be empty"


@pytest.mark.parametrize(
    "name",
    ["airflow", "mlflow", "fastapi", "streamlit", "minio", "pipeline-exporter", "grafana"],
)
def test_settings_shared_with_the_cluster_contain_no_secret(name: str) -> None:
    (path,) = K8S.glob(f"*/{name}.env")
    settings = settings_of(path)

    words = ("PASSWORD", "SECRET", "FERNET", "API_KEY")
    secrets = [key for key in settings if any(word in key for word in words)]
    assert secrets in ([], ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"])


def test_only_tasks_migrations_and_backups_get_the_warehouse_password() -> None:
    reaching = {
        name
        for name, service in SERVICES.items()
        if any("RAW_DB" in str(value) for value in service.get("environment", {}).values())
    }

    assert reaching == {
        "airflow-scheduler", "warehouse-migrate", "postgres-raw", "pg-dump", "restore",
    }  # fmt: skip


def test_only_services_that_read_or_write_objects_get_the_key_of_the_store() -> None:
    holders = {
        name
        for name, service in SERVICES.items()
        if name.startswith("airflow-")
        and any("S3_SECRET_KEY" in str(value) for value in service["environment"].values())
    }

    assert holders == {"airflow-api-server", "airflow-scheduler"}


def test_every_database_is_dumped_from_and_restored_to_its_server() -> None:
    server_of = {
        database: name
        for name, service in SERVICES.items()
        for database in service.get("environment", {}).get("DATABASES", "").split()
    }

    assert sorted(SERVICES["pg-dump"]["command"]) == sorted(server_of)
    for name in ("pg-dump", "restore"):
        service = SERVICES[name]
        (stores,) = service["env_file"]
        for database, server in server_of.items():
            variable = f"{database.upper()}_DB"
            address = settings_of(CHECKOUT / stores)[f"{variable}_ADDRESS"]
            assert address == f"{RENAMED.get(server, server)}:5432"
            assert f"{variable}_PASSWORD" in service["environment"]
            assert server in service["depends_on"]


@pytest.mark.parametrize("name", RENAMED)
def test_a_service_can_be_reached_under_its_name_on_the_cluster(name: str) -> None:
    """The env files are shared, and they use the names of the cluster."""
    assert RENAMED[name] in {workload.name for workload in build("base").workloads()}
    assert SERVICES[name]["networks"] == {"default": {"aliases": [RENAMED[name]]}}


def test_backups_are_uploaded_and_read_with_keys_of_their_own() -> None:
    keys = {
        name: SERVICES[name]["environment"]["AWS_ACCESS_KEY_ID"] for name in ("backup", "dumps")
    }

    assert keys == {
        "backup": "${BACKUP_ACCESS_KEY:?run make env}",
        "dumps": "${RESTORE_ACCESS_KEY:?run make env}",
    }


def faults(path: Path) -> str:
    """Return the errors of a file against the schema of the Compose specification."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*command, path], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_both_files_and_their_merge_are_valid(tmp_path: Path) -> None:
    together = tmp_path / "together.yml"
    together.write_text(yaml.safe_dump(MERGED))

    for path in (BASE, OVERRIDE, together):
        assert not faults(path)


@pytest.mark.parametrize(
    ("right", "wrong", "named"),
    [
        ("mem_limit: 128m", "memory_limit: 128m", "memory_limit"),
        ("retries: 20", "attempts: 20", "attempts"),
        ("condition: service_healthy", "condition: service_ready", "service_ready"),
        ("profiles: [load]", "profiles: load", "'load' is not of type 'array'"),
        ("\nvolumes:", "\nvolume:", "volume"),
    ],
)
def test_the_specification_rejects_invented_keys_and_values(
    right: str, wrong: str, named: str, tmp_path: Path
) -> None:
    text = OVERRIDE.read_text()
    assert right in text
    broken = tmp_path / "broken.yml"
    broken.write_text(text.replace(right, wrong))

    assert named in faults(broken)


def test_compose_accepts_both_files(tmp_path: Path) -> None:
    if (
        not shutil.which("docker")
        or subprocess.run(
            ["docker", "compose", "version"], capture_output=True, check=False
        ).returncode
    ):
        pytest.skip("needs Docker's Compose plugin")
    subprocess.run([K8S / "secrets.sh", "env", tmp_path / "env"], check=True)

    done = subprocess.run(
        ["docker", "compose", "--env-file", tmp_path / "env", "--profile", "*", "config", "-q"],
        cwd=CHECKOUT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
