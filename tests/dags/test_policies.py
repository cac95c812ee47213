"""A task that hangs is ended, and the last failure of a task is stored with its batch."""

import os
import subprocess
import sys
import time

import psycopg
import pytest

from readmission.settings import CHECKOUT, PREFIX
from readmission.stack.services import postgres
from readmission.stack.stack import Stack
from readmission.warehouse.clean.failure_log import FailureLog

HANG = """
import ctypes, policies

def wait_for_a_lock_that_nobody_releases():
    mutex = ctypes.create_string_buffer(64)
    libc = ctypes.PyDLL(None)  # Keeps the interpreter lock during calls.
    libc.pthread_mutex_lock(mutex)
    libc.pthread_mutex_lock(mutex)

policies.GRACE_SECONDS = 0
policies.start_watchdog({})
wait_for_a_lock_that_nobody_releases()
"""


def test_a_native_call_that_never_returns_is_ended_and_its_stack_is_logged() -> None:
    paths = os.pathsep.join(map(str, (CHECKOUT / "include", CHECKOUT / "dags")))

    started = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-c", HANG],
        env={**os.environ, "PYTHONPATH": paths, f"{PREFIX}TASK_TIMEOUT_SECONDS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert time.monotonic() - started > 1
    assert ended.returncode == 1
    assert "wait_for_a_lock_that_nobody_releases" in ended.stderr


FAIL = """
import sys, types
import policies
from readmission import errors

dag_id, error, batch_id = sys.argv[1:]
task = types.SimpleNamespace(dag_id=dag_id, task_id="train", run_id="run-1")
context = {"ti": task, "partition_key": batch_id or None, "label": "xgboost"}
if error:
    context["exception"] = eval(error)
policies.record_failure(context)
"""
TRAINING = "model_training_pipeline"


def fail(databases: Stack, dag_id: str, error: str, batch_id: str = "batch-0003") -> None:
    """Call the callback of a task whose last try has failed, in a process of its own."""
    paths = os.pathsep.join(map(str, (CHECKOUT / "include", CHECKOUT / "dags")))
    address = postgres.dsn(databases.site, "clean")
    subprocess.run(
        [sys.executable, "-c", FAIL, dag_id, error, batch_id],
        env={**os.environ, "PYTHONPATH": paths, "AIRFLOW_CONN_POSTGRES_CLEAN": address},
        check=True,
        timeout=120,
    )


@pytest.mark.parametrize(
    ("error", "lasting", "reason"),
    [
        ("errors.NotServable('batch-0003', ['too large'])", True, "xgboost: NotServable: no model"),
        ("errors.CardIncomplete('log_loss', None)", True, "xgboost: CardIncomplete: the model's"),
        ("type('Elsewhere', (errors.BundleRefused,), {})('no')", True, "xgboost: Elsewhere: no"),
        ("errors.SigningKeyError('signing_key')", False, "xgboost: SigningKeyError: READMISSION_"),
        ("ValueError('patient 12345')", False, "xgboost: ValueError"),
        ("", False, "xgboost: the task was killed"),
    ],
)
def test_the_last_failure_of_a_task_is_stored_with_its_batch(
    databases: Stack, clean_db: psycopg.Connection, error: str, lasting: bool, reason: str
) -> None:
    fail(databases, TRAINING, error)

    (failures,) = FailureLog(clean_db).failures("training").values()
    assert (failures.batch_id, failures.restarts, failures.lasting) == ("batch-0003", 0, lasting)
    assert failures.reason.startswith(reason)
    (kind,) = clean_db.execute("SELECT error FROM stage_failure").fetchone() or ()
    assert kind == (reason.split(": ")[1] if error else "killed")
    assert "12345" not in failures.reason


@pytest.mark.parametrize(
    ("dag_id", "error", "batch_id"),
    [
        (TRAINING, "errors.GateFailed('training', 'batch-0003', ['bad'])", "batch-0003"),
        (TRAINING, "errors.RowsLost('3 rows')", ""),
        ("ledger_sweep", "errors.RowsLost('3 rows')", "batch-0003"),
    ],
)
def test_a_gate_and_a_run_without_a_batch_store_no_failure(
    databases: Stack, clean_db: psycopg.Connection, dag_id: str, error: str, batch_id: str
) -> None:
    fail(databases, dag_id, error, batch_id)

    assert not FailureLog(clean_db).failures("training")
