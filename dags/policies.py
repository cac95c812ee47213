"""Schedule, retries, timeouts and labels: the policies that all DAGs share."""

import faulthandler
from datetime import timedelta
from typing import Any

from airflow.sdk import (
    CronTriggerTimetable,
    ExceptionRetryPolicy,
    RetryAction,
    RetryRule,
    get_current_context,
)

from readmission.settings import get_settings

STDERR = 2
GRACE_SECONDS = 10
"""Seconds between Airflow's own timeout of a task and the end of its process."""


def start_watchdog(_context: object) -> None:
    """End the process of this task when it is overdue, even if a native call hangs.

    Airflow's own timeout is an exception, which does not interrupt a native call that never
    returns, for example one that waits for a lock. The watchdog is a native thread: it writes the
    stack of the hanging task to the task's log and ends the process. Airflow then retries the task.
    """
    seconds = get_settings().task_timeout_seconds + GRACE_SECONDS
    faulthandler.dump_traceback_later(seconds, exit=True, file=STDERR)


RETRIES: dict[str, Any] = {
    "execution_timeout": timedelta(seconds=get_settings().task_timeout_seconds),
    "pre_execute": start_watchdog,
    "retries": 3,
    "retry_delay": timedelta(seconds=10),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=5),
    "retry_policy": ExceptionRetryPolicy(
        rules=[
            RetryRule(
                exception=[
                    "readmission.errors.GateFailed",
                    "readmission.errors.DatasetError",
                    "readmission.errors.InvalidValue",
                    "readmission.errors.RowsLost",
                    "readmission.errors.NotQuarantined",
                    "readmission.errors.DecisionRefused",
                    "readmission.errors.BatchNotFound",
                    "readmission.errors.InvalidBatchId",
                    "readmission.errors.InvalidReportKey",
                    "readmission.errors.BundleRefused",
                    "readmission.errors.NotServable",
                    "readmission.errors.SigningKeyError",
                    "readmission.errors.UnknownFamily",
                    "readmission.errors.DatabaseTooNew",
                    "readmission.settings.SettingsError",
                ],
                action=RetryAction.FAIL,
                reason="the data or the settings are wrong, so a retry would fail again",
            )
        ]
    ),
}
"""Default arguments of every DAG. A task is retried if it hangs or a service is down, but not if a
gate or a bad file has stopped it."""

LABELLED = {"map_index_template": "{{ label }}"}
"""Arguments of a mapped task whose instances call `label`."""


def scheduled(cron: str) -> CronTriggerTimetable | None:
    """Return a schedule in UTC, or None if the settings allow only manual runs."""
    return CronTriggerTimetable(cron, timezone="UTC") if get_settings().scheduled_runs else None


def label(text: str) -> None:
    """Set the name under which Airflow's pages show this instance of a mapped task."""
    context: dict[str, Any] = get_current_context()  # type: ignore[assignment]
    context["label"] = text
