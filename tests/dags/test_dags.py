"""The DAG files: parsing them is cheap, and they declare the graph of the design."""

import json
import os
import pydoc
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from readmission.domain import schema
from readmission.errors import ReadmissionError
from readmission.quality.catalogue import GATES
from readmission.settings import CHECKOUT, PREFIX, Settings

HEAVY = {
    "boto3", "great_expectations", "matplotlib", "mlflow", "numpy", "pandas", "psycopg",
    "pyarrow", "sklearn", "xgboost",
}  # fmt: skip
PIPELINES = {
    "data_ingestion_batch": (None, "RAW"),
    "data_processing_pipeline": ("RAW", "CLEAN"),
    "model_training_pipeline": ("CLEAN", "MODEL_RUN"),
    "model_promotion_pipeline": ("MODEL_RUN", "PRODUCTION_MODEL"),
}
"""Each DAG with the asset that starts it and the asset that it announces."""
FILES = {
    "data_ingestion_batch.py", "data_processing.py", "model_training.py", "model_promotion.py",
    "data_retention.py", "ledger_sweep.py", "quarantine_replay.py",
    "batch_scoring.py", "model_rollback.py", "restore_drill.py", "warning_decisions.py",
}  # fmt: skip


@pytest.fixture(scope="session")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The DAG folder as Airflow parses it."""
    return parse(tmp_path_factory.mktemp("airflow"))


def parse(home: Path, **settings: str) -> dict[str, Any]:
    """Parse the DAG folder with its own Airflow home and settings."""
    foreign = ("AIRFLOW", PREFIX, "PYTHONPATH")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    description = home / "dags.json"
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("describe.py"), CHECKOUT / "dags", description],
        env=kept
        | {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(CHECKOUT / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(home / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "PYTHONPATH": f"{CHECKOUT / 'include'}:{CHECKOUT / 'plugins'}",
        }
        | {PREFIX + name.upper(): value for name, value in settings.items()},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(description.read_text())


def test_every_file_is_a_dag_that_parses(parsed: dict[str, Any]) -> None:
    assert parsed["errors"] == {}
    assert {dag["file"] for dag in parsed["dags"].values()} == FILES
    assert PIPELINES.keys() < parsed["dags"].keys()


def test_parsing_imports_nothing_heavy(parsed: dict[str, Any]) -> None:
    assert "airflow" in parsed["imported"]
    assert HEAVY & set(parsed["imported"]) == set()


@pytest.mark.parametrize("dag_id", PIPELINES)
def test_each_dag_is_started_by_one_asset_and_announces_the_next(
    parsed: dict[str, Any], dag_id: str
) -> None:
    dag = parsed["dags"][dag_id]
    trigger, announced = PIPELINES[dag_id]

    assert dag["trigger"] == trigger
    expected = "PartitionedAssetTimetable" if trigger else "CronTriggerTimetable"
    assert dag["timetable"] == expected
    # Exactly one task announces the asset.
    tasks = {name: task for name, task in dag["tasks"].items() if name != "start_held"}
    outlets = [task["outlets"] for task in tasks.values() if task["outlets"]]
    assert outlets == [[announced]]


def test_ingestion_and_sweep_run_every_ten_minutes_and_never_together(
    parsed: dict[str, Any],
) -> None:
    crons = {dag_id: dag["cron"] for dag_id, dag in parsed["dags"].items() if dag["cron"]}

    assert crons == {
        "data_ingestion_batch": "*/10 * * * *", "ledger_sweep": "5-59/10 * * * *",
        "data_retention": "30 2 * * *", "restore_drill": "0 4 * * 0",
    }  # fmt: skip


def test_maintenance_waits_for_its_time_on_a_new_stack(parsed: dict[str, Any]) -> None:
    # given a stack that starts on a Sunday at 04:07
    due = {dag_id: dag["first_run"] for dag_id, dag in parsed["dags"].items() if dag["cron"]}

    assert due["restore_drill"].startswith("2026-12-06T04:00")
    assert due["data_retention"].startswith("2026-11-30T02:30")
    assert due["ledger_sweep"].startswith("2026-11-29T04:05")


def test_without_scheduled_runs_no_dag_has_a_schedule(tmp_path: Path) -> None:
    manual = parse(tmp_path, scheduled_runs="false")

    assert manual["errors"] == {}
    assert {dag["cron"] for dag in manual["dags"].values()} == {None}
    events = {dag["trigger"] for dag in manual["dags"].values() if dag["trigger"]}
    assert events == {"RAW", "CLEAN", "MODEL_RUN"}


def test_with_the_setting_a_delivery_starts_the_ingestion(
    parsed: dict[str, Any], tmp_path: Path
) -> None:
    # given a folder to watch, the same without a clock, and no folder
    folder = str(tmp_path / "in")
    ingestion = "data_ingestion_batch"
    watched = parse(tmp_path, dataset=folder, watch_seconds="20")
    manual = parse(tmp_path, dataset=folder, watch_seconds="20", scheduled_runs="false")
    unnamed = parse(tmp_path, watch_seconds="20")

    # then the schedule stays, and only the first has a watcher
    assert watched["errors"] == {}
    found = watched["dags"][ingestion]
    arguments = {"place": folder, "seconds": 20}
    assert found["watchers"] == [["delivery_watch.DeliveryTrigger", arguments]]
    assert (found["trigger"], found["cron"]) == ("DELIVERY", "*/10 * * * *")
    for other in (manual, unnamed, parsed):
        dag = other["dags"][ingestion]
        assert (dag["trigger"], dag["watchers"]) == (None, [])


def test_with_the_setting_a_person_approves_before_production_moves(
    parsed: dict[str, Any], tmp_path: Path
) -> None:
    # given the DAG with and without the setting
    without = parsed["dags"]["model_promotion_pipeline"]
    found = parse(tmp_path, promotion_approval="true", promotion_approval_hours="2")
    dag = found["dags"]["model_promotion_pipeline"]
    upstream = {name: task["upstream"] for name, task in dag["tasks"].items()}

    # then
    assert found["errors"] == {}
    assert without["tasks"].keys() == {"judge", "serve", "start_held"}
    assert upstream == {
        "judge": [], "ask": ["judge"], "approve": ["ask"],
        "settle": ["approve", "judge"], "serve": ["settle"], "start_held": ["judge"],
    }  # fmt: skip
    question = dag["tasks"]["approve"]["question"]
    assert question["options"] == ["Approve", "Refuse"]
    assert (question["defaults"], question["hours"]) == (["Refuse"], 2)
    assert "['question']" in question["body"]
    # and runs that wait do not hold up later batches, which may be judged meanwhile
    assert (without["max_active_runs"], dag["max_active_runs"]) == (1, 64)
    assert dag["tasks"]["settle"]["trigger_rule"] == "none_failed_min_one_success"


def test_whatever_settles_a_batch_starts_the_next_challenger_that_was_held(
    parsed: dict[str, Any],
) -> None:
    found = {
        dag_id: dag["tasks"]["start_held"]
        for dag_id, dag in parsed["dags"].items()
        if "start_held" in dag["tasks"]
    }

    # A verdict, a gate or an error in promotion, and what keeps a batch from getting a challenger.
    assert {dag_id: (task["upstream"], task["trigger_rule"]) for dag_id, task in found.items()} == {
        "model_promotion_pipeline": (["judge"], "all_done_setup_success"),
        "model_training_pipeline": (["prepare", "train"], "one_failed"),
        "data_processing_pipeline": (["check"], "one_failed"),
    }
    assert {tuple(task["outlets"]) for task in found.values()} == {("MODEL_RUN",)}
    # and it is never the last task alone, or a failed run would count as a success
    for dag_id in found:
        tasks = parsed["dags"][dag_id]["tasks"]
        upstream = {name for task in tasks.values() for name in task["upstream"]}
        last = tasks.keys() - upstream
        assert {name for name in last if tasks[name]["trigger_rule"] in (None, "all_success")}


def test_a_challenger_that_was_not_started_does_not_fail_a_good_promotion(
    parsed: dict[str, Any], tmp_path: Path
) -> None:
    asked = parse(tmp_path, promotion_approval="true")

    for dags in (parsed["dags"], asked["dags"]):
        assert dags["model_promotion_pipeline"]["decisive"] == ["serve"]
    # and nowhere is its failure stored as one of the batch that has just been settled
    for dag in parsed["dags"].values():
        recorded = {name for name, task in dag["tasks"].items() if task["records_failures"]}
        assert recorded == dag["tasks"].keys() - {"start_held"}


def test_the_sweep_can_announce_every_asset_that_starts_something(parsed: dict[str, Any]) -> None:
    tasks = parsed["dags"]["ledger_sweep"]["tasks"].values()
    announced = {asset for task in tasks for asset in task["outlets"]}

    assert announced == {trigger for trigger, _ in PIPELINES.values() if trigger}


def test_runs_of_a_dag_come_one_at_a_time_without_catchup(
    parsed: dict[str, Any],
) -> None:
    for dag in parsed["dags"].values():
        assert dag["max_active_runs"] == 1
        assert dag["catchup"] is False
        assert dag["doc"]


def test_errors_that_a_retry_cannot_fix_are_not_retried(parsed: dict[str, Any]) -> None:
    tasks = [task for dag in parsed["dags"].values() for task in dag["tasks"].values()]

    # then every task is retried if it hangs or a service is down
    assert all(task["retries"] > 0 for task in tasks)
    usual = [task for dag in parsed["dags"].values() for name, task in dag["tasks"].items()
             if name != "measure_drift"]  # fmt: skip
    assert {task["seconds"] for task in usual} == {Settings().task_timeout_seconds}
    # and not retried if a gate or a bad file has stopped it; each name is that of an error class
    (fatal,) = {tuple(task["fatal"]) for task in tasks}
    errors = {name: pydoc.locate(name) for name in fatal}
    assert all(issubclass(error, ReadmissionError) for error in errors.values())
    assert {error.__name__ for error in errors.values()} == {
        "GateFailed", "DatasetError", "InvalidValue", "RowsLost", "SettingsError",
        "BatchNotFound", "InvalidBatchId", "InvalidReportKey",
        "BundleRefused", "CardIncomplete", "NotServable", "SigningKeyError",
        "NotQuarantined", "DecisionRefused", "UnknownFamily",
        "DatabaseTooNew", "RowsErased", "ErasureKeyError",
    }  # fmt: skip


def test_each_configured_family_is_trained_by_a_named_task(parsed: dict[str, Any]) -> None:
    train = parsed["dags"]["model_training_pipeline"]["tasks"]["train"]

    assert train["over"] == ["logistic_regression", "random_forest", "xgboost"]
    assert train["mapped"]
    for dag in parsed["dags"].values():
        for task in dag["tasks"].values():
            assert bool(task["name_of_instance"]) is task["mapped"]


def test_the_clean_gate_does_not_wait_for_the_measurement_of_drift(parsed: dict[str, Any]) -> None:
    tasks = parsed["dags"]["data_processing_pipeline"]["tasks"]

    # Both need the batch and nothing else, and nothing waits for the drift.
    assert tasks["check"]["upstream"] == tasks["measure_drift"]["upstream"] == ["process"]
    waiting = [name for name, task in tasks.items() if "measure_drift" in task["upstream"]]
    assert waiting == []
    # While MLflow is down, it holds up the run of the next batch for minutes at most.
    assert tasks["measure_drift"]["outlets"] == []
    assert tasks["measure_drift"]["retries"] == 1
    assert tasks["measure_drift"]["seconds"] == 120


def test_outcomes_and_stays_are_copied_after_clean_is_announced(parsed: dict[str, Any]) -> None:
    tasks = parsed["dags"]["data_processing_pipeline"]["tasks"]

    # When it fails, the event has been sent, and its only retry barely delays the next batch.
    assert tasks["check"]["outlets"] == ["CLEAN"]
    for last in ("record_outcomes", "publish_stays"):
        assert tasks[last]["upstream"] == ["check"]
        assert tasks[last]["outlets"] == []
        assert tasks[last]["retries"] == 1
    # A batch that is rejected when it is processed again loses its stays at once, but the run still
    # fails, because the other task at its end does not run.
    assert tasks["publish_stays"]["trigger_rule"] == "all_done"
    assert tasks["record_outcomes"]["trigger_rule"] in (None, "all_success")


def test_quarantine_decisions_are_manual_and_a_replay_announces_raw(
    parsed: dict[str, Any],
) -> None:
    dag = parsed["dags"]["quarantine_replay"]

    assert dag["timetable"] == "NullTimetable"
    assert {name: task["outlets"] for name, task in dag["tasks"].items()} == {
        "decide": [], "replay": [], "check": ["RAW"], "account": [], "overview": [],
    }  # fmt: skip
    # After every action, but not after a failure, rows are counted and the reports published.
    for last in ("account", "overview"):
        assert dag["tasks"][last]["trigger_rule"] == "none_failed"
        assert dag["tasks"][last]["upstream"] == ["check", "decide"]


def test_the_quarantine_form_offers_three_actions_and_explains_every_field(
    parsed: dict[str, Any],
) -> None:
    params = parsed["dags"]["quarantine_replay"]["params"]

    assert params["action"]["schema"]["enum"] == ["fix", "waive", "replay"]
    assert params.keys() == {
        "action", "batch_id", "lines", "correction", "decided_by", "why",
    }  # fmt: skip
    assert all(param["description"] for param in params.values())


def test_the_form_of_a_warning_offers_every_gate_and_explains_every_field(
    parsed: dict[str, Any],
) -> None:
    dag = parsed["dags"]["warning_decisions"]

    assert dag["timetable"] == "NullTimetable"
    assert dag["params"]["gate"]["schema"]["enum"] == [gate.name for gate in GATES]
    assert all(param["description"] for param in dag["params"].values())
    assert dag["tasks"]["overview"]["upstream"] == ["decide"]


@pytest.mark.parametrize("column", [schema.ENCOUNTER, schema.PATIENT])
def test_the_form_rejects_patient_numbers_because_everybody_can_read_them(
    parsed: dict[str, Any], column: str
) -> None:
    form = parsed["dags"]["quarantine_replay"]["params"]["correction"]["schema"]
    jsonschema.validate({"age": "[70-80)", "race": "?"}, form)

    with pytest.raises(jsonschema.ValidationError) as refused:
        jsonschema.validate({"age": "[70-80)", column: "8222157"}, form)

    # Airflow shows this text: it names the command to use, and not the number.
    assert column in str(refused.value)
    assert "readmission quarantine fix" in " ".join(str(refused.value).split())
    assert "8222157" not in str(refused.value)
