"""Lineage: a gate's findings as OpenLineage has them, and events without values of encounters."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from openlineage.client.event_v2 import Job, Run, RunEvent, RunState
from openlineage.client.facet_v2 import error_message_run
from openlineage.client.serde import Serde

from readmission.quality.verdict import Failure, Verdict
from readmission.settings import CHECKOUT

FOUND = "E11.9 of Jane Doe"
VERDICT = Verdict(
    "raw",
    "batch-0003",
    140,
    (
        Failure("expect_column_values_to_be_in_set", "race", True, "race: …", f"e.g. {FOUND}", 2,
                {7: FOUND}),
        Failure("expect_column_values_to_be_null", "", False, "…", f"e.g. {FOUND}"),
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
def test_every_gate_checks_a_dataset() -> None:
    from lineage import CHECKED
    from readmission.quality.catalogue import GATES

    assert CHECKED.keys() == {gate.name for gate in GATES}


class Facet:
    """A facet of Airflow's provider, as far as it matters here."""

    def __init__(self) -> None:
        self.dagRun = {"dag_id": "quarantine_replay", "conf": {"value": FOUND}, "note": FOUND}


@pytest.mark.usefixtures("modules")
def test_an_event_has_neither_messages_nor_what_people_entered() -> None:
    from lineage_events import WithoutValues

    message = error_message_run.ErrorMessageRunFacet(FOUND, "python", FOUND)
    facet = Facet()
    facets = {"errorMessage": message, "airflow": facet, "unknownSourceAttribute": Facet()}
    event = RunEvent(
        eventTime="2026-11-30T00:00:00Z", producer="https://example.org",
        run=Run("01890000-0000-7000-8000-000000000000", facets),
        job=Job("readmission", "job"), eventType=RunState.FAIL,
    )  # fmt: skip

    sent = WithoutValues({}).transform(event).run.facets

    assert sent["errorMessage"].message == "The log of the task says why it failed."
    assert sent["errorMessage"].stackTrace is None
    assert sent["airflow"].dagRun == {"dag_id": "quarantine_replay"}
    assert "unknownSourceAttribute" not in sent
    # What Airflow itself holds stays as it is.
    assert facet.dagRun["conf"]


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
    environment = {
        "PATH": "/usr/bin", "PYTHONPATH": f"{CHECKOUT / 'docker'}:{CHECKOUT / 'include'}",
        "READMISSION_OPENLINEAGE": place, "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }  # fmt: skip

    done = subprocess.run(
        [sys.executable, "-c", PRINT_TRANSPORT],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert done.stdout.splitlines()[-1] == shown
