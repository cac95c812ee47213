"""An overlay with managed stores removes our servers and points every client at the new ones."""

import re
import shutil
import subprocess

import pytest
import yaml

from readmission.settings import CHECKOUT
from tests.k8s.cluster import K8S, NAME, Cluster, containers, kubectl, name, settings_of

CLIENTS = {
    "airflow-webserver", "airflow-scheduler", "airflow-dag-processor", "airflow-triggerer",
    "airflow-migrate", "airflow-task", "warehouse-migrate", "mlflow", "fastapi",
    "pipeline-exporter", "backup",
}  # fmt: skip
OURS = re.compile(
    r"\b(postgres-\w+:5432|airflow-postgres:5432|minio:9000|us-east-1|s3://(mlflow|airflow-logs)|data-docs|training-sets)"
)
"""The values that stores.env sets: addresses, region, buckets."""
OVERLAY = {
    "apiVersion": "kustomize.config.k8s.io/v1beta1",
    "kind": "Kustomization",
    "namespace": "mlops-proyecto3",
    "resources": ["../scale-out"],
    "components": ["../../components/managed-stores"],
}


@pytest.fixture(scope="module")
def managed(tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    """The scale-out overlay with managed databases and buckets."""
    checkout = tmp_path_factory.mktemp("checkout")
    for folder in ("k8s", "grafana"):
        shutil.copytree(CHECKOUT / folder, checkout / folder)
    overlays = checkout / "k8s" / "overlays"
    stores = overlays / "scale-out" / "stores.env"
    theirs = {
        key: f"theirs-of-{key.lower()}.example:5432"
        if key.endswith("_ADDRESS")
        else OURS.sub("theirs", value)
        for key, value in settings_of(stores).items()
    }
    stores.write_text("".join(f"{key}={value}\n" for key, value in theirs.items()))
    (overlays / "hospital").mkdir()
    (overlays / "hospital" / "kustomization.yaml").write_text(yaml.safe_dump(OVERLAY))
    done = subprocess.run(
        [kubectl(), "kustomize", overlays / "hospital"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Cluster(list(yaml.safe_load_all(done.stdout)))


def test_our_own_stores_are_removed(managed: Cluster) -> None:
    left = {name(thing) for thing in managed.objects if thing["kind"] != "ConfigMap"}

    assert not {n for n in left if "postgres" in n or "minio" in n}
    assert set(managed.named("StatefulSet")) == {"prometheus", "alertmanager", "grafana"}


def test_every_client_gets_only_the_managed_stores(managed: Cluster) -> None:
    # given the environment of every container, from single variables and whole ConfigMaps
    configs = {key: config["data"] for key, config in managed.named("ConfigMap").items()}
    environment = {}
    for workload in managed.workloads():
        for container in containers(workload.pod):
            where = f"{workload.name}/{container['name']}"
            for source in container.get("envFrom", []):
                found = configs.get(source.get("configMapRef", {}).get("name"), {})
                environment |= {f"{where}:{key}": value for key, value in found.items()}
            for variable in container.get("env", []):
                if "value" in variable:
                    environment[f"{where}:{variable['name']}"] = variable["value"]

    # then
    assert {key: value for key, value in environment.items() if OURS.search(value)} == {}
    assert environment["mlflow/mlflow:MLFLOW_DB_ADDRESS"].startswith("theirs-of-mlflow_db_address")
    assert environment["mlflow/mlflow:MLFLOW_DB_READ_ADDRESS"].startswith(
        "theirs-of-mlflow_db_read_"
    )
    assert environment["backup/dump-raw:RAW_DB_ADDRESS"].startswith("theirs-of-raw_db_address")


def test_every_client_of_a_store_has_egress_to_it(managed: Cluster) -> None:
    policy = managed.named("NetworkPolicy")["managed-stores"]["spec"]
    (term,) = policy["podSelector"]["matchExpressions"]
    assert term["key"] == NAME
    assert set(term["values"]) == CLIENTS <= {w.name for w in managed.workloads()}


def test_every_parameter_of_a_store_is_used() -> None:
    read = "".join(
        path.read_text()
        for folder in (K8S, CHECKOUT / "include")
        for path in folder.rglob("*")
        if path.suffix in {".yaml", ".sh", ".py", ".env"} and path.name != "stores.env"
    )
    known_to = {"MLFLOW_": "MLflow", "AIRFLOW__": "Airflow", "AWS_": "boto3", "READMISSION_": "us"}
    for key in settings_of(K8S / "overlays" / "scale-out" / "stores.env"):
        assert key in read or key.startswith(tuple(known_to)), f"nothing uses {key}"
