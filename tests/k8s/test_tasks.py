"""With the KubernetesExecutor, Airflow builds a valid and hardened pod for each task."""

import json
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from readmission.settings import CHECKOUT
from tests.k8s.cluster import K8S, Object, build, containers, name, settings_of

SCALE_OUT = K8S / "overlays" / "scale-out"
CONSTRUCT = """\
import json, sys
from airflow.providers.cncf.kubernetes.pod_generator import PodGenerator
from airflow_local_settings import configure_pod
from kubernetes.client import ApiClient, V1Container, V1LocalObjectReference, V1PodSpec

template, dag_id, task_id, resources = sys.argv[1:]
pod = PodGenerator.construct_pod(
    dag_id=dag_id, task_id=task_id, pod_id="fit-1", try_number=1, date=None,
    kube_image=None, args=["python", "-m", "task"],
    pod_override_object=None, namespace="mlops-proyecto3", scheduler_job_id="1",
    base_worker_pod=PodGenerator.deserialize_model_file(template),
)
scheduler = V1PodSpec(
    containers=[
        V1Container(name="sidecar", image="somebody/else:1"),
        V1Container(name="airflow", image="hospital/airflow:2.0", image_pull_policy="Always"),
    ],
    image_pull_secrets=[V1LocalObjectReference(name="hospital")],
)
configure_pod(pod, scheduler, json.loads(resources))
print(json.dumps(ApiClient().sanitize_for_serialization(pod)))
"""


def resources() -> dict[str, Object]:
    """Return the resources of tasks that need more than others, by DAG and task."""
    text = build("overlays/scale-out").of("ConfigMap")
    (config,) = (c["data"] for c in text if name(c).startswith("pod-template-"))
    needed: dict[str, Object] = yaml.safe_load(config["task-resources.yaml"])
    return needed


def construct(home: Path, task: str) -> Object:
    """Return the pod that Airflow builds for a task."""
    dag_id, task_id = task.split(".")
    arguments = [SCALE_OUT / "pod-template.yaml", dag_id, task_id, json.dumps(resources())]
    done = subprocess.run(
        [sys.executable, "-c", CONSTRUCT, *arguments],
        env={**os.environ, "AIRFLOW_HOME": str(home), "PYTHONPATH": str(CHECKOUT / "docker")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    made: Object = json.loads(done.stdout.splitlines()[-1])
    return made


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Object:
    """The pod of a task with default resources."""
    return construct(tmp_path_factory.mktemp("airflow"), "model_promotion_pipeline.decide")


def test_airflow_builds_a_valid_pod_from_the_template(task: Object) -> None:
    kubernetes_validate.validate(task, "1.37", strict=True)

    (container,) = task["spec"]["containers"]
    assert container["args"] == ["python", "-m", "task"]
    assert "command" not in container


def test_a_task_uses_its_schedulers_image_and_pull_secrets(task: Object) -> None:
    (container,) = task["spec"]["containers"]

    assert container["image"] == "hospital/airflow:2.0"
    assert container["imagePullPolicy"] == "Always"
    assert task["spec"]["imagePullSecrets"] == [{"name": "hospital"}]


def test_a_task_gets_the_resources_declared_for_it(tmp_path: Path) -> None:
    for needy, needed in resources().items():
        (container,) = construct(tmp_path, needy)["spec"]["containers"]
        assert container["resources"] == needed


def test_resources_are_declared_for_tasks_that_exist() -> None:
    code = {path.stem: path.read_text() for path in (CHECKOUT / "dags").rglob("*.py")}
    for needy in resources():
        dag_id, task_id = needy.split(".")
        assert any(f"def {dag_id}(" in text and f"def {task_id}(" in text for text in code.values())


def secrets_of(task: Object) -> set[str]:
    return {
        variable["valueFrom"]["secretKeyRef"]["key"]
        for variable in task["spec"]["containers"][0]["env"]
        if "secretKeyRef" in variable.get("valueFrom", {})
    }


@pytest.mark.parametrize(
    ("task", "own"),
    [
        ("data_processing_pipeline.measure_drift", set()),
        ("model_training_pipeline.train", {"SIGNING_KEY", "MLFLOW_TRAINING_PASSWORD"}),
        (
            "model_promotion_pipeline.judge",
            {"MLFLOW_PROMOTION_PASSWORD", "AUDIT_WRITER_DB_PASSWORD"},
        ),
        ("ledger_sweep.record_moves", {"MLFLOW_PROMOTION_PASSWORD"}),
        ("quarantine_replay.decide", {"AUDIT_WRITER_DB_PASSWORD"}),
        ("batch_scoring.find_files", {"AUDIT_WRITER_DB_PASSWORD"}),
        ("warning_decisions.decide", {"AUDIT_WRITER_DB_PASSWORD"}),
        ("data_retention.delete_expired", {"AUDIT_WRITER_DB_PASSWORD"}),
        ("model_rollback.roll_back", {"AUDIT_WRITER_DB_PASSWORD"}),
    ],
)
def test_a_task_gets_no_secrets_of_airflow_and_only_those_of_its_dag(
    task: str, own: set[str], tmp_path: Path
) -> None:
    shared = {
        "S3_ACCESS_KEY", "S3_SECRET_KEY", "RAW_DB_PASSWORD", "CLEAN_DB_PASSWORD",
        "PREDICTIONS_DB_PASSWORD", "PREDICTION_LOG_KEY", "API_KEY_ADMIN",
        "TRUSTED_SIGNING_KEYS", "MLFLOW_VIEWER_PASSWORD",
    }  # fmt: skip

    assert secrets_of(construct(tmp_path, task)) == shared | own


USES = {
    "record_decision": "READMISSION_AUDIT_DSN",
    "record_approval": "READMISSION_AUDIT_DSN",
    'as_mlflow("promotion")': "READMISSION_MLFLOW_PROMOTION_PASSWORD",
    'as_mlflow("training")': "READMISSION_MLFLOW_TRAINING_PASSWORD",
    "signer_of": "READMISSION_SIGNING_KEY",
}
"""What the code of a DAG calls, and the secret that this needs."""


def test_each_dag_gets_the_secrets_that_its_code_uses() -> None:
    used: dict[str, set[str]] = {}
    for path in (CHECKOUT / "dags").rglob("*.py"):
        text = path.read_text()
        for dag_id in re.findall(r"^def (\w+)\(\):$", text, re.MULTILINE):
            for call, secret in USES.items():
                if call in text:
                    used.setdefault(secret, set()).add(dag_id)

    secrets = runpy.run_path(str(CHECKOUT / "docker" / "airflow_local_settings.py"))["SECRETS"]
    given = {secret: set(dag_ids) for secret, dag_ids in secrets.items()}
    assert given.pop("AUDIT_WRITER_DB_PASSWORD") == given["READMISSION_AUDIT_DSN"]
    assert given == used


def test_only_training_gets_the_certificate_of_dask(tmp_path: Path) -> None:
    for dag_id in ("model_training_pipeline", "model_promotion_pipeline"):
        pod = construct(tmp_path, f"{dag_id}.judge")["spec"]
        mounted = {each["name"] for each in pod["containers"][0]["volumeMounts"]}
        assert mounted == {each["name"] for each in pod["volumes"]}
        assert ("dask-tls" in mounted) == (dag_id == "model_training_pipeline")


def test_airflow_keeps_the_templates_hardening(task: Object) -> None:
    (template,) = (w for w in build("overlays/scale-out").workloads() if w.name == "airflow-task")

    (made,), (given,) = containers(task["spec"]), containers(template.pod)
    assert made["securityContext"] == given["securityContext"]
    assert made["resources"] == given["resources"]
    assert task["spec"]["securityContext"] == template.pod["securityContext"]
    assert template.labels.items() <= task["metadata"]["labels"].items(), "no policy selects it"


def test_the_template_is_mounted_where_the_scheduler_expects_it() -> None:
    settings = settings_of(SCALE_OUT / "executor.env")
    path = Path(settings["AIRFLOW__KUBERNETES_EXECUTOR__POD_TEMPLATE_FILE"])
    hook = (CHECKOUT / "docker" / "airflow_local_settings.py").read_text()
    cluster = build("overlays/scale-out")
    pod = cluster.named("Deployment")["airflow-scheduler"]["spec"]["template"]["spec"]

    (mount,) = (
        m for m in pod["containers"][0]["volumeMounts"] if m["mountPath"] == str(path.parent)
    )
    (volume,) = (v for v in pod["volumes"] if v["name"] == mount["name"])
    files = cluster.named("ConfigMap")[volume["configMap"]["name"]]["data"]
    assert set(files) == {path.name, "task-resources.yaml"}
    assert f'"{path.parent}/task-resources.yaml"' in hook


def test_a_task_has_the_same_settings_as_the_scheduler() -> None:
    configs = build("overlays/scale-out").named("ConfigMap")

    (shared,) = (c for key, c in configs.items() if re.fullmatch(r"airflow-[a-z0-9]{10}", key))
    assert configs["airflow-task"]["data"] == shared["data"]
