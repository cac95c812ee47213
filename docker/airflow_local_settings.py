"""Imported by Airflow: how tasks start, forked by the scheduler or as pods of their own."""

import os
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from kubernetes.client import V1Pod, V1PodSpec

PRELOADED = (
    "great_expectations", "matplotlib.pyplot", "mlflow", "pandas", "sklearn.ensemble",
    "sklearn.linear_model", "xgboost",
)  # fmt: skip
RESOURCES = Path("/etc/airflow/task-resources.yaml")
"""Beside the template of a task's pod: what some tasks need, by DAG and task."""

# Tasks are forked from the scheduler and find their libraries imported.
if sys.argv[1:2] == ["scheduler"] and os.environ["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor":
    for name in PRELOADED:
        import_module(name)


def pod_mutation_hook(pod: "V1Pod") -> None:
    """Make a task's pod one of its scheduler's release, with what this task needs."""
    follow(pod, own_pod(), yaml.safe_load(RESOURCES.read_text()))


def follow(
    pod: "V1Pod", scheduler: "V1PodSpec", resources: dict[str, dict[str, dict[str, str]]]
) -> None:
    """Give a task's pod its image, the way to it, and its resources.

    An overlay's `images:` reaches the scheduler, but no text in a ConfigMap.

    Parameters
    ----------
    pod : V1Pod
        As Airflow makes it of the template.
    scheduler : V1PodSpec
        The pod whose image runs the task, too.
    resources : dict
        Requests and limits by ``dag.task``.
    """
    from kubernetes.client import V1ResourceRequirements

    # By name: a cluster may add containers of its own.
    (task,) = (each for each in pod.spec.containers if each.name == "base")
    (airflow,) = (each for each in scheduler.containers if each.name == "airflow")
    task.image, task.image_pull_policy = airflow.image, airflow.image_pull_policy
    pod.spec.image_pull_secrets = scheduler.image_pull_secrets
    known_as = pod.metadata.annotations
    needed = resources.get(f"{known_as['dag_id']}.{known_as['task_id']}")
    if needed:
        task.resources = V1ResourceRequirements(**needed)


@cache
def own_pod() -> "V1PodSpec":
    """Return the pod that this process runs in."""
    from airflow.configuration import conf
    from airflow.providers.cncf.kubernetes.kube_client import get_kube_client

    namespace = conf.get("kubernetes_executor", "namespace")
    return get_kube_client().read_namespaced_pod(os.environ["HOSTNAME"], namespace).spec
