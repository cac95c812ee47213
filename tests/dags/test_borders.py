"""What people enter into Airflow is parsed before a task reads or writes anything with it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from readmission.settings import CHECKOUT, PREFIX

RUN_TASK = """
import json, sys
from airflow.dag_processing.dagbag import BundleDagBag

folder, dag_id, task_id, arguments = sys.argv[1:]
bag = BundleDagBag(folder, bundle_path=folder, bundle_name="dags-folder")
try:
    bag.dags[dag_id].get_task(task_id).python_callable(**json.loads(arguments))
except Exception as error:
    print(json.dumps([type(error).__name__, str(error)]))
"""
TRAVERSAL, POISON = "../../../../tmp/x", "batch_0026"


def run_task(home: Path, dag_id: str, task_id: str, **arguments: object) -> tuple[str, str]:
    """Call the function of a task without any service; return its error's class and message."""
    foreign = ("AIRFLOW", PREFIX, "PYTHONPATH")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    done = subprocess.run(
        [sys.executable, "-c", RUN_TASK, CHECKOUT / "dags", dag_id, task_id, json.dumps(arguments)],
        env=kept
        | {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(CHECKOUT / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(home / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "PYTHONPATH": os.pathsep.join([str(CHECKOUT / "include"), str(CHECKOUT / "dags")]),
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    name, message = json.loads(done.stdout.splitlines()[-1])
    return name, message


@pytest.mark.parametrize(
    ("dag_id", "task_id"),
    [
        ("data_processing_pipeline", "process"),
        ("model_training_pipeline", "prepare"),
        ("model_promotion_pipeline", "judge"),
    ],
)
@pytest.mark.parametrize("key", [TRAVERSAL, POISON, None])
def test_a_partition_key_that_is_not_a_batch_fails_the_run_at_once(
    tmp_path: Path, dag_id: str, task_id: str, key: str | None
) -> None:
    name, message = run_task(tmp_path, dag_id, task_id, partition_key=key)

    assert name == "InvalidBatchId"
    assert message.startswith(f"{key!r} is not the id of a batch; expected batch-0001")


@pytest.mark.parametrize(
    ("task_id", "action"), [("decide", "fix"), ("decide", "waive"), ("replay", "replay")]
)
def test_a_decision_about_anything_but_a_batch_fails_the_run_at_once(
    tmp_path: Path, task_id: str, action: str
) -> None:
    entered = {"action": action, "batch_id": TRAVERSAL, "source_rows": [7], "correction": {}}
    params = {**entered, "decided_by": "somebody", "why": "a reason"}

    name, _message = run_task(tmp_path, "quarantine_replay", task_id, params=params, dag_run=None)

    assert name == "InvalidBatchId"
