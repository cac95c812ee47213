"""The manifests and `deploy.sh` on a real control plane with simulated nodes.

The tests run if KUBECONFIG names a cluster all of whose nodes are simulated by kwok, as
``tests/k8s/control-plane.sh`` starts one. They delete what they create, so they refuse any other
cluster. Without one, the other tests of this folder check the same scripts with a stand-in.
"""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from k8s.manifests import FOLDERS
from readmission.settings import CHECKOUT
from tests.k8s.cluster import (
    K8S,
    NAMESPACE,
    TREES,
    Object,
    Workload,
    build,
    kubectl,
    name,
    production_with,
)
from tests.k8s.test_scripts import DOCKER

SECONDS = 240
"""A simulated node may take half a minute to notice a pod."""
FOREIGN = {
    "externalsecrets.external-secrets.io": "ExternalSecret",
    "clusters.postgresql.cnpg.io": "Cluster",
    "databases.postgresql.cnpg.io": "Database",
    "scheduledbackups.postgresql.cnpg.io": "ScheduledBackup",
    "objectstores.barmancloud.cnpg.io": "ObjectStore",
}
"""Kinds that operators add to a cluster."""
ADDITIONS = tuple(sorted(folder.name for folder in (K8S / "components").iterdir()))


def run(*arguments: str, objects: list[Object] | None = None) -> str:
    """Run kubectl and return its output."""
    text = "\n".join(json.dumps(thing) for thing in objects or [])
    done = subprocess.run(
        [kubectl(), *arguments], input=text, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def any_content(crd: str) -> Object:
    """Return the definition of a kind of an operator that accepts any content."""
    plural, _, group = crd.partition(".")
    kind = FOREIGN[crd]
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": crd},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": schema},
                }
            ],
        },
    }


def listed(*arguments: str) -> list[Object]:
    """Return objects of the cluster."""
    found: list[Object] = json.loads(run("get", *arguments, "--output", "json"))["items"]
    return found


@pytest.fixture(scope="module")
def control_plane() -> str:
    """Return the version of a control plane whose nodes are all simulated."""
    if not os.environ.get("KUBECONFIG"):
        pytest.skip("needs a control plane: KUBECONFIG names none (tests/k8s/control-plane.sh)")
    nodes = listed("nodes")
    simulated = [node for node in nodes if "kwok.x-k8s.io/node" in node["metadata"]["annotations"]]
    if not nodes or simulated != nodes:
        pytest.skip("KUBECONFIG names a cluster with real nodes, which these tests would change")
    known = {name(crd) for crd in listed("crd")}
    if missing := [any_content(crd) for crd in FOREIGN if crd not in known]:
        run("apply", "--server-side", "--filename", "-", objects=missing)
    run("wait", "--for", "condition=Established", "crd", *FOREIGN)
    version: str = json.loads(run("get", "--raw", "/version"))["gitVersion"]
    return version


@pytest.fixture
def empty(control_plane: str) -> Iterator[str]:
    """The control plane without the namespace, before and after the test."""
    gone = ("delete", "namespace", NAMESPACE, "--ignore-not-found", "--timeout", f"{SECONDS}s")
    run(*gone)
    yield control_plane
    run(*gone)


@pytest.fixture
def deploy(tmp_path: Path) -> Callable[..., str]:
    """Run `deploy.sh`, with a stand-in for docker, and return what it printed."""
    docker = tmp_path / "docker"
    docker.write_text(DOCKER)
    docker.chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"

    def deploy(*options: str) -> str:
        done = subprocess.run(
            [CHECKOUT / "deploy.sh", *options],
            env={**os.environ, "PATH": path, "CLUSTER": str(tmp_path)},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stderr

    return deploy


def all_pods_ready() -> None:
    """Wait until each server has all its pods, and each of them is ready."""
    deadline = time.monotonic() + SECONDS
    while waiting := [
        name(thing)
        for thing in listed("deployments,statefulsets", "--namespace", NAMESPACE)
        if thing["status"].get("readyReplicas", 0) < thing["spec"]["replicas"]
    ]:
        refused = [
            event["message"]
            for event in listed("events", "--namespace", NAMESPACE)
            # A Job that is applied before its service account tries again.
            if event["reason"] == "FailedCreate" and "service account" not in event["message"]
        ]
        assert not refused
        assert time.monotonic() < deadline, waiting
        time.sleep(2)


def as_pod(workload: Workload) -> Object:
    """Return the pod that a workload starts."""
    about = {"generateName": "later-", "namespace": NAMESPACE, "labels": workload.labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": about, "spec": workload.pod}


@pytest.mark.parametrize("tree", [*TREES, *ADDITIONS])
def test_pod_security_admits_every_pod_of_an_overlay(empty: str, tree: str, tmp_path: Path) -> None:
    # given an overlay, or production with a component
    cluster = build(tree) if tree in TREES else production_with(tree, tmp_path)
    run("apply", "--filename", str(K8S / "namespace.yaml"))

    # when
    run("apply", "--server-side", "--filename", "-", objects=cluster.objects)

    # then
    enforced = json.loads(run("get", "namespace", NAMESPACE, "--output", "json"))
    assert enforced["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    all_pods_ready()
    # and the pods that a CronJob and Airflow start later would be admitted
    if later := [as_pod(each) for each in cluster.workloads() if each.kind in ("CronJob", "Pod")]:
        run("create", "--dry-run=server", "--filename", "-", objects=later)


def test_the_ten_folders_can_be_applied_in_the_order_of_the_documents(empty: str) -> None:
    run("create", "namespace", NAMESPACE)
    for folder in FOLDERS:
        run("apply", "--filename", str(K8S / folder))

    all_pods_ready()


def test_a_deployment_is_repeated_changed_and_deleted(
    empty: str, deploy: Callable[..., str]
) -> None:
    # given a first deployment, and the same again
    options = ("--registry", "registry.example/readmission", "--wait", str(SECONDS))
    deploy(*options)
    claims = {claim["metadata"]["uid"] for claim in listed("pvc", "--namespace", NAMESPACE)}
    again = deploy(*options)
    assert "deleting objects" not in again

    # when the overlay changes, to one with larger volumes, other ports and a quota
    assert "creating statefulset postgres-raw again" in deploy(*options, "--overlay", "production")
    assert listed("resourcequotas", "--namespace", NAMESPACE)
    # and to one with a pod for each task, and back
    deploy(*options, "--overlay", "scale-out")
    assert listed("cronjobs", "--namespace", NAMESPACE)
    assert not listed("resourcequotas,ingresses", "--namespace", NAMESPACE)
    deploy(*options)

    # then the data is the same, with what production's API may not have delivered yet
    kept = listed("pvc", "--namespace", NAMESPACE)
    added = [claim for claim in kept if claim["metadata"]["uid"] not in claims]
    assert len(kept) - len(added) == len(claims)
    assert all(name(claim).startswith("state-fastapi-") for claim in added)
    # and nothing else of the other overlays is left
    assert not listed("resourcequotas,ingresses,cronjobs", "--namespace", NAMESPACE)

    # when it is deleted
    deploy("--delete", "--yes")

    # then nothing is left, not even outside the namespace
    assert NAMESPACE not in {name(thing) for thing in listed("namespaces")}
    assert not [each for each in listed("priorityclasses") if name(each).startswith("readmission")]
