"""Airflow imports this module when it starts: traces, preloaded modules, and pods of tasks.

The folder is on the import path of the image and of the stack on one machine: both use this file.
"""

import json
import os
import sys
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from kubernetes.client import V1Pod, V1PodSpec

PRELOADED = (
    "boto3", "great_expectations", "matplotlib.pyplot", "mlflow.pyfunc", "onnx",
    "onnxruntime", "pandas", "psycopg", "sklearn.ensemble", "sklearn.linear_model", "xgboost",
    "readmission.pipeline.ingest", "readmission.pipeline.measure_drift",
    "readmission.pipeline.process", "readmission.pipeline.promotion.judge",
    "readmission.pipeline.training.train",
    "airflow.providers.amazon.aws.hooks.s3", "airflow.providers.postgres.hooks.postgres",
    "airflow.providers.standard.operators.python",
)  # fmt: skip
"""Slow imports of tasks; tasks are forked from the scheduler and so inherit them."""
RESOURCES = Path("/etc/airflow/task-resources.yaml")
"""Requests and limits of some tasks, mounted next to the pod template."""

AUDITED = (
    "batch_scoring", "data_retention", "model_promotion_pipeline", "model_rollback",
    "quarantine_replay", "warning_decisions",
)  # fmt: skip
SECRETS = {
    "READMISSION_SIGNING_KEY": ("model_training_pipeline",),
    "READMISSION_MLFLOW_TRAINING_PASSWORD": ("model_training_pipeline",),
    "READMISSION_MLFLOW_PROMOTION_PASSWORD": ("ledger_sweep", "model_promotion_pipeline"),
    "AUDIT_WRITER_DB_PASSWORD": AUDITED,
    "READMISSION_AUDIT_DSN": AUDITED,
}
"""The only DAGs whose tasks get a secret."""
VOLUMES = {"dask-tls": ("model_training_pipeline",)}
"""The only DAGs whose tasks get a volume."""

PATIENCE = {"timeout": 2, "retry": {"total": 1}}
"""A task waits for the server of the lineage, and a gate holds locks meanwhile. By default, an
event waits 5 s for a server that does not respond, and is sent six times."""


def lineage(place: str) -> Mapping[str, str]:
    """Return the variables with which Airflow's provider of OpenLineage sends its events.

    Parameters
    ----------
    place : str
        The address of a server, or a file to which each event is appended as a line of JSON.
    """
    is_server = place.startswith(("http://", "https://"))
    transport: dict[str, object] = {"type": "http", "url": place, **PATIENCE}
    if not is_server:
        transport = {"type": "file", "log_file_path": place, "append": True}
    scrubbed = {"transformer_class": "lineage_events.WithoutValues", "transport": transport}
    return {
        "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps({"type": "transform", **scrubbed}),
        "AIRFLOW__OPENLINEAGE__NAMESPACE": "readmission",
        "AIRFLOW__OPENLINEAGE__DISABLE_SOURCE_CODE": "True",
    }


COLLECTOR = os.environ.get("READMISSION_OTLP_ENDPOINT")
if COLLECTOR:
    # Airflow reads these after this module. Its own default is gRPC.
    os.environ.setdefault("AIRFLOW__TRACES__OTEL_ON", "True")
    os.environ.setdefault("OTEL_EXPORTER_OTLP_ENDPOINT", COLLECTOR)
    os.environ.setdefault("OTEL_SERVICE_NAME", "readmission-airflow")
    os.environ.setdefault("OTEL_TRACES_EXPORTER", "otlp_proto_http")

if place := os.environ.get("READMISSION_OPENLINEAGE"):
    os.environ |= lineage(place)

if sys.argv[1:2] == ["api-server"]:
    # Airflow has no option for it.
    protocols = import_module("uvicorn.config").HTTP_PROTOCOLS
    protocols["auto"] = "readmission.logs.connections:TimedH11Protocol"

if sys.argv[1:2] == ["scheduler"] and os.environ["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor":
    for name in PRELOADED:
        import_module(name)
    # MLflow lists the files of all installed packages before it logs the first model: .6 s of CPU.
    import_module("mlflow.utils.requirements_utils").warn_dependency_requirement_mismatches(
        ["mlflow"]
    )


def pod_mutation_hook(pod: "V1Pod") -> None:
    """Run a task's pod on the scheduler's image, with the resources of this task.

    Airflow calls this hook for every pod that it creates for a task.
    """
    configure_pod(pod, own_pod(), yaml.safe_load(RESOURCES.read_text()))


def configure_pod(
    pod: "V1Pod", scheduler: "V1PodSpec", resources: dict[str, dict[str, dict[str, str]]]
) -> None:
    """Give a task's pod the scheduler's image, pull secrets and its own resources.

    A secret and the certificate of Dask stay only in the pods of the DAG that needs them.

    Kustomize's `images:` changes the scheduler's Deployment, but not the pod template, which is
    text in a ConfigMap.

    Parameters
    ----------
    pod : V1Pod
        The pod that Airflow has built from the template.
    scheduler : V1PodSpec
        The scheduler's own pod.
    resources : dict
        Requests and limits by ``dag.task``.
    """
    from kubernetes.client import V1ResourceRequirements

    # Select containers by name: a cluster may inject sidecars.
    (task,) = (each for each in pod.spec.containers if each.name == "base")
    (airflow,) = (each for each in scheduler.containers if each.name == "airflow")
    task.image, task.image_pull_policy = airflow.image, airflow.image_pull_policy
    pod.spec.image_pull_secrets = scheduler.image_pull_secrets
    annotations = pod.metadata.annotations
    dag_id = annotations["dag_id"]
    task.env = [each for each in task.env if dag_id in SECRETS.get(each.name, (dag_id,))]
    task.volume_mounts, pod.spec.volumes = (
        [each for each in given if dag_id in VOLUMES.get(each.name, (dag_id,))]
        for given in (task.volume_mounts, pod.spec.volumes)
    )
    own = resources.get(f"{dag_id}.{annotations['task_id']}")
    if own:
        task.resources = V1ResourceRequirements(**own)


@cache
def own_pod() -> "V1PodSpec":
    """Return the specification of the pod that this process runs in."""
    from airflow.configuration import conf
    from airflow.providers.cncf.kubernetes.kube_client import get_kube_client

    namespace = conf.get("kubernetes_executor", "namespace")
    return get_kube_client().read_namespaced_pod(os.environ["HOSTNAME"], namespace).spec
