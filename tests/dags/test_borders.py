"""What people enter into Airflow is parsed before a task reads or writes anything with it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from readmission.settings import CHECKOUT, PREFIX

Errors = dict[tuple[str, str, str | None], tuple[str, str]]

RUN_TASKS = """
import json, sys
from airflow.dag_processing.dagbag import BundleDagBag

bag = BundleDagBag(sys.argv[1], bundle_path=sys.argv[1], bundle_name="dags-folder")
errors = []
for dag_id, task_id, arguments in json.load(sys.stdin):
    try:
        bag.dags[dag_id].get_task(task_id).python_callable(**arguments)
    except Exception as error:
        errors.append([type(error).__name__, str(error)])
print("\\n" + json.dumps(errors))
"""
TRAVERSAL, POISON = "../../../../tmp/x", "batch_0026"
KEYS = [TRAVERSAL, POISON, None]
CONSUMERS = [
    ("data_processing_pipeline", "process"),
    ("model_training_pipeline", "prepare"),
    ("model_promotion_pipeline", "judge"),
]
OWN = {"prepare": {"run_id": "a run"}}
"""Further arguments of tasks."""
DECISIONS = [("decide", "fix"), ("decide", "waive"), ("replay", "replay")]


def decision(action: str) -> dict[str, Any]:
    """Return what a task of the replay DAG gets when somebody enters a path as the batch."""
    entered = {"action": action, "batch_id": TRAVERSAL, "lines": [7], "correction": {}}
    params = {**entered, "decided_by": "somebody", "why": "a reason"}
    return {"params": params, "dag_run": None}


@pytest.fixture(scope="module")
def errors(tmp_path_factory: pytest.TempPathFactory) -> Errors:
    """The error of each task with each input, by DAG, task and input.

    One process calls the functions of all tasks without any service: importing Airflow takes long.
    """
    calls = [
        ((dag_id, task_id, key), {"partition_key": key} | OWN.get(task_id, {}))
        for dag_id, task_id in CONSUMERS
        for key in KEYS
    ] + [(("quarantine_replay", task, action), decision(action)) for task, action in DECISIONS]
    found = run_tasks(tmp_path_factory.mktemp("airflow"), [(*c[:2], given) for c, given in calls])
    return {call: error for (call, _), error in zip(calls, found, strict=True)}


DECIDED = """
import json, sys
from by_hand.quarantine_replay import _source_rows

print(json.dumps([_source_rows(one) for one in json.load(sys.stdin)]))
"""


def test_a_row_is_named_from_1_or_by_the_deprecated_parameter_from_0(tmp_path: Path) -> None:
    entered = [{"lines": [1, 8]}, {"lines": [], "source_rows": [0, 7]}]

    assert run(DECIDED, tmp_path, entered) == [[0, 7], [0, 7]]


def run_tasks(home: Path, calls: list[tuple[str, str, dict[str, Any]]]) -> list[tuple[str, str]]:
    """Call the functions of tasks in a process of their own; return their errors."""
    return [(name, message) for name, message in run(RUN_TASKS, home, calls)]


def run(code: str, home: Path, given: object) -> list[Any]:
    """Run code that imports DAGs in a process of its own; return the list that it prints last."""
    foreign = ("AIRFLOW", PREFIX, "PYTHONPATH")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    done = subprocess.run(
        [sys.executable, "-c", code, CHECKOUT / "dags"],
        env=kept
        | {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(CHECKOUT / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(home / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "PYTHONPATH": os.pathsep.join(
                str(CHECKOUT / one) for one in ("include", "dags", "docker")
            ),
        },
        input=json.dumps(given),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    printed: list[Any] = json.loads(done.stdout.splitlines()[-1])
    return printed


@pytest.mark.parametrize(("dag_id", "task_id"), CONSUMERS)
@pytest.mark.parametrize("key", KEYS)
def test_a_partition_key_that_is_not_a_batch_fails_the_run_at_once(
    errors: Errors, dag_id: str, task_id: str, key: str | None
) -> None:
    name, message = errors[dag_id, task_id, key]

    assert name == "InvalidBatchId"
    assert message.startswith(f"{key!r} is not the id of a batch; expected batch-0001")


@pytest.mark.parametrize(("task_id", "action"), DECISIONS)
def test_a_decision_about_anything_but_a_batch_fails_the_run_at_once(
    errors: Errors, task_id: str, action: str
) -> None:
    name, _message = errors["quarantine_replay", task_id, action]

    assert name == "InvalidBatchId"
