"""Every tree builds, its objects are valid, and what they refer to exists."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import kubernetes_validate
import pytest
from kubernetes_validate import utils

from tests.k8s.cluster import (
    COMPONENTS,
    K8S,
    NAMESPACE,
    TREES,
    Cluster,
    Object,
    build,
    containers,
    foundation,
    name,
    secret_keys,
    selects,
)

CLUSTER_WIDE = {"Namespace", "PriorityClass"}
FOREIGN = {"ExternalSecret"}
"""Kinds that an operator adds to the cluster; Kubernetes has no schema for them."""
APPLICABLE = (".", "backup", *COMPONENTS, *TREES)
WHOLE = pytest.mark.parametrize("tree", TREES)


@pytest.fixture(scope="module")
def schemas() -> Iterator[None]:
    """Let the validator read each schema once; it reads all definitions again for each object."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(utils, "schema_contents", cache(utils.schema_contents))
        yield


@pytest.mark.usefixtures("schemas")
@pytest.mark.parametrize("tree", APPLICABLE)
def test_a_folder_builds_valid_objects_in_our_namespace(tree: str) -> None:
    cluster = build(tree)

    for thing in cluster.objects:
        if thing["kind"] not in FOREIGN:
            kubernetes_validate.validate(thing, "1.37", strict=True)
        if thing["kind"] not in CLUSTER_WIDE:
            assert thing["metadata"].get("namespace") == NAMESPACE, name(thing)
        assert thing["kind"] != "Secret", "secrets are generated in the cluster"
        # A ConfigMap can hold at most 1 MiB.
        assert len(json.dumps(thing)) < 1_000_000, name(thing)


def test_the_root_builds_the_namespace_and_all_components() -> None:
    together = {(thing["kind"], name(thing)) for thing in build(".").objects}
    parts = {(thing["kind"], name(thing)) for part in COMPONENTS for thing in build(part).objects}

    assert together == parts | {(thing["kind"], name(thing)) for thing in foundation().objects}
    found = {path.parent.name for path in K8S.glob("*/[Kk]ustomization*")}
    assert found == {*COMPONENTS, "base", "backup"}


@WHOLE
def test_every_service_has_pods_that_listen_on_its_port(tree: str) -> None:
    cluster = build(tree)
    workloads = list(cluster.workloads())
    node_ports = []

    for service in cluster.of("Service"):
        pods = [w.pod for w in workloads if selects(service["spec"]["selector"], w.labels)]
        assert len(pods) == 1, name(service)
        listening = {
            (port["name"], port.get("protocol", "TCP")): port["containerPort"]
            for container in pods[0]["containers"]
            for port in container.get("ports", [])
        }
        for port in service["spec"]["ports"]:
            key = (port["targetPort"], port.get("protocol", "TCP"))
            assert listening[key] == port["port"], name(service)
            node_ports += [port["nodePort"]] if "nodePort" in port else []
    assert len(set(node_ports)) == len(node_ports)


@WHOLE
def test_every_probe_uses_a_port_that_exists(tree: str) -> None:
    for workload in build(tree).workloads():
        for container in workload.pod["containers"]:
            ports = {port["name"] for port in container.get("ports", [])}
            for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
                if request := container.get(kind, {}).get("httpGet"):
                    assert request["port"] in ports, workload.name


@WHOLE
def test_everything_a_pod_refers_to_exists(tree: str) -> None:
    cluster = build(tree)
    configs = {key: set(value.get("data", {})) for key, value in cluster.named("ConfigMap").items()}
    accounts = set(cluster.named("ServiceAccount"))
    known = {"configMap": configs, "secret": secret_keys()}

    for workload in cluster.workloads():
        assert workload.pod["serviceAccountName"] in accounts, workload.name
        for kind, thing, key in references(workload.pod):
            assert thing in known[kind], f"{workload.name}: no {kind} {thing}"
            assert key is None or key in known[kind][thing], (
                f"{workload.name}: {thing} has no {key}"
            )
        claims = {c["metadata"]["name"] for c in claims_of(workload.object)}
        volumes = {volume["name"] for volume in workload.pod.get("volumes", [])} | claims
        mounted = {m["name"] for c in containers(workload.pod) for m in c.get("volumeMounts", [])}
        assert mounted == volumes, f"{workload.name}: mounts and volumes differ"


def references(pod: Object) -> list[tuple[str, str, str | None]]:
    """Return the kind, name and key of every ConfigMap and Secret that a pod uses."""
    found: list[tuple[str, str, str | None]] = []
    for container in containers(pod):
        for source in container.get("envFrom", []):
            ((kind, reference),) = source.items()
            if not reference.get("optional"):
                found.append((kind.removesuffix("Ref"), reference["name"], None))
        for variable in container.get("env", []):
            for kind, reference in variable.get("valueFrom", {}).items():
                if not reference.get("optional"):
                    found.append((kind.removesuffix("KeyRef"), reference["name"], reference["key"]))
    for volume in pod.get("volumes", []):
        sources = [volume, *volume.get("projected", {}).get("sources", [])]
        found += [("configMap", s["configMap"]["name"], None) for s in sources if "configMap" in s]
        if "secret" in volume and not volume["secret"].get("optional"):
            found.append(("secret", volume["secret"]["secretName"], None))
    return found


def claims_of(thing: Object) -> list[Any]:
    return list(thing["spec"].get("volumeClaimTemplates", []))


@WHOLE
def test_a_variable_follows_those_it_refers_to(tree: str) -> None:
    for workload in build(tree).workloads():
        for container in containers(workload.pod):
            before: set[str] = set()
            for variable in container.get("env", []):
                used = {part.split(")")[0] for part in variable.get("value", "").split("$(")[1:]}
                assert used <= before, f"{workload.name}: {variable['name']} comes too early"
                before.add(variable["name"])


@WHOLE
def test_stateful_sets_have_claims_and_autoscalers_have_targets(tree: str) -> None:
    cluster: Cluster = build(tree)

    stateful = cluster.named("StatefulSet")
    assert {"postgres-raw", "postgres-clean", "postgres-mlflow", "airflow-postgres"} <= set(
        stateful
    )
    for key, thing in stateful.items():
        assert claims_of(thing), key
        assert thing["spec"]["serviceName"] in cluster.named("Service")
    for scaler in cluster.of("HorizontalPodAutoscaler"):
        target = cluster.named(scaler["spec"]["scaleTargetRef"]["kind"])[
            scaler["spec"]["scaleTargetRef"]["name"]
        ]
        assert "replicas" not in target["spec"], "each apply would undo the autoscaler's scaling"


def test_backends_of_the_ingress_exist() -> None:
    cluster = build("overlays/production")
    services = cluster.named("Service")

    (ingress,) = cluster.of("Ingress")
    hosts = set()
    for rule in ingress["spec"]["rules"]:
        hosts.add(rule["host"])
        for path in rule["http"]["paths"]:
            backend = path["backend"]["service"]
            ports = {port["name"] for port in services[backend["name"]]["spec"]["ports"]}
            assert backend["port"]["name"] in ports
    assert hosts == set(ingress["spec"]["tls"][0]["hosts"])
    assert all(service["spec"].get("type") != "NodePort" for service in services.values())


def test_the_vault_supplies_every_secret() -> None:
    external = build("overlays/production").named("ExternalSecret")

    assert set(external) == set(secret_keys())
