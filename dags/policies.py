"""Schedule, retries, timeouts, failures, turns and labels: the policies that all DAGs share."""

import faulthandler
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from airflow.sdk import (
    AssetOrTimeSchedule,
    CronTriggerTimetable,
    ExceptionRetryPolicy,
    Param,
    RetryAction,
    RetryRule,
    get_current_context,
    task,
)
from airflow.sdk.bases.timetable import BaseTimetable
from airflow.sdk.exceptions import AirflowSkipException

from assets import MODEL_RUN, delivery
from readmission.settings import get_settings

STDERR = 2
PROMOTION = "model_promotion_pipeline"
STAGES = {
    "data_processing_pipeline": "clean",
    "model_training_pipeline": "training",
    PROMOTION: "promotion",
}
"""The stage at which each DAG works on a batch."""
LASTING = (
    "readmission.errors.BatchNotFound",
    "readmission.errors.BundleRefused",
    "readmission.errors.CardIncomplete",
    "readmission.errors.DatasetError",
    "readmission.errors.DecisionRefused",
    "readmission.errors.InvalidBatchId",
    "readmission.errors.InvalidReportKey",
    "readmission.errors.InvalidValue",
    "readmission.errors.NotQuarantined",
    "readmission.errors.NotServable",
    "readmission.errors.RowsLost",
)
"""Errors of the batch itself: another run would fail as well, so they close it."""
MISCONFIGURED = (
    "readmission.errors.DatabaseTooNew",
    "readmission.errors.ErasureKeyError",
    "readmission.errors.SigningKeyError",
    "readmission.errors.UnknownFamily",
    "readmission.settings.SettingsError",
)
"""Errors that only an administrator can fix; afterwards the sweep starts the batch again."""
OUTDATED = ("readmission.errors.RowsErased",)
"""Rows have changed since the run read them; the sweep starts the batch again."""
GATE = ("readmission.errors.GateFailed",)
"""A gate has stored its own verdict, which stops the batch."""
BEFORE_VERDICT = ["scheduled", "queued", "running", "restarting", "up_for_retry"]
"""States of the task `judge` in which its run is about to settle its own batch."""
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


def record_failure(context: Any) -> None:
    """Store why a stage failed for a batch, once its last try has failed.

    If it cannot be stored, because the database is down, the sweep starts the batch again later.
    """
    error, batch_id = context.get("exception"), context.get("partition_key")
    task = context["ti"]
    if not batch_id or task.dag_id not in STAGES or _is_any_of(error, GATE):
        return
    from connections import clean_warehouse
    from readmission.domain.batch_ids import parse_batch_id
    from readmission.logs import is_trusted, where
    from readmission.warehouse.clean.failure_log import KILLED, FailureLog

    reason, kind = "the task was killed", KILLED
    if isinstance(error, BaseException):
        kind = type(error).__name__
        reason = f"{type(error).__name__}: {error}" if is_trusted(error) else where(error)
    with clean_warehouse() as clean:
        FailureLog(clean.connection).record_error(
            parse_batch_id(batch_id),
            STAGES[task.dag_id],
            task.run_id,
            f"{context.get('label') or task.task_id}: {reason}",
            lasting=_is_any_of(error, LASTING),
            error=kind,
        )


def _is_any_of(error: object, names: Collection[str]) -> bool:
    """Whether an error is of one of these classes or derived from one, as the retry policy asks."""
    return any(f"{base.__module__}.{base.__qualname__}" in names for base in type(error).__mro__)


RETRIES: dict[str, Any] = {
    "execution_timeout": timedelta(seconds=get_settings().task_timeout_seconds),
    "pre_execute": start_watchdog,
    "on_failure_callback": record_failure,
    "retries": 3,
    "retry_delay": timedelta(seconds=10),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=5),
    "retry_policy": ExceptionRetryPolicy(
        rules=[
            RetryRule(
                exception=[*GATE, *LASTING, *MISCONFIGURED, *OUTDATED],
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


DECIDED_BY = Param(
    None,
    type=["null", "string"],
    title="Decided by",
    description="Optional: who decides; stored with the user who starts the run.",
)
"""The field of a form for who decides."""


def what_to_do(*actions: str, default: str, description: str) -> Param:
    """Return the field of a form that chooses one of several actions."""
    return Param(
        default, type="string", enum=list(actions), title="What to do", description=description
    )


def scheduled(cron: str, *, first_run_waits: bool = False) -> CronTriggerTimetable | None:
    """Return a schedule in UTC, or None if the settings allow only manual runs.

    Parameters
    ----------
    cron : str
        When to run.
    first_run_waits : bool
        Whether the first run of a new stack waits for its time. Otherwise Airflow starts a run at
        once if one was due within the last tenth of the interval: 17 hours for a weekly schedule.
    """
    if not get_settings().scheduled_runs:
        return None
    immediately = timedelta(0) if first_run_waits else False
    return CronTriggerTimetable(cron, timezone="UTC", run_immediately=immediately)


def or_delivered(schedule: CronTriggerTimetable | None) -> BaseTimetable | None:
    """Return a schedule that also starts a run when encounters are delivered.

    Deliveries start no run if the settings name no dataset to watch, or allow only manual runs.
    """
    settings = get_settings()
    if schedule is None or not settings.watches:
        return schedule
    watched = delivery(str(settings.dataset), settings.watch_seconds)
    return AssetOrTimeSchedule(timetable=schedule, assets=watched)


def label(text: str) -> None:
    """Set the name under which Airflow's pages show this instance of a mapped task."""
    context: dict[str, Any] = get_current_context()  # type: ignore[assignment]
    context["label"] = text


# A failure here says nothing about the batch of this run, so it is not recorded for that batch.
@task(outlets=[MODEL_RUN], on_failure_callback=None)
def start_held(partition_key: str, ti: Any, outlet_events: Any) -> None:
    """Announce the next held challenger again, unless a promotion is about to do the same.

    Each promotion ends with this task, so that one verdict leads to the next. The sweep does it
    again if this task fails or an event is lost.
    """
    from connections import clean_warehouse, raw_warehouse
    from readmission.pipeline.promotion import turn
    from readmission.warehouse import ModelHistory

    with raw_warehouse() as raw, clean_warehouse() as clean:
        held = turn.next_held(partition_key, raw, clean, ModelHistory(clean.connection))
    if held is None:
        raise AirflowSkipException("no challenger waits for its turn")
    if ti.get_dr_count(PROMOTION, states=["queued"]) or ti.get_ti_count(
        PROMOTION, task_ids=["judge"], states=BEFORE_VERDICT
    ):
        raise AirflowSkipException(f"{PROMOTION} is active and starts {held} when it ends")
    outlet_events[MODEL_RUN].add_partitions(held)
