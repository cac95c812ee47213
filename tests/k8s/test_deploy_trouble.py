"""`deploy.sh` on clusters that refuse something, after crashes, and while another run is busy."""

import fcntl
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.k8s.test_scripts import calls, deploy, make_cluster, put, things

LEASE = "lease.coordination.k8s.io/deploy"
SINCE = "2026-03-01T09:15:42.000000Z"
IMMUTABLE = (
    'Error from server (Invalid): StatefulSet.apps "postgres-raw" is invalid: spec: Forbidden:'
    " updates to statefulset spec for fields other than 'replicas' are forbidden\n"
)
IMMUTABLE_SINCE_1_37 = (
    'Error from server (Invalid): StatefulSet.apps "postgres-raw" is invalid:'
    ' spec.volumeClaimTemplates: Invalid value: [{"name":"data"}]: field is immutable\n'
)
IMMUTABLE_IN_TWO_FIELDS = IMMUTABLE_SINCE_1_37.replace(
    "spec.volumeClaimTemplates",
    '[spec.serviceName: Invalid value: "other": field is immutable, spec.volumeClaimTemplates',
).replace("immutable\n", "immutable]\n")
QUOTA = (
    'Error from server (Forbidden): services "grafana" is forbidden: exceeded quota: readmission,'
    " requested: services.nodeports=1, used: services.nodeports=0, limited: services.nodeports=0\n"
)


@pytest.fixture
def cluster(tmp_path: Path) -> Path:
    """A cluster with the namespace."""
    made = make_cluster(tmp_path)
    put(made, "namespace/mlops-proyecto3")
    return made


def hold(cluster: Path, renewed: int = 0, seconds: int = 1) -> None:
    """Store the Lease of another run."""
    spec = {
        "holderIdentity": "maria@ward-7/4711", "leaseDurationSeconds": seconds,
        "acquireTime": SINCE, "renewTime": f"renewal {renewed}",
    }  # fmt: skip
    with (cluster / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        path = cluster / "things.json"
        kept = json.loads(path.read_text())
        lease = {"labels": {}, "version": str(renewed), "spec": spec}
        path.write_text(json.dumps(kept | {LEASE: lease}))


@contextmanager
def renewing(cluster: Path) -> Iterator[None]:
    """Renew the Lease of another run until the block ends."""
    ended = threading.Event()

    def renew() -> None:
        renewed = 0
        while not ended.is_set():
            renewed += 1
            hold(cluster, renewed, seconds=30)
            ended.wait(0.3)

    hold(cluster, seconds=30)
    thread = threading.Thread(target=renew)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@pytest.mark.parametrize("options", [(), ("--prepare",), ("--delete", "--yes")])
def test_a_second_run_is_refused_and_told_who_deploys_since_when(
    cluster: Path, options: tuple[str, ...]
) -> None:
    with renewing(cluster):
        done = deploy(cluster, *options)

    assert done.returncode == 1
    assert f"maria@ward-7/4711 has been deploying since {SINCE}. Wait until" in done.stderr
    assert things(cluster) == {"namespace/mlops-proyecto3", LEASE}
    assert "docker build" not in calls(cluster)


def test_the_lock_of_a_crashed_run_expires(cluster: Path) -> None:
    hold(cluster)

    done = deploy(cluster)

    assert done.returncode == 0, done.stderr
    assert "That run has crashed; this one takes its place." in done.stderr
    assert LEASE not in things(cluster)


def test_a_run_releases_the_lock_when_it_fails(cluster: Path) -> None:
    (cluster / "broken-mlflow").touch()

    assert deploy(cluster).returncode == 1

    assert "create --filename -" in calls(cluster)
    assert LEASE not in things(cluster)


def test_a_dry_run_needs_no_lock(cluster: Path) -> None:
    with renewing(cluster):
        assert deploy(cluster, "--dry-run").returncode == 0


@pytest.mark.parametrize(
    ("refusal", "says"),
    [
        ('no matches for kind "ExternalSecret" in version', "no External Secrets Operator"),
        ("spec.ports[0].nodePort: Invalid value: 30808: provided port is", "refuses the ports"),
        ("admission webhook denied the request", "refuses these objects; none was changed"),
        (IMMUTABLE + "and something else", "refuses these objects; none was changed"),
    ],
    ids=["no-operator", "no-ports", "webhook", "volume-and-more"],
)
def test_objects_that_the_cluster_refuses_stop_the_deployment_before_it_changes_any(
    cluster: Path, refusal: str, says: str
) -> None:
    (cluster / "refuses").write_text(refusal)

    failed = deploy(cluster)

    assert failed.returncode == 1
    assert refusal.splitlines()[-1] in failed.stderr
    assert says in failed.stderr
    assert "deployment.apps/mlflow" not in things(cluster)
    assert not {thing for thing in things(cluster) if thing.startswith("secret/")}


def test_without_a_default_storage_class_the_message_says_how_to_choose_one(cluster: Path) -> None:
    (cluster / "no-storage").touch()

    failed = deploy(cluster)

    assert failed.returncode == 1
    assert "kubectl annotate storageclass NAME" in failed.stderr
    assert "deployment.apps/mlflow" not in things(cluster)


def test_the_volumes_of_all_pods_get_the_size_of_a_server_that_is_created_again(
    cluster: Path,
) -> None:
    # given the API of production with volumes smaller than today's, one of which cannot grow
    claims = dict.fromkeys(("state-fastapi-0", "state-fastapi-1", "state-fastapi-11"), "1Gi")
    put(cluster, "statefulset.apps/fastapi")
    path = cluster / "things.json"
    kept = {f"persistentvolumeclaim/{n}": {"labels": {}, "size": s} for n, s in claims.items()}
    path.write_text(json.dumps(json.loads(path.read_text()) | kept))
    (cluster / "refuses").write_text(IMMUTABLE.replace("postgres-raw", "fastapi"))
    (cluster / "fixed-size").write_text("state-fastapi-1")

    done = deploy(cluster, "--overlay", "production")

    assert done.returncode == 0, done.stderr
    found = json.loads(path.read_text())
    sizes = {name: found[f"persistentvolumeclaim/{name}"]["size"] for name in claims}
    assert sizes == claims | {"state-fastapi-0": "2Gi", "state-fastapi-11": "2Gi"}
    assert "state-fastapi-1 keeps its size of 1Gi: its StorageClass cannot" in done.stderr


@pytest.mark.parametrize("immutable", [IMMUTABLE, IMMUTABLE_SINCE_1_37, IMMUTABLE_IN_TWO_FIELDS])
def test_what_another_overlay_left_in_the_way_is_replaced(cluster: Path, immutable: str) -> None:
    # given a cluster that a first attempt could not change, for lack of storage
    (cluster / "no-storage").touch()
    deploy(cluster)
    (cluster / "no-storage").unlink()
    (cluster / "calls").unlink()

    # when a StatefulSet has another volume, and a quota allows no NodePorts
    (cluster / "refuses").write_text(immutable + QUOTA)
    done = deploy(cluster)

    # then both go before the objects are applied
    assert done.returncode == 0, done.stderr
    assert "its pod and its data stay" in done.stderr
    made = calls(cluster)
    applied = made.rindex("apply --server-side")
    assert made.index("delete statefulset postgres-raw --cascade=orphan") < applied
    assert made.index("delete resourcequota,limitrange readmission") < applied

    # then the new objects carry the script's label from the start, for --delete
    lines = (cluster / "applied.yaml").read_text().splitlines()
    services = (thing for thing in map(json.loads, lines) if thing["kind"] == "Service")
    for service in services:
        labels = service["metadata"]["labels"]
        assert labels["app.kubernetes.io/managed-by"] == "readmission-deploy"
