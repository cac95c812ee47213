"""When DAGs start, how tasks fail and what they are called: one place for all DAGs."""

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
LAST_WORDS_SECONDS = 10
"""Time for a task that was asked to end, before it is ended."""


def watch(_context: object) -> None:
    """End the process of this task some seconds after its time is up, wherever it hangs.

    Airflow's own timeout is an exception. A native call that never returns, such as one that
    waits for a lock no thread will give back, never sees it. This is a thread beside Python's,
    which writes into the task's log where the task hung; Airflow then tries again.
    """
    seconds = get_settings().task_timeout_seconds + LAST_WORDS_SECONDS
    faulthandler.dump_traceback_later(seconds, exit=True, file=STDERR)


RETRIES: dict[str, Any] = {
    "execution_timeout": timedelta(seconds=get_settings().task_timeout_seconds),
    "pre_execute": watch,
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
                    "readmission.errors.UnknownFamily",
                    "readmission.errors.DatabaseTooNew",
                    "readmission.settings.SettingsError",
                ],
                action=RetryAction.FAIL,
                reason="the data or the settings are wrong; trying again cannot mend them",
            )
        ]
    ),
}
"""Default arguments of every DAG: what a gate or a bad file stops stays stopped, what is down
or hangs is tried again."""

LABELLED = {"map_index_template": "{{ label }}"}
"""Argument of a mapped task whose instances call `label`."""


def by_the_clock(cron: str) -> CronTriggerTimetable | None:
    """Return a schedule in UTC; none if everything is to be started by hand."""
    return CronTriggerTimetable(cron, timezone="UTC") if get_settings().scheduled_runs else None


def label(text: str) -> None:
    """Give this instance of a mapped task the name that Airflow's pages show."""
    context: dict[str, Any] = get_current_context()  # type: ignore[assignment]
    context["label"] = text
