"""Lineage: a gate's findings as OpenLineage has them, and events without values of encounters."""

import json
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from airflow.providers.openlineage.plugins.facets import AirflowRunFacet
from airflow.providers.openlineage.utils.utils import TaskInfo, TaskInstanceInfo
from airflow.providers.standard.operators.hitl import HITLOperator
from openlineage.client.event_v2 import Job, Run, RunEvent, RunState
from openlineage.client.facet_v2 import error_message_run
from openlineage.client.serde import Serde

from readmission.quality import catalogue
from readmission.quality.catalogue import Database, Gate, Stage
from readmission.quality.verdict import Failure, Verdict
from readmission.settings import CHECKOUT

FOUND = "E11.9 of Jane Doe"
VERDICT = Verdict(
    "raw",
    "batch-0003",
    140,
    (
        Failure("expect_column_values_to_be_in_set", "race", True, "race: …", f"e.g. {FOUND}", "…",
                2, {7: FOUND}),
        Failure("expect_column_values_to_be_null", "", False, "…", f"e.g. {FOUND}", "…"),
    ),
    Path("raw"), "page.html",
)  # fmt: skip


@pytest.fixture
def modules(monkeypatch: pytest.MonkeyPatch) -> None:
    """The folders from which Airflow imports these modules."""
    monkeypatch.syspath_prepend(CHECKOUT / "dags")
    monkeypatch.syspath_prepend(CHECKOUT / "docker")


@pytest.mark.usefixtures("modules")
def test_a_gate_s_findings_name_the_partition_and_each_failure_without_values() -> None:
    from lineage import checked

    found = json.loads(Serde.to_json(checked(VERDICT, passed=False)))

    assert (found["namespace"], found["name"]) == ("readmission", "raw/encounter")
    assert found["facets"]["version"]["datasetVersion"] == "batch-0003"
    assertions = found["inputFacets"]["dataQualityAssertions"]["assertions"]
    assert [(a["assertion"], a["success"], a.get("column"), a["severity"]) for a in assertions] == [
        ("gate raw", False, None, "error"),
        ("expect_column_values_to_be_in_set", False, "race", "error"),
        ("expect_column_values_to_be_null", False, None, "warn"),
    ]
    assert FOUND not in json.dumps(found)


@pytest.mark.usefixtures("modules")
@pytest.mark.parametrize(
    ("gate", "dataset"), [("predictions", "mlflow/challenger"), ("fifth", "clean/encounter")]
)
def test_a_gate_is_declared_once_and_checks_the_dataset_of_its_stage(
    gate: str, dataset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lineage import CHECKED, checked

    # given
    fifth = Gate("fifth", "Ages", "suites:ages", Database.CLEAN, Stage.TRAINING)
    monkeypatch.setattr(catalogue, "GATES", (*catalogue.GATES, fifth))

    # when
    found = checked(replace(VERDICT, gate=gate), passed=True)

    # then
    assert found.name == dataset
    assert CHECKED.keys() == set(Stage)


@pytest.fixture
def airflow_facet() -> AirflowRunFacet:
    """What Airflow's provider says of a task that a person has answered, and of its run."""
    operator = HITLOperator(task_id="approve", subject="Serve?", options=["Approve"], body=FOUND)
    operator.hitl_summary_extra["responded_by_user"] = {"id": "7", "name": FOUND}
    entered = {"conf": {"value": FOUND}, "note": FOUND, "triggering_user_name": FOUND}
    return AirflowRunFacet(
        dag={"dag_id": "quarantine_replay"},
        dagRun={"dag_id": "quarantine_replay", **entered},
        task=TaskInfo(operator),
        taskInstance=TaskInstanceInfo(SimpleNamespace(try_number=1, note=FOUND)),
        taskUuid="",
    )


@pytest.mark.usefixtures("modules")
def test_an_event_has_neither_messages_nor_what_people_entered(
    airflow_facet: AirflowRunFacet,
) -> None:
    from lineage_events import WithoutValues

    # given
    message = error_message_run.ErrorMessageRunFacet(FOUND, "python", FOUND)
    facets = {
        "errorMessage": message,
        "airflow": airflow_facet,
        "unknownSourceAttribute": airflow_facet,
    }
    event = RunEvent(
        eventTime="2026-11-30T00:00:00Z", producer="https://example.org",
        run=Run("01890000-0000-7000-8000-000000000000", facets),
        job=Job("readmission", "job"), eventType=RunState.FAIL,
    )  # fmt: skip
    assert FOUND in str(airflow_facet.task)

    # when
    sent = WithoutValues({}).transform(event)

    # then
    facets = sent.run.facets
    assert FOUND not in Serde.to_json(sent)
    assert facets["errorMessage"].message == "The log of the task says why it failed."
    assert facets["airflow"].dagRun == {"dag_id": "quarantine_replay"}
    assert facets["airflow"].taskInstance["try_number"] == 1
    assert facets["airflow"].task["task_id"] == "approve"
    assert "unknownSourceAttribute" not in facets
    # and what Airflow itself holds stays as it is
    assert airflow_facet.dagRun["conf"]


ENVIRONMENT = {
    "PATH": "/usr/bin", "PYTHONPATH": f"{CHECKOUT / 'docker'}:{CHECKOUT / 'include'}",
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
}  # fmt: skip
PRINT_TRANSPORT = """
import airflow_local_settings
from airflow.providers.openlineage import conf
from airflow.providers.openlineage.plugins.adapter import OpenLineageAdapter
if conf.is_disabled():
    print("off")
else:
    transport = OpenLineageAdapter().get_or_create_openlineage_client().transport
    print(type(transport.transformer).__name__, transport.transport.kind, conf.namespace(),
          conf.is_source_enabled())
"""


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        ("", "off"),
        (str(CHECKOUT / "lineage.jsonl"), "WithoutValues file readmission False"),
        ("http://127.0.0.1:9/", "WithoutValues http readmission False"),
    ],
)
def test_one_variable_says_where_airflow_sends_its_events(place: str, shown: str) -> None:
    assert run(PRINT_TRANSPORT, place) == shown


SEND = """
import time
import airflow_local_settings
from airflow.providers.openlineage.plugins.adapter import OpenLineageAdapter
from openlineage.client.event_v2 import Job, Run, RunEvent
event = RunEvent(
    eventTime="2026-11-30T00:00:00Z", producer="https://example.org",
    run=Run("01890000-0000-7000-8000-000000000000"), job=Job("readmission", "job"),
)
client, began = OpenLineageAdapter().get_or_create_openlineage_client(), time.monotonic()
try:
    client.emit(event)
except Exception as error:
    print(type(error).__name__)
print(time.monotonic() - began)
"""


def test_a_task_waits_a_few_seconds_for_a_server_that_does_not_respond() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        seconds = float(run(SEND, f"http://127.0.0.1:{silent.getsockname()[1]}"))

    assert 2 <= seconds < 10


def run(code: str, place: str) -> str:
    """Run code with the setting of lineage, and return its last line."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**ENVIRONMENT, "READMISSION_OPENLINEAGE": place},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.splitlines()[-1]
