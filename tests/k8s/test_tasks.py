"""A task of its own pod: Airflow's executor takes the template, and what it makes is hardened."""

import json
import os
import subprocess
import sys
from pathlib import Path

import kubernetes_validate
import pytest

from tests.k8s.cluster import K8S, Object, build, containers, settings_of

CONSTRUCT = """\
import json, sys
from airflow.providers.cncf.kubernetes.pod_generator import PodGenerator
from kubernetes.client import ApiClient

pod = PodGenerator.construct_pod(
    dag_id="model_training_pipeline", task_id="fit", pod_id="fit-1", try_number=1, date=None,
    kube_image="readmission-airflow:0.1.0", args=["python", "-m", "task"],
    pod_override_object=None, namespace="mlops-proyecto3", scheduler_job_id="1",
    base_worker_pod=PodGenerator.deserialize_model_file(sys.argv[1]),
)
print(json.dumps(ApiClient().sanitize_for_serialization(pod)))
"""


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Object:
    """The pod that Airflow makes for a task."""
    done = subprocess.run(
        [sys.executable, "-c", CONSTRUCT, K8S / "overlays" / "scale-out" / "pod-template.yaml"],
        env={**os.environ, "AIRFLOW_HOME": str(tmp_path_factory.mktemp("airflow"))},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    made: Object = json.loads(done.stdout.splitlines()[-1])
    return made


def test_airflow_makes_a_valid_pod_of_the_template(task: Object) -> None:
    kubernetes_validate.validate(task, "1.37", strict=True)

    (container,) = task["spec"]["containers"]
    assert container["image"] == "readmission-airflow:0.1.0"
    assert container["args"] == ["python", "-m", "task"]
    assert "command" not in container


def test_what_airflow_adds_takes_nothing_away(task: Object) -> None:
    (template,) = (w for w in build("overlays/scale-out").workloads() if w.name == "airflow-task")

    (made,), (given,) = containers(task["spec"]), containers(template.pod)
    assert made["securityContext"] == given["securityContext"]
    assert made["resources"] == given["resources"]
    assert task["spec"]["securityContext"] == template.pod["securityContext"]
    assert template.labels.items() <= task["metadata"]["labels"].items(), "its policy is lost"


def test_the_scheduler_finds_the_template_where_it_looks() -> None:
    settings = settings_of(K8S / "overlays" / "scale-out" / "executor.env")
    path = Path(settings["AIRFLOW__KUBERNETES_EXECUTOR__POD_TEMPLATE_FILE"])
    cluster = build("overlays/scale-out")
    pod = cluster.named("Deployment")["airflow-scheduler"]["spec"]["template"]["spec"]

    (mount,) = (
        m for m in pod["containers"][0]["volumeMounts"] if m["mountPath"] == str(path.parent)
    )
    (volume,) = (v for v in pod["volumes"] if v["name"] == mount["name"])
    assert path.name in cluster.named("ConfigMap")[volume["configMap"]["name"]]["data"]


def test_a_tasks_settings_are_the_schedulers() -> None:
    configs = build("overlays/scale-out").named("ConfigMap")

    (shared,) = (
        c for name, c in configs.items() if name.startswith("airflow-") and name != "airflow-task"
    )
    assert configs["airflow-task"]["data"] == shared["data"]
