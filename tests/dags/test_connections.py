"""A decision in a DAG is audited with who made it, and from where."""

import os
import subprocess
import sys

import psycopg

from readmission.settings import CHECKOUT, PREFIX

DECIDE = """
import types
import connections
from readmission.warehouse.audit.events import Action

run = types.SimpleNamespace(dag_id="model_rollback", run_id="manual_1", triggering_user_name="osei")
connections.record_decision(run, Action.ROLL_BACK, "3", None)
connections.record_approval(run, "osei", "4", approved=True)
"""


def test_a_decision_is_audited_with_the_dag_and_the_run_from_which_it_came(
    trail: psycopg.Connection, trail_address: str
) -> None:
    paths = os.pathsep.join(map(str, (CHECKOUT / "include", CHECKOUT / "dags")))

    subprocess.run(
        [sys.executable, "-c", DECIDE],
        env={**os.environ, "PYTHONPATH": paths, f"{PREFIX}AUDIT_DSN": trail_address},
        check=True,
        timeout=600,
    )

    found = trail.execute(
        "SELECT actor, action, subject, peer, request_id FROM audit_event ORDER BY event_id"
    ).fetchall()
    place = ("model_rollback/manual_1", "manual_1")
    assert found == [
        ("osei", "rollback", "3", *place), ("osei", "promotion-approve", "4", *place),
    ]  # fmt: skip
