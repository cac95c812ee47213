"""`deploy.sh --prepare` creates what the plain YAML needs, and nothing that the YAML creates."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from k8s.manifests import FOLDERS
from readmission.settings import CHECKOUT
from tests.k8s.cluster import K8S, NAMESPACE, secret_keys
from tests.k8s.test_scripts import IMAGES, calls, deploy, make_cluster, put, things

COMMANDS = [
    f"kubectl config set-context --current --namespace={NAMESPACE}",
    *(f"kubectl apply -f k8s/{folder}/" for folder in FOLDERS),
]


@pytest.fixture
def cluster(tmp_path: Path) -> Path:
    """An empty cluster."""
    return make_cluster(tmp_path)


def test_it_delivers_images_and_creates_secrets_but_no_server(cluster: Path) -> None:
    done = deploy(cluster, "--prepare")

    assert done.returncode == 0, done.stderr
    for image in IMAGES:
        assert f"minikube image load --profile minikube {image}" in calls(cluster)
    assert {key for key in things(cluster) if key.startswith("secret/")} == {
        f"secret/{secret}" for secret in secret_keys()
    }
    assert {key.partition("/")[0] for key in things(cluster)} == {
        "namespace", "networkpolicy.networking.k8s.io", "configmap", "secret",
    }  # fmt: skip
    assert done.stdout.splitlines() == COMMANDS


def test_running_it_again_keeps_the_secrets_and_loads_nothing(cluster: Path) -> None:
    deploy(cluster, "--prepare")
    secrets = {path.name: path.read_text() for path in cluster.glob("secret-*")}
    (cluster / "calls").unlink()

    again = deploy(cluster, "--prepare")

    assert again.returncode == 0, again.stderr
    assert {path.name: path.read_text() for path in cluster.glob("secret-*")} == secrets
    assert "image load" not in calls(cluster)


def test_the_namespace_may_exist(cluster: Path) -> None:
    """`kubectl create namespace` comes first in the documents."""
    put(cluster, f"namespace/{NAMESPACE}")

    assert deploy(cluster, "--prepare").returncode == 0

    deploy(cluster, "--delete", "--yes")
    assert things(cluster) == {f"namespace/{NAMESPACE}"}


def test_delete_leaves_nothing_of_it(cluster: Path) -> None:
    deploy(cluster, "--prepare")

    deploy(cluster, "--delete", "--yes")

    assert things(cluster) == set()


def test_with_a_registry_it_prints_how_to_name_the_images(cluster: Path) -> None:
    # given a copy of the YAML
    (cluster / "context").write_text("hospital")
    shutil.copytree(K8S, cluster / "k8s")

    # when the printed commands are run there
    done = deploy(cluster, "--prepare", "--registry", "registry.example:5000/readmission")
    edits = [line for line in done.stdout.splitlines() if line.startswith("sed ")]
    for edit in edits:
        subprocess.run(["bash", "-c", edit], cwd=cluster, check=True)

    # then every image of ours is one that was pushed
    assert done.stdout.splitlines() == [*edits, *COMMANDS]
    pushed = set(re.findall(r"docker push --quiet (\S+)", calls(cluster)))
    text = "".join(path.read_text() for path in (cluster / "k8s").glob("*/*.yaml"))
    ours = set(re.findall(r"image: (\S*readmission-\S+)", text))
    assert len(edits) == len(IMAGES)
    assert ours == pushed


def test_a_dry_run_changes_nothing(cluster: Path) -> None:
    done = deploy(cluster, "--prepare", "--dry-run")

    assert done.returncode == 0, done.stderr
    reading = ("kustomize", "config current-context", "minikube profile list")
    assert all(line.startswith(reading) for line in calls(cluster).splitlines())


def test_overlays_are_refused(cluster: Path) -> None:
    done = deploy(cluster, "--prepare", "--overlay", "production")

    assert done.returncode == 1
    assert "has no overlays" in done.stderr
    assert calls(cluster) == ""


def test_the_document_has_the_same_commands_in_the_same_order() -> None:
    text = (CHECKOUT / "docs" / "en" / "QUICK_REFERENCE.md").read_text()

    lines = [line for line in text.splitlines() if line.startswith("kubectl ")]
    written = [line for line in lines if line.split()[1] in ("create", "config", "apply")]
    assert written == [f"kubectl create namespace {NAMESPACE}", *COMMANDS]
