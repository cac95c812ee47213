"""What production takes from a shared cluster, and which pods give way on a full node."""

from decimal import Decimal
from typing import Any

import pytest
import yaml

from tests.k8s.cluster import K8S, Object, build, settings_of
from tests.k8s.test_hardening import quantity

PRODUCTION = "overlays/production"
SCALE_OUT = K8S / "overlays" / "scale-out"
STORES = {"minio", "mlflow", "airflow-postgres", "postgres-clean", "postgres-mlflow"} | {
    "postgres-raw"
}
SERVING = {"fastapi", "streamlit"}


def hard() -> dict[str, str]:
    """Return the quota of the namespace."""
    (quota,) = build(PRODUCTION).of("ResourceQuota")
    return dict(quota["spec"]["hard"])


def copies(name: str, thing: Object) -> int:
    """Return the largest number of pods of a workload, one more during a rolling update."""
    scalers = build(PRODUCTION).of("HorizontalPodAutoscaler")
    largest = {s["spec"]["scaleTargetRef"]["name"]: s["spec"]["maxReplicas"] for s in scalers}
    return int(largest.get(name, thing["spec"].get("replicas", 1))) + 1


def tasks() -> tuple[int, dict[str, Any]]:
    """Return how many tasks run at once, and the resources of the largest."""
    at_once = settings_of(SCALE_OUT / "executor.env")["AIRFLOW__CORE__PARALLELISM"]
    largest = yaml.safe_load((SCALE_OUT / "task-resources.yaml").read_text())
    return int(at_once), largest["model_training_pipeline.train"]


@pytest.mark.parametrize("kind", ["requests", "limits"])
@pytest.mark.parametrize("resource", ["cpu", "memory"])
def test_the_quota_has_room_for_everything_at_its_largest(kind: str, resource: str) -> None:
    # given all services at their largest scale, and as many of the largest task as may run
    needed = sum(
        (
            copies(w.name, w.object) * quantity(container["resources"][kind][resource])
            for w in build(PRODUCTION).workloads()
            for container in w.pod["containers"]
        ),
        start=Decimal(0),
    )
    count, resources = tasks()
    needed += count * quantity(resources[kind][resource])

    # then they fit, and the quota is not so large that it limits nothing
    assert needed <= quantity(hard()[f"{kind}.{resource}"]) <= 2 * needed


def test_the_quota_has_room_for_all_pods_and_volumes() -> None:
    cluster = build(PRODUCTION)
    pods = sum(copies(w.name, w.object) for w in cluster.workloads()) + tasks()[0]
    claims = [
        quantity(claim["spec"]["resources"]["requests"]["storage"])
        for name, stateful in cluster.named("StatefulSet").items()
        for claim in stateful["spec"].get("volumeClaimTemplates", [])
        for _ in range(copies(name, stateful) - 1)  # A pod that is replaced hands over its volume.
    ]

    assert pods <= int(hard()["pods"])
    assert len(claims) <= int(hard()["persistentvolumeclaims"])
    assert sum(claims) <= quantity(hard()["requests.storage"])


def test_no_service_opens_a_port_of_a_node() -> None:
    services = build(PRODUCTION).of("Service")
    types = {service["spec"].get("type", "ClusterIP") for service in services}

    assert types == {"ClusterIP"}
    assert hard()["services.nodeports"] == hard()["services.loadbalancers"] == "0"


def test_stores_stay_longest_on_a_full_node_and_tasks_go_first() -> None:
    classes = build(PRODUCTION).named("PriorityClass")
    value = {name: found["value"] for name, found in classes.items()}
    by_workload = {
        w.name: value.get(w.pod.get("priorityClassName"), 0) for w in build(PRODUCTION).workloads()
    }

    assert {by_workload[name] for name in STORES} == {value["readmission-stores"]}
    assert {by_workload[name] for name in SERVING} == {value["readmission-serving"]}
    assert value["readmission-stores"] > value["readmission-serving"] > by_workload["backup"] == 0


def test_containers_of_others_get_limits_too() -> None:
    (limits,) = build(PRODUCTION).of("LimitRange")
    container = next(each for each in limits["spec"]["limits"] if each["type"] == "Container")

    assert {"cpu", "memory"} <= container["default"].keys() & container["defaultRequest"].keys()
    largest = max(
        quantity(one["resources"]["limits"]["memory"])
        for w in build(PRODUCTION).workloads()
        for one in w.pod["containers"]
    )
    assert largest <= quantity(container["max"]["memory"])


def test_there_is_no_load_generator_beside_patients_data() -> None:
    objects = [thing for thing in build(PRODUCTION).objects if "locust" in str(thing)]

    assert objects == []
    assert "locust" in build("overlays/scale-out").named("Deployment")
