"""The ten folders can be applied with `kubectl apply -f`, and give what kustomize gives."""

import json
import re
import subprocess
from collections.abc import Iterator
from functools import cache

import pytest
import yaml

from k8s.manifests import FOLDERS, MARK, generate, outdated
from tests.k8s.cluster import (
    K8S,
    Cluster,
    Object,
    build,
    containers,
    foundation,
    kubectl,
    name,
    secret_keys,
    selects,
)
from tests.k8s.test_objects import references

EACH = pytest.mark.parametrize("folder", FOLDERS)
HASH = re.compile(r"-[2456789bcdfghkmt]{10}$")
NOT_PLAIN = {
    # `kubectl create namespace` makes it, without the labels.
    ("Namespace", "mlops-proyecto3"),
    # Every pod has a policy of its own in both directions.
    ("NetworkPolicy", "default-deny"),
    # The load test is not part of the ten folders. The nightly backup is not part of `k8s` either.
    *((kind, "locust") for kind in ("Deployment", "PodDisruptionBudget", "Service")),
    *((kind, "locust") for kind in ("NetworkPolicy", "ServiceAccount")),
    ("NetworkPolicy", "people-locust"),
}
"""What `kubectl apply -k k8s` creates and the ten folders do not."""
LIMIT = 262_144
"""Bytes of all annotations of an object; `kubectl apply` copies the object into one."""
SHARED = {"AIRFLOW_DB_PASSWORD", "AIRFLOW_DB_ADDRESS", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"}
KEYS = {"AIRFLOW__CORE__FERNET_KEY", "AIRFLOW__API_AUTH__JWT_SECRET", "AIRFLOW__API__SECRET_KEY"}


@cache
def plain(folder: str) -> Cluster:
    """Return the objects that kubectl reads from a folder, without kustomize."""
    # --local reads files as `apply` does, and needs no cluster.
    done = subprocess.run(
        [kubectl(), "annotate", "--local", "-o", "json", "-f", K8S / folder, "read=yes"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    objects = list(decode(done.stdout))
    for thing in objects:
        assert thing["metadata"].pop("annotations") == {"read": "yes"}
    return Cluster(objects)


def decode(text: str) -> Iterator[Object]:
    """Yield JSON objects that follow one another."""
    decoder, position = json.JSONDecoder(), 0
    while position < len(text.rstrip()):
        thing, position = decoder.raw_decode(text, position)
        yield thing
        position += len(text[position:]) - len(text[position:].lstrip())


def without_hashes(thing: object, names: set[str]) -> object:
    """Return an object without the hashes in the names of ConfigMaps."""
    if isinstance(thing, dict):
        return {key: without_hashes(value, names) for key, value in thing.items()}
    if isinstance(thing, list):
        return [without_hashes(value, names) for value in thing]
    return HASH.sub("", thing) if isinstance(thing, str) and thing in names else thing


def test_the_folders_give_what_kustomize_gives() -> None:
    # given every object of the folders, of which only the policy for DNS is in several
    applied: dict[tuple[str, str], Object] = {}
    for folder in FOLDERS:
        for thing in plain(folder).objects:
            key = (thing["kind"], name(thing))
            assert applied.setdefault(key, thing) == thing
            assert applied[key] is thing or key == ("NetworkPolicy", "allow-dns")

    # then kustomize gives the same, and what is named above
    names = {name(thing) for thing in build(".").of("ConfigMap")}
    kustomized = {}
    for thing in build(".").objects:
        bare = without_hashes(thing, names)
        kustomized[bare["kind"], name(bare)] = bare
    assert kustomized.keys() - applied.keys() == NOT_PLAIN
    assert applied.keys() <= kustomized.keys()
    for key, thing in applied.items():
        assert thing == kustomized[key], key


@EACH
def test_the_generated_files_are_up_to_date(folder: str) -> None:
    made = generate(folder)

    for path, text in made.items():
        assert path.exists(), f"run `make manifests` for {path.name}"
        there = path.read_text()
        assert there.startswith(MARK), path.name
        assert there.partition("\n")[0] == text.partition("\n")[0]
        objects = [list(yaml.load_all(some, yaml.CSafeLoader)) for some in (there, text)]
        assert objects[0] == objects[1], f"run `make manifests` for {path.name}"
    assert outdated(folder, made) == []


@EACH
def test_a_folder_has_no_file_that_kubectl_would_refuse(folder: str) -> None:
    """`kubectl apply -f` reads .yaml, .yml and .json, and cannot apply a kustomization."""
    entries = list((K8S / folder).iterdir())

    assert all(entry.is_file() for entry in entries), "`apply -f` does not enter folders"
    assert not {"kustomization.yaml", "kustomization.yml"} & {entry.name for entry in entries}
    assert "Kustomization" in {entry.name for entry in entries}
    assert plain(folder).objects


@EACH
def test_a_folder_contains_what_its_pods_refer_to(folder: str) -> None:
    cluster = plain(folder)
    configs, accounts = cluster.named("ConfigMap"), cluster.named("ServiceAccount")

    for workload in cluster.workloads():
        assert workload.pod["serviceAccountName"] in accounts, workload.name
        for kind, thing, key in references(workload.pod):
            if kind == "secret":
                assert key is None or key in secret_keys()[thing], workload.name
            else:
                assert key is None or key in configs[thing]["data"], workload.name
                assert thing in configs, workload.name


@EACH
def test_an_account_exists_before_the_pods_that_use_it(folder: str) -> None:
    """`kubectl apply -f` creates objects in the order of the files."""
    accounts = set()
    for thing in plain(folder).objects:
        if thing["kind"] == "ServiceAccount":
            accounts.add(name(thing))
        for workload in Cluster([thing]).workloads():
            assert workload.pod["serviceAccountName"] in accounts, workload.name


@EACH
def test_a_folder_opens_the_network_of_its_pods_and_dns(folder: str) -> None:
    cluster = plain(folder)
    policies = cluster.named("NetworkPolicy")
    names = policies.pop("allow-dns")

    assert names == foundation().named("NetworkPolicy")["allow-dns"]
    for workload in cluster.workloads():
        shut = {
            way
            for policy in policies.values()
            if selects(policy["spec"]["podSelector"], workload.labels)
            for way in policy["spec"]["policyTypes"]
        }
        assert shut == {"Ingress", "Egress"}, workload.name


@EACH
def test_an_object_fits_into_the_annotation_of_apply(folder: str) -> None:
    for thing in plain(folder).objects:
        assert len(json.dumps(thing, separators=(",", ":"))) < LIMIT, name(thing)


def test_a_service_exists_before_the_servers_that_look_it_up_once() -> None:
    """Airflow writes no metrics until it restarts if it cannot resolve StatsD's name."""
    config = plain("airflow").named("ConfigMap")["airflow"]["data"]

    assert config["AIRFLOW__METRICS__STATSD_HOST"] in plain("airflow").named("Service")


def test_all_servers_of_airflow_have_the_same_database_and_keys() -> None:
    found = {wanted: set() for wanted in (*SHARED, *KEYS)}
    for workload in plain("airflow").workloads():
        for container in containers(workload.pod):
            if container.get("envFrom") == [{"configMapRef": {"name": "airflow"}}]:
                made = {each["name"]: json.dumps(each) for each in container["env"]}
                assert made.keys() >= SHARED, workload.name
                assert container["name"] == "migrated" or made.keys() >= KEYS, workload.name
                for key in found.keys() & made.keys():
                    found[key].add(made[key])

    assert {len(values) for values in found.values()} == {1}
