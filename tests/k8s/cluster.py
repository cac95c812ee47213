"""Builds folders of `k8s/` with `kubectl kustomize` and gives tests access to the objects."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from k8s.manifests import FOLDERS
from readmission.settings import CHECKOUT
from tests.programs import lacking

K8S = CHECKOUT / "k8s"
NAMESPACE = "mlops-proyecto3"
NAME = "app.kubernetes.io/name"
COMPONENTS = (*FOLDERS, "locust")
OVERLAYS = ("minikube", "scale-out", "production")
TREES = tuple(f"overlays/{name}" for name in OVERLAYS)
"""Complete systems; each is applied after `namespace.yaml`."""
CA = "postgres-ca"
"""The Secret with the authority that signed the certificates of the database servers."""
DATABASE_SERVERS = ("airflow-postgres", "postgres-clean", "postgres-mlflow", "postgres-raw")

Object = dict[str, Any]


class Workload(NamedTuple):
    """An object that creates pods."""

    kind: str
    name: str
    pod: Object
    labels: dict[str, str]
    object: Object


@dataclass(frozen=True)
class Cluster:
    """The objects of one tree.

    Parameters
    ----------
    objects : list of dict
        As they would be applied to a cluster.
    """

    objects: list[Object]

    def of(self, *kinds: str) -> list[Object]:
        """Return the objects of the given kinds."""
        return [thing for thing in self.objects if thing["kind"] in kinds]

    def named(self, kind: str) -> dict[str, Object]:
        """Return the objects of a kind by name."""
        return {name(thing): thing for thing in self.of(kind)}

    def workloads(self) -> Iterator[Workload]:
        """Yield everything that creates pods, including the pod template of Airflow's tasks."""
        for thing in self.of("Deployment", "StatefulSet", "Job"):
            yield _workload(thing, thing["spec"]["template"])
        for thing in self.of("CronJob"):
            yield _workload(thing, thing["spec"]["jobTemplate"]["spec"]["template"])
        for config in self.of("ConfigMap"):
            if template := config.get("data", {}).get("pod-template.yaml"):
                pod = yaml.safe_load(template)
                yield _workload(pod, pod)


def _workload(thing: Object, template: Object) -> Workload:
    labels = template["metadata"]["labels"]
    return Workload(thing["kind"], labels[NAME], template["spec"], labels, thing)


def name(thing: Object) -> str:
    """Return the name of an object."""
    return str(thing["metadata"]["name"])


def containers(pod: Object) -> list[Object]:
    """Return all containers of a pod, including the init containers."""
    return [*pod.get("initContainers", []), *pod["containers"]]


def selects(selector: Object | None, labels: dict[str, str]) -> bool:
    """Whether a selector, which may only use `matchLabels`, matches the labels of a pod."""
    wanted = (selector or {}).get("matchLabels", selector or {})
    return all(labels.get(key) == value for key, value in wanted.items())


@cache
def kubectl() -> str:
    """Return a kubectl whose kustomize supports components."""
    found = shutil.which("kubectl")
    if found:
        done = subprocess.run(
            [found, "version", "--client", "-o", "yaml"],
            capture_output=True,
            text=True,
            check=False,
        )
        if yaml.safe_load(done.stdout or "{}").get("kustomizeVersion", "v0") >= "v4":
            return found
    return lacking("a kubectl of 1.24 or later", "kubernetes-client, from Debian 13")


def described() -> str:
    """Return a sentence for the report of a test run: which cluster it uses."""
    if not os.environ.get("KUBECONFIG"):
        return "cluster: a stand-in for kubectl (KUBECONFIG names no control plane)"
    found = "kubectl is missing"
    if program := shutil.which("kubectl"):
        done = subprocess.run(
            [program, "get", "--raw", "/version", "--request-timeout", "5s"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        version = json.loads(done.stdout).get("gitVersion") if done.returncode == 0 else None
        found = f"Kubernetes {version}" if version else "it does not respond"
    return f"cluster: a stand-in for kubectl, and the one of KUBECONFIG ({found})"


@cache
def build(tree: str) -> Cluster:
    """Build a folder of `k8s/`."""
    return _built(K8S / tree)


def production_with(component: str, folder: Path) -> Cluster:
    """Build an overlay of a hospital: production with a component, from an empty folder."""
    here = os.path.relpath(K8S, folder)
    overlay = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": NAMESPACE,
        "resources": [f"{here}/overlays/production"],
        "components": [f"{here}/components/{component}"],
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
    return _built(folder)


def _built(folder: Path) -> Cluster:
    done = subprocess.run(
        [kubectl(), "kustomize", folder], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "deprecated" not in done.stderr
    return Cluster(list(yaml.load_all(done.stdout, yaml.CSafeLoader)))


@cache
def foundation() -> Cluster:
    """Return the objects of `namespace.yaml`, which is applied first."""
    return Cluster(list(yaml.safe_load_all((K8S / "namespace.yaml").read_text())))


@cache
def secret_keys() -> dict[str, set[str]]:
    """Return the keys of each Secret that `secrets.sh` or `certificates.sh` generates."""
    script = K8S / "secrets.sh"
    names = subprocess.run([script, "names"], capture_output=True, text=True, check=True)
    certificates = subprocess.run(
        [K8S / "postgres" / "certificates.sh", "names"], capture_output=True, text=True, check=True
    )
    made = {key: {"tls.crt", "tls.key"} for key in certificates.stdout.split()}
    return (made | {CA: {"ca.crt"}}) | {
        secret: {
            line.split("=")[0]
            for line in subprocess.run(
                [script, "secret", secret], capture_output=True, text=True, check=True
            ).stdout.splitlines()
        }
        for secret in names.stdout.split()
    }


def settings_of(path: Path) -> dict[str, str]:
    """Read an env file."""
    lines = (line for line in path.read_text().splitlines() if line and not line.startswith("#"))
    return dict(line.split("=", 1) for line in lines)
