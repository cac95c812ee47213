"""The component that adds a Dask cluster to an overlay: hardened, shut off, and encrypted."""

import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from readmission.settings import CHECKOUT, Settings
from tests.k8s import test_hardening, test_network
from tests.k8s.cluster import K8S, Cluster, Object, Workload, build, containers, production_with
from tests.k8s.test_hardening import quantity

COMPONENT = K8S / "components" / "dask"
OURS = ("dask-scheduler", "dask-worker")
TLS_FILES = {"ca.crt", "tls.crt", "tls.key"}
MOUNT = {"name": "dask-tls", "mountPath": "/etc/dask-tls", "readOnly": True}
TLS, SCHEDULER, WORKER, OBJECTS = "tls", 8786, 8788, 9000
CHOSEN_BY_THE_SYSTEM = 32768
ARROWS = {
    ("airflow-task", "dask-scheduler", SCHEDULER),
    ("dask-worker", "dask-scheduler", SCHEDULER),
    ("dask-scheduler", "dask-worker", WORKER),
    ("dask-worker", "dask-worker", WORKER),
    ("dask-worker", "minio", OBJECTS),
    ("dask-worker", "dask-scheduler", CHOSEN_BY_THE_SYSTEM),
    ("dask-scheduler", "dask-worker", CHOSEN_BY_THE_SYSTEM),
    ("dask-worker", "dask-worker", CHOSEN_BY_THE_SYSTEM),
}


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The overlay of a hospital with Dask."""
    # kustomize refuses paths that lead out of a checkout by a symbolic link.
    return production_with("dask", tmp_path_factory.mktemp("overlay").resolve())


@pytest.fixture(scope="module", params=OURS)
def workload(production: Cluster, request: pytest.FixtureRequest) -> Workload:
    (found,) = (w for w in production.workloads() if w.name == request.param)
    return found


def settings_of_tasks(production: Cluster) -> dict[str, str]:
    config = production.named("ConfigMap")["airflow-task"]["data"]
    return {key: value for key, value in config.items() if "DASK" in key or "ENGINE" in key}


def test_its_pods_are_hardened_like_all_others(workload: Workload, production: Cluster) -> None:
    (container,) = containers(workload.pod)
    for rule in (
        test_hardening.test_a_pod_does_not_run_as_root,
        test_hardening.test_a_pod_uses_the_runtimes_seccomp_profile,
        test_hardening.test_a_pod_shares_nothing_with_its_node,
        test_hardening.test_a_pod_gets_no_environment_variables_for_services,
        test_hardening.test_scratch_space_has_a_size_limit,
        test_hardening.test_a_server_has_time_to_stop,
        test_hardening.test_a_server_has_startup_readiness_and_liveness_probes,
    ):
        rule("", workload)
    for rule_of_containers in (
        test_hardening.test_a_container_cannot_gain_privileges,
        test_hardening.test_a_container_has_no_capabilities,
        test_hardening.test_a_container_cannot_write_to_its_image,
        test_hardening.test_a_container_has_requests_and_limits,
        test_hardening.test_an_image_has_a_version_tag,
    ):
        rule_of_containers(workload, container)
    # It calls nothing in the cluster, and holds no secret but its certificate.
    assert workload.pod["automountServiceAccountToken"] is False
    assert "secretKeyRef" not in str(container)
    assert [v["secret"]["secretName"] for v in workload.pod["volumes"] if "secret" in v] == [
        "dask-tls"
    ]
    budgets = production.named("PodDisruptionBudget")
    assert workload.name in budgets


def test_its_objects_are_valid(production: Cluster) -> None:
    found = [thing for thing in production.objects if "dask" in thing["metadata"]["name"]]

    assert len(found) == 11
    for thing in found:
        kubernetes_validate.validate(thing, "1.37", strict=True)


def test_it_runs_the_image_of_the_tasks(workload: Workload) -> None:
    (container,) = containers(workload.pod)
    (task,) = (w for w in build("overlays/scale-out").workloads() if w.name == "airflow-task")

    assert container["image"] == containers(task.pod)[0]["image"]
    assert "dask" in (CHECKOUT / "requirements" / "airflow.txt").read_text()


def test_both_sides_prove_who_they_are(production: Cluster, workload: Workload) -> None:
    # given the options of scheduler and workers, and the settings of tasks
    (container,) = containers(workload.pod)
    options = dict(each.split("=", 1) for each in container["args"] if "=" in each)
    given = settings_of_tasks(production)

    # then all of them use the same certificate
    folder = given["READMISSION_DASK_TLS_DIR"]
    used = {value for key, value in options.items() if key.startswith("--tls-")}
    assert used == {f"{folder}/{file}" for file in TLS_FILES}
    assert MOUNT in container["volumeMounts"]
    (task,) = (w for w in production.workloads() if w.name == "airflow-task")
    assert MOUNT in containers(task.pod)[0]["volumeMounts"]
    # and the settings are accepted
    settings = Settings(
        **{key.removeprefix("READMISSION_").lower(): value for key, value in given.items()}
    )
    assert settings.training_engine == "dask"
    assert settings.dask_address == f"tls://dask-scheduler:{SCHEDULER}"
    service = production.named("Service")["dask-scheduler"]["spec"]
    assert [(port["port"], port["targetPort"]) for port in service["ports"]] == [(SCHEDULER, TLS)]


def test_nothing_but_tasks_and_its_own_pods_reaches_it(production: Cluster) -> None:
    for direction in ("Ingress", "Egress"):
        found = set(test_network.arrows(production, direction))
        assert found - set(test_network.arrows(build("overlays/production"), direction)) == ARROWS
    # XGBoost lets the system choose its ports: these are Linux's
    ranges = [
        port
        for policy in production.of("NetworkPolicy")
        for way in ("ingress", "egress")
        for rule in policy["spec"].get(way, [])
        for port in rule["ports"]
        if "endPort" in port
    ]
    assert {(port["port"], port["endPort"]) for port in ranges} == {(CHOSEN_BY_THE_SYSTEM, 60999)}


def test_workers_scale_by_demand_and_the_quota_holds_them_all(production: Cluster) -> None:
    scaler = production.named("HorizontalPodAutoscaler")["dask-worker"]["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (2, 16)
    timeout = Settings.model_fields["task_timeout_seconds"].default
    assert scaler["behavior"]["scaleDown"]["stabilizationWindowSeconds"] > timeout

    # given what the namespace needs at most
    quota: Object = production.named("ResourceQuota")["readmission"]["spec"]["hard"]
    before: Object = build("overlays/production").named("ResourceQuota")["readmission"]["spec"]
    largest = {"dask-worker": scaler["maxReplicas"] + 4, "dask-scheduler": 1}
    for kind in ("requests", "limits"):
        for resource in ("cpu", "memory"):
            needed = sum(
                (
                    largest[w.name] * quantity(containers(w.pod)[0]["resources"][kind][resource])
                    for w in production.workloads()
                    if w.name in OURS
                ),
                start=Decimal(0),
            )
            more = quantity(quota[f"{kind}.{resource}"]) - quantity(
                before["hard"][f"{kind}.{resource}"]
            )
            assert needed <= more <= 2 * needed, f"{kind}.{resource}"
    assert int(quota["pods"]) - int(before["hard"]["pods"]) >= sum(largest.values()) - 1


def test_a_script_makes_the_certificate(tmp_path: Path) -> None:
    folder = tmp_path / "dask-tls"

    subprocess.run([COMPONENT / "certificate.sh", folder], check=True)

    assert {file.name for file in folder.iterdir()} == TLS_FILES
    assert all(file.stat().st_mode & 0o077 == 0 for file in folder.iterdir())
    chain = ["openssl", "verify", "-CAfile", folder / "ca.crt", folder / "tls.crt"]
    subprocess.run(chain, check=True, capture_output=True)


def test_without_the_component_a_task_starts_without_the_certificate() -> None:
    (task,) = (w for w in build("overlays/scale-out").workloads() if w.name == "airflow-task")

    (secret,) = (v["secret"] for v in task.pod["volumes"] if v["name"] == "dask-tls")
    assert secret["optional"] is True
    assert yaml.safe_load((COMPONENT / "kustomization.yaml").read_text())["kind"] == "Component"
