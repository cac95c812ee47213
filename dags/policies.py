"""When DAGs start, how tasks fail and what they are called: one place for all DAGs."""

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

RETRIES: dict[str, Any] = {
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
                    "readmission.settings.SettingsError",
                ],
                action=RetryAction.FAIL,
                reason="the data or the settings are wrong; trying again cannot mend them",
            )
        ]
    ),
}
"""Default arguments of every DAG: what a gate or a bad file stops stays stopped, what is down
is tried again."""

LABELLED = {"map_index_template": "{{ label }}"}
"""Argument of a mapped task whose instances call `label`."""


def by_the_clock(cron: str) -> CronTriggerTimetable | None:
    """Return a schedule in UTC; none if everything is to be started by hand."""
    return CronTriggerTimetable(cron, timezone="UTC") if get_settings().scheduled_runs else None


def label(text: str) -> None:
    """Give this instance of a mapped task the name that Airflow's pages show."""
    context: dict[str, Any] = get_current_context()  # type: ignore[assignment]
    context["label"] = text
