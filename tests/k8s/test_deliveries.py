"""The triggerer watches for deliveries by default, and only it and the tasks can read them."""

import pytest

from tests.k8s.cluster import K8S, build, settings_of
from tests.k8s.test_compose import SERVICES

PLACE = "${READMISSION_DATASET:+/data/encounters}"
READERS = {
    "overlays/minikube": {"airflow-scheduler", "airflow-triggerer"},
    "overlays/scale-out": {"airflow-task", "airflow-triggerer"},
    "overlays/production": {"airflow-task", "airflow-triggerer"},
}
"""What has the keys of the store to which encounters are delivered: the triggerer and tasks."""


def test_deliveries_are_watched_unless_switched_off() -> None:
    shared = settings_of(K8S / "airflow" / "airflow.env")

    assert 0 < int(shared["READMISSION_WATCH_SECONDS"]) <= 60


@pytest.mark.parametrize("tree", READERS)
def test_only_the_triggerer_and_tasks_have_the_keys_of_the_store(tree: str) -> None:
    found = {
        workload.name: source["secretRef"]
        for workload in build(tree).workloads()
        for container in workload.pod["containers"]
        for source in container.get("envFrom", [])
        if "secretRef" in source
    }

    assert found.keys() == READERS[tree]
    # Without a store of deliveries, the pods start all the same.
    for reference in found.values():
        assert reference == {"name": "deliveries", "optional": True}


@pytest.mark.parametrize("tree", READERS)
def test_the_triggerer_has_no_password_of_a_warehouse_or_of_mlflow(tree: str) -> None:
    (triggerer,) = (w for w in build(tree).workloads() if w.name == "airflow-triggerer")
    (container,) = triggerer.pod["containers"]
    secrets = {
        variable["valueFrom"]["secretKeyRef"]["name"]
        for variable in container["env"]
        if "secretKeyRef" in variable.get("valueFrom", {})
    }

    assert secrets == {"airflow-postgres", "airflow"}


def test_on_compose_the_place_is_known_to_what_reads_the_dags_and_mounted_where_it_is_read() -> (
    None
):
    airflow = {name: s for name, s in SERVICES.items() if "readmission-airflow" in s["image"]}
    mounted = {
        name
        for name, service in airflow.items()
        if any(volume.endswith(":/data/encounters:ro") for volume in service["volumes"])
    }

    assert mounted == {"airflow-scheduler", "airflow-triggerer"}
    for name in (*mounted, "airflow-dag-processor"):
        assert airflow[name]["environment"]["READMISSION_DATASET"] == PLACE
