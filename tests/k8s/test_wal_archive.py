"""The parts that archive every server's changes: on the cluster one line, on Compose one file."""

from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from readmission.settings import CHECKOUT
from tests.k8s.cluster import (
    DATABASE_SERVERS,
    K8S,
    Cluster,
    Object,
    containers,
    name,
    production_with,
    secret_keys,
    settings_of,
)
from tests.k8s.test_compose import MERGED, RENAMED, SERVICES, faults, over
from tests.k8s.test_objects import references

FILE = CHECKOUT / "docker-compose.wal-archive.yml"
CALLED = {
    "postgres-raw": "raw",
    "postgres-clean": "clean",
    "postgres-mlflow": "mlflow",
    "airflow-postgres": "airflow",
}
"""The name under which each server is copied and archived."""
OPTIONS = [
    "-carchive_mode=on",
    "-carchive_timeout=300",
    "-carchive_command=bash /archive/archive.sh %p %f",
]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    """Production with the one line."""
    return production_with("wal-archive", tmp_path_factory.mktemp("hospital"))


def test_every_server_archives_its_changes_beside_an_archiver(cluster: Cluster) -> None:
    for server in DATABASE_SERVERS:
        stateful = cluster.named("StatefulSet")[server]
        kubernetes_validate.validate(stateful, "1.37", strict=True)
        pod = stateful["spec"]["template"]["spec"]
        (postgres,), (archiver,) = pod["containers"], pod["initContainers"]

        assert postgres["args"][-3:] == OPTIONS
        assert archiver["restartPolicy"] == "Always"
        assert archiver["command"][:5] == [
            "python", "-m", "readmission.operations.recovery", "archive", "/spool",
        ]  # fmt: skip
        # Only the archiver can write into the bucket, and only the server can read the data.
        assert "AWS_SECRET_ACCESS_KEY" not in {v["name"] for v in postgres["env"]}
        assert {m["name"] for m in archiver["volumeMounts"]} == {"spool", "archiver-tmp"}
        assert archiver["securityContext"] == postgres["securityContext"]


def test_every_reference_exists(cluster: Cluster) -> None:
    configs = cluster.named("ConfigMap")
    for workload in cluster.workloads():
        for kind, thing, key in references(workload.pod):
            if kind == "secret":
                assert thing in secret_keys(), thing
                assert key is None or key in secret_keys()[thing]
            else:
                assert thing in configs, thing


def test_servers_and_store_allow_the_connection(cluster: Cluster) -> None:
    policies = cluster.named("NetworkPolicy")
    store = {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "minio"}}}
    callers = policies["minio"]["spec"]["ingress"][0]["from"]

    for server in DATABASE_SERVERS:
        (rule,) = policies[server]["spec"]["egress"]
        assert rule == {"to": [store], "ports": [{"protocol": "TCP", "port": 9000}]}
        assert {"podSelector": {"matchLabels": {"app.kubernetes.io/name": server}}} in callers


def test_the_nightly_backup_copies_every_server(cluster: Cluster) -> None:
    (job,) = cluster.of("CronJob")
    steps = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["initContainers"]
    (copy,) = (step for step in steps if step["name"] == "copy-servers")

    assert copy["command"][2:] == ["/dumps", *CALLED.values()]
    for database in CALLED.values():
        assert f"{database.upper()}_DB_ADDRESS" in settings_of(K8S / "backup" / "stores.env")


def test_a_server_is_called_by_its_first_database() -> None:
    made = {
        RENAMED.get(service, service): each["environment"]["DATABASES"].split()[0]
        for service, each in SERVICES.items()
        if "DATABASES" in each.get("environment", {})
    }

    assert made == CALLED


@pytest.mark.parametrize("server", DATABASE_SERVERS)
def test_the_recovery_job_is_valid_and_mounts_the_servers_volume(
    cluster: Cluster, server: str
) -> None:
    # given
    text = (K8S / "backup" / "recover-job.yaml").read_text()
    values = {"SERVER": server, "DATABASE": CALLED[server], "TIME": "2026-11-28T14:30:00"}
    for word, value in values.items():
        text = text.replace(word, value)
    job = yaml.safe_load(text)

    # then
    kubernetes_validate.validate(job, "1.37", strict=True)
    pod = job["spec"]["template"]["spec"]
    stateful = cluster.named("StatefulSet")[server]
    theirs = stateful["spec"]["template"]["spec"]["securityContext"]
    assert pod["securityContext"] == theirs
    (claim,) = (v["persistentVolumeClaim"] for v in pod["volumes"] if v["name"] == "data")
    (template,) = stateful["spec"]["volumeClaimTemplates"]
    assert claim["claimName"] == f"{name(template)}-{server}-0"
    configs = cluster.named("ConfigMap")
    assert "recover.sh" in configs["backup"]["data"]
    assert pod["initContainers"][0]["image"] in images(cluster)
    assert pod["containers"][0]["image"] in images(cluster)
    assert "--until=2026-11-28T14:30:00" in pod["initContainers"][0]["command"]
    (recover,) = pod["containers"]
    assert "key" not in {mount["name"] for mount in recover["volumeMounts"]}


def images(cluster: Cluster) -> set[str]:
    return {one["image"] for each in cluster.workloads() for one in containers(each.pod)}


@pytest.fixture(scope="module")
def composed() -> Object:
    """Both Compose files and this one."""
    return over(MERGED, yaml.safe_load(FILE.read_text()))


def test_the_compose_file_is_valid(composed: Object, tmp_path: Path) -> None:
    together = tmp_path / "together.yml"
    together.write_text(yaml.safe_dump(composed))

    assert not faults(FILE)
    assert not faults(together)


def test_a_server_keeps_its_options_on_compose_and_archives(composed: Object) -> None:
    for service, before in SERVICES.items():
        if "DATABASES" in before.get("environment", {}):
            after = composed["services"][service]
            assert after["command"] == [*before["command"], *OPTIONS], service
            assert after["environment"]["DATABASES"] == before["environment"]["DATABASES"]


def test_only_the_archiver_gets_the_key_of_the_bucket_on_compose() -> None:
    services = yaml.safe_load(FILE.read_text())["services"]
    having = {
        service
        for service, each in services.items()
        if "AWS_ACCESS_KEY_ID" in each.get("environment", {})
    }

    assert having == {"wal-archive", "changes"}
    assert services["copy-servers"]["command"] == list(CALLED.values())
    for database in CALLED.values():
        volume = f"postgres-{database}:/var/lib/postgresql"
        assert volume in services[f"recover-{database}"]["volumes"]
