"""Managed stores in place of our own: a short overlay, and no server is left that nobody calls."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.k8s.cluster import K8S, NAME, Cluster, kubectl, name

CLIENTS = {
    "airflow-api-server", "airflow-scheduler", "airflow-dag-processor", "airflow-migrate",
    "airflow-task", "mlflow", "fastapi", "pipeline-exporter",
}  # fmt: skip


@pytest.fixture(scope="module")
def managed(tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    """The scaled-out system of somebody who has databases and a bucket elsewhere."""
    folder = tmp_path_factory.mktemp("hospital")
    here = Path(os.path.relpath(K8S, folder.resolve()))
    overlay = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": "mlops-proyecto3",
        "resources": [str(here / "overlays" / "scale-out")],
        "components": [str(here / "components" / "managed-stores")],
        "configMapGenerator": [
            {
                "name": "fastapi",
                "behavior": "merge",
                "literals": ["PREDICTIONS_DB_ADDRESS=db.hospital.example:5432"],
            }
        ],
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
    done = subprocess.run(
        [kubectl(), "kustomize", folder], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return Cluster(list(yaml.safe_load_all(done.stdout)))


def test_our_own_stores_are_gone(managed: Cluster) -> None:
    left = {name(thing) for thing in managed.objects if thing["kind"] != "ConfigMap"}

    assert not {n for n in left if n.startswith("postgres-") or "minio" in n}
    assert set(managed.named("StatefulSet")) == {"prometheus", "grafana"}


def test_clients_are_told_the_address_and_may_go_there(managed: Cluster) -> None:
    (pod,) = (w.pod for w in managed.workloads() if w.name == "fastapi")
    (container,) = pod["containers"]
    config = next(
        v["valueFrom"]["configMapKeyRef"]["name"]
        for v in container["env"]
        if v["name"] == "PREDICTIONS_DB_ADDRESS"
    )
    settings = managed.named("ConfigMap")[config]["data"]
    assert settings["PREDICTIONS_DB_ADDRESS"] == "db.hospital.example:5432"

    policy = managed.named("NetworkPolicy")["managed-stores"]["spec"]
    (term,) = policy["podSelector"]["matchExpressions"]
    assert term["key"] == NAME
    assert set(term["values"]) == CLIENTS <= {w.name for w in managed.workloads()}
