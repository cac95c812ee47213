"""The hardening that a hospital's platform team requires of every pod, one test per rule."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from readmission.settings import Settings
from tests.k8s.cluster import (
    K8S,
    TREES,
    Cluster,
    Object,
    Workload,
    build,
    containers,
    foundation,
    name,
    selects,
)

SERVERS = {"Deployment", "StatefulSet"}
MINIKUBE = {"cpu": Decimal(6), "memory": Decimal(14 * 1024**3)}
UNITS = {"": 1, "m": Decimal("0.001"), "Ki": 1024, "Mi": 1024**2, "Gi": 1024**3}
TOKENS = {"overlays/scale-out": {"airflow-scheduler"}, "overlays/production": {"airflow-scheduler"}}
"""Workloads that call the cluster's API: with the KubernetesExecutor, the scheduler."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrize tests over every pod, or every container, of every tree."""
    if "workload" in metafunc.fixturenames:
        cases = [(tree, w) for tree in TREES for w in build(tree).workloads()]
        metafunc.parametrize(
            ("tree", "workload"), cases, ids=[f"{tree}:{w.name}" for tree, w in cases]
        )
    if "container" in metafunc.fixturenames:
        each = [
            (w, c) for tree in TREES for w in build(tree).workloads() for c in containers(w.pod)
        ]
        metafunc.parametrize(
            ("owner", "container"), each, ids=[f"{w.name}/{c['name']}" for w, c in each]
        )


def quantity(text: str | float) -> Decimal:
    """Return a Kubernetes quantity as a number."""
    number = str(text).rstrip("mKMGi")
    return Decimal(number) * UNITS[str(text)[len(number) :]]


def test_the_namespace_enforces_the_restricted_standard() -> None:
    (namespace,) = foundation().of("Namespace")

    for mode in ("enforce", "audit", "warn"):
        assert namespace["metadata"]["labels"][f"pod-security.kubernetes.io/{mode}"] == "restricted"


def test_a_pod_does_not_run_as_root(tree: str, workload: Workload) -> None:
    context = workload.pod["securityContext"]

    assert context["runAsNonRoot"] is True
    assert context["runAsUser"] > 0
    assert context["runAsGroup"] > 0


def test_a_pod_uses_the_runtimes_seccomp_profile(tree: str, workload: Workload) -> None:
    assert workload.pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}


def test_a_pod_has_no_token_unless_it_needs_one(tree: str, workload: Workload) -> None:
    needs = workload.kind in SERVERS and workload.name in TOKENS.get(tree, set())
    assert workload.pod["automountServiceAccountToken"] is needs
    accounts = build(tree).named("ServiceAccount")
    assert accounts[workload.pod["serviceAccountName"]]["automountServiceAccountToken"] is False


def test_a_pod_shares_nothing_with_its_node(tree: str, workload: Workload) -> None:
    assert not {"hostNetwork", "hostPID", "hostIPC"} & workload.pod.keys()
    assert all("hostPath" not in volume for volume in workload.pod.get("volumes", []))


def test_a_pod_gets_no_environment_variables_for_services(tree: str, workload: Workload) -> None:
    assert workload.pod["enableServiceLinks"] is False


def test_scratch_space_has_a_size_limit(tree: str, workload: Workload) -> None:
    for volume in workload.pod.get("volumes", []):
        if "emptyDir" in volume:
            assert "sizeLimit" in volume["emptyDir"], volume["name"]


def test_a_server_has_one_disruption_budget(tree: str, workload: Workload) -> None:
    if workload.kind in SERVERS:
        budgets = [
            budget
            for budget in build(tree).of("PodDisruptionBudget")
            if selects(budget["spec"]["selector"], workload.labels)
        ]
        assert len(budgets) == 1


def test_a_server_has_time_to_stop(tree: str, workload: Workload) -> None:
    if workload.kind in SERVERS:
        assert workload.pod["terminationGracePeriodSeconds"] >= 30


def test_a_container_cannot_gain_privileges(owner: Workload, container: Object) -> None:
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert "privileged" not in container["securityContext"]


def test_a_container_has_no_capabilities(owner: Workload, container: Object) -> None:
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_a_container_cannot_write_to_its_image(owner: Workload, container: Object) -> None:
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert "/tmp" in {mount["mountPath"] for mount in container["volumeMounts"]}  # noqa: S108


def test_a_container_has_requests_and_limits(owner: Workload, container: Object) -> None:
    for resource in ("cpu", "memory", "ephemeral-storage"):
        needed = quantity(container["resources"]["requests"][resource])
        assert 0 < needed <= quantity(container["resources"]["limits"][resource])


def test_an_image_has_a_version_tag(owner: Workload, container: Object) -> None:
    image, _, tag = container["image"].partition("@")[0].rpartition(":")
    assert image
    assert tag[:1].isdigit() or tag.startswith(("v", "RELEASE."))


def test_a_manifest_contains_no_secret_values(owner: Workload, container: Object) -> None:
    for variable in container.get("env", []):
        secret = any(
            word in variable["name"] for word in ("PASSWORD", "SECRET", "FERNET", "API_KEY")
        )
        assert not (secret and "value" in variable), variable["name"]


def test_a_server_has_startup_readiness_and_liveness_probes(tree: str, workload: Workload) -> None:
    if workload.kind in SERVERS:
        (container,) = workload.pod["containers"]
        start = container["startupProbe"]
        assert start["periodSeconds"] * start["failureThreshold"] >= 300, (
            "too short for a slow machine"
        )
        assert "readinessProbe" in container
        live = container["livenessProbe"]
        assert live["periodSeconds"] * live["failureThreshold"] >= 60, "would restart a busy server"


def test_the_api_is_alive_without_a_model_but_ready_only_with_one() -> None:
    (container,) = build("base").named("Deployment")["fastapi"]["spec"]["template"]["spec"][
        "containers"
    ]
    assert container["livenessProbe"]["httpGet"]["path"] == "/health"
    assert container["readinessProbe"]["httpGet"]["path"] == "/ready"


def test_a_rollout_of_the_api_loses_no_request() -> None:
    deployment = build("base").named("Deployment")["fastapi"]
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]

    assert deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    drain = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    readiness = container["readinessProbe"]
    assert 0 < drain < pod["terminationGracePeriodSeconds"] - 30
    assert readiness["periodSeconds"] <= drain


@pytest.mark.parametrize(
    ("tree", "kind", "smallest", "largest"),
    [
        ("base", "Deployment", 2, 4),
        ("overlays/scale-out", "Deployment", 2, 10),
        ("overlays/production", "StatefulSet", 3, 10),
    ],
)
def test_the_api_scales_with_load_and_spreads_over_nodes(
    tree: str, kind: str, smallest: int, largest: int
) -> None:
    cluster = build(tree)
    (scaler,) = cluster.of("HorizontalPodAutoscaler")

    assert (scaler["spec"]["minReplicas"], scaler["spec"]["maxReplicas"]) == (smallest, largest)
    assert scaler["spec"]["scaleTargetRef"]["kind"] == kind
    pod = cluster.named(kind)["fastapi"]["spec"]["template"]["spec"]
    assert pod["topologySpreadConstraints"][0]["topologyKey"] == "kubernetes.io/hostname"


def test_predictions_outlive_a_lost_pod_in_production() -> None:
    cluster = build("overlays/production")
    assert "fastapi" not in cluster.named("Deployment")
    stateful = cluster.named("StatefulSet")["fastapi"]["spec"]
    base = build("base").named("Deployment")["fastapi"]["spec"]
    pod, before = stateful["template"]["spec"], base["template"]["spec"]

    # The volume that holds the predictions is the pod's own, and stays when the pod goes.
    (claim,) = stateful["volumeClaimTemplates"]
    assert claim["spec"]["accessModes"] == ["ReadWriteOnce"]
    # Until `deploy.sh --delete`, which finds claims by this label.
    assert claim["metadata"]["labels"] == {"app.kubernetes.io/part-of": "readmission"}
    assert stateful["persistentVolumeClaimRetentionPolicy"] == {
        "whenScaled": "Retain", "whenDeleted": "Retain",
    }  # fmt: skip
    (mount,) = (
        mount
        for mount in pod["containers"][0]["volumeMounts"]
        if mount["name"] == claim["metadata"]["name"]
    )
    dockerfile = (K8S.parent / "Dockerfile").read_text()
    (spool,) = re.findall(r"READMISSION_PREDICTION_SPOOL_DIR=(\S+)", dockerfile)
    assert Path(mount["mountPath"]) in Path(spool).parents
    # It has room for the predictions of the largest spool, and for the model.
    largest = Settings.model_fields["prediction_spool_mb"].default
    size = quantity(claim["spec"]["resources"]["requests"]["storage"])
    assert size >= 2 * largest * 2**20
    # Nothing else has changed, and Prometheus finds the pods under the same name.
    names = {volume["name"] for volume in pod["volumes"]}
    assert names | {claim["metadata"]["name"]} == {v["name"] for v in before["volumes"]}
    assert stateful["selector"] == base["selector"]
    headless = cluster.named("Service")[stateful["serviceName"]]["spec"]
    assert headless["clusterIP"] == "None"
    # No pod waits for another one that cannot start.
    assert stateful["podManagementPolicy"] == "Parallel"


@pytest.mark.parametrize("resource", MINIKUBE)
def test_everything_fits_into_minikube(resource: str) -> None:
    total = sum(demand(build("overlays/minikube"), "requests", resource).values())

    assert total <= MINIKUBE[resource]


def test_all_servers_at_their_limit_fit_into_minikube() -> None:
    # Jobs end before the first batch.
    servers = {w.name for w in build("overlays/minikube").workloads() if w.kind in SERVERS}
    limits = demand(build("overlays/minikube"), "limits", "memory")

    assert sum(limits[server] for server in servers) <= MINIKUBE["memory"]


def demand(cluster: Cluster, kind: str, resource: str) -> dict[str, Decimal]:
    """Return what the pods of each workload request, or their limits.

    Init containers run before the others, one by one.
    """
    replicas = {
        "fastapi": max(s["spec"]["minReplicas"] for s in cluster.of("HorizontalPodAutoscaler"))
    }
    found = {}
    for workload in cluster.workloads():
        first, rest = (
            [quantity(c["resources"][kind][resource]) for c in some]
            for some in (workload.pod.get("initContainers", []), workload.pod["containers"])
        )
        count = replicas.get(workload.name, workload.object["spec"].get("replicas", 1))
        found[workload.name] = count * max([sum(rest), *first])
    return found


@pytest.mark.parametrize("tree", TOKENS)
def test_the_scheduler_may_only_manage_pods_in_its_namespace(tree: str) -> None:
    cluster = build(tree)

    assert not cluster.of("ClusterRole", "ClusterRoleBinding")
    (role,), (binding,) = cluster.of("Role"), cluster.of("RoleBinding")
    assert {resource for rule in role["rules"] for resource in rule["resources"]} == {
        "pods",
        "pods/log",
    }
    assert [subject["name"] for subject in binding["subjects"]] == ["airflow-scheduler"]
    assert name(role) == binding["roleRef"]["name"]
