"""Parse the DAG files as Airflow does, and write what they declare as JSON.

This runs in a separate process, so that it can list the imports that parsing causes, and so that
environment variables configure Airflow before it is imported.
"""

import json
import sys
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch


def describe(folder: Path) -> dict[str, Any]:
    """Return the DAGs of a folder, their errors and the packages that parsing has imported."""
    from airflow.dag_processing.dagbag import BundleDagBag

    bag = BundleDagBag(folder, bundle_path=folder, bundle_name="dags-folder")
    imported = sorted({name.partition(".")[0] for name in sys.modules})
    return {
        "errors": bag.import_errors,
        "imported": imported,
        "dags": {dag_id: _dag(dag) for dag_id, dag in bag.dags.items()},
    }


def _dag(dag: Any) -> dict[str, Any]:
    timetable = dag.timetable
    trigger = getattr(timetable, "asset_condition", None)
    clock = getattr(timetable, "timetable", timetable)
    return {
        "file": Path(dag.fileloc).name,
        "timetable": type(timetable).__name__,
        "cron": getattr(clock, "expression", None),
        "first_run": _first_run(clock),
        "trigger": trigger.name if trigger else None,
        "watchers": [watcher.trigger.serialize() for watcher in getattr(trigger, "watchers", ())],
        "max_active_runs": dag.max_active_runs,
        "catchup": dag.catchup,
        "doc": dag.doc_md,
        "params": {name: dag.params.get_param(name).dump() for name in dag.params},
        "tasks": {task.task_id: _task(task) for task in dag.tasks},
        "decisive": _decisive(dag),
    }


def _first_run(timetable: Any) -> str | None:
    """Return when Airflow starts the first run of a stack that starts on a Sunday morning."""
    if not hasattr(timetable, "expression"):
        return None
    import pendulum
    from airflow.timetables import trigger
    from airflow.timetables.base import TimeRestriction

    scheduler = trigger.CronTriggerTimetable(
        timetable.expression,
        timezone=timetable.timezone,
        run_immediately=timetable.run_immediately,
    )
    with patch.object(trigger, "utcnow", return_value=pendulum.datetime(2026, 11, 29, 4, 7)):
        due = scheduler.next_dagrun_info(
            last_automated_data_interval=None,
            restriction=TimeRestriction(earliest=None, latest=None, catchup=False),
        )
    return due.run_after.isoformat() if due else None


class _Instance(NamedTuple):
    """What the choice needs of the instance of a task."""

    task_id: str
    state: str | None = None


def _decisive(dag: Any) -> list[str]:
    """Return the tasks whose failure fails a run, as Airflow's scheduler chooses them."""
    from airflow.models.dagrun import DagRun

    instances = [_Instance(task.task_id) for task in dag.tasks]
    chosen = DagRun._tis_for_dagrun_state(None, dag=dag, tis=instances)
    return sorted(one.task_id for one in chosen)


def _task(task: Any) -> dict[str, Any]:
    arguments = task.partial_kwargs if task.is_mapped else vars(task)
    return {
        "outlets": [asset.name for asset in task.outlets],
        "over": _values(task),
        "mapped": task.is_mapped or any(task.iter_mapped_task_groups()),
        "name_of_instance": arguments.get("map_index_template"),
        "retries": task.retries,
        "records_failures": bool(arguments.get("on_failure_callback")),
        "seconds": arguments["execution_timeout"].total_seconds(),
        "trigger_rule": arguments.get("trigger_rule"),
        "upstream": sorted(task.upstream_task_ids),
        "question": _question(task),
        "fatal": [
            exception
            for rule in arguments["retry_policy"].rules
            for exception in rule.exception
            if rule.action.name == "FAIL"
        ],
    }


def _question(task: Any) -> dict[str, Any] | None:
    """Return what a task asks a person."""
    if not hasattr(task, "response_timeout"):
        return None
    hours = task.response_timeout.total_seconds() / 3600
    named = {name: getattr(task, name) for name in ("options", "defaults", "body")}
    return named | {"hours": hours}


def _values(task: Any) -> list[str] | None:
    """Return the values over which a task is mapped, if the DAG's file lists them."""
    values = getattr(getattr(task, "op_kwargs_expand_input", None), "value", {})
    listed = [value for value in values.values() if isinstance(value, list)]
    return listed[0] if listed else None


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(json.dumps(describe(Path(sys.argv[1])), default=str))
