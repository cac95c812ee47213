"""Describes the state of a stack for the error message of a test that timed out."""

from collections.abc import Iterator
from typing import Any

import httpx
import psycopg

from readmission.stack.cli.batch_progress import CONSUMERS, INGESTION
from readmission.stack.errors import StackError
from readmission.stack.services import postgres
from readmission.stack.services.airflow import DAG_PROCESSOR, SCHEDULER
from readmission.stack.services.airflow_client import AirflowClient, DagRun
from readmission.stack.site.ports import HOST
from readmission.stack.stack import Stack
from readmission.stack.supervision.boot import tail

DAGS = (INGESTION, *CONSUMERS, "ledger_sweep", "quarantine_replay")
SERVICES = (SCHEDULER, DAG_PROCESSOR)
WELL = {"success", "skipped"}
LINES = 40
WIDTH = 240
"""Characters shown of each line; task logs are JSON with a whole stack trace on one line."""


def diagnose(stack: Stack, airflow: AirflowClient) -> str:
    """Return batches, runs, failed and unfinished tasks, active sessions and the ends of logs."""
    sections = {
        "batches": batches(stack),
        "runs, with their failed and unfinished tasks": runs(stack, airflow),
        "database sessions that are not idle": sessions(stack),
        **{name: iter(tail(stack.paths.log(name), LINES).splitlines()) for name in SERVICES},
    }
    lines = []
    for title, found in sections.items():
        lines.append(f"== {title}")
        try:
            lines.extend(line[:WIDTH] for line in found)
        except (StackError, psycopg.Error, httpx.HTTPError, OSError) as error:
            lines.append(f"not available: {error!r}")
    return "\n".join(lines)


def batches(stack: Stack) -> Iterator[str]:
    """Yield the batches in both ledgers."""
    for database in ("raw", "clean"):
        with psycopg.connect(postgres.dsn(stack.site, database)) as connection:
            columns = "batch_id, state, reason, created_at, decided_at"
            rows = "rows" if database == "raw" else "clean_rows"
            for line in connection.execute(f"SELECT {rows}, {columns} FROM batch ORDER BY number"):  # noqa: S608
                yield f"{database} {' '.join(map(str, line))}"


def runs(stack: Stack, airflow: AirflowClient) -> Iterator[str]:
    """Yield every run, the newest first; the run id shows what started it."""
    for dag_id in DAGS:
        for run in airflow.runs(dag_id):
            yield f"{dag_id} {run.run_id} {run.partition_key} {run.state}"
            if run.state != "success":
                for task in airflow.tasks(run):
                    yield from _task(stack, run, task)


def _task(stack: Stack, run: DagRun, task: dict[str, Any]) -> Iterator[str]:
    if task["state"] in WELL:
        return
    known = ("task_id", "map_index", "state", "try_number", "pid", "start_date", "end_date")
    yield "  " + " ".join(f"{name}={task[name]}" for name in known)
    where = f"dag_id={run.dag_id}/run_id={run.run_id}/task_id={task['task_id']}"
    if task["map_index"] >= 0:
        where += f"/map_index={task['map_index']}"
    for log in sorted((stack.paths.airflow_home / "logs" / where).glob("*.log")):
        yield f"    {log.name}"
        yield from (f"    | {line}" for line in tail(log, LINES).splitlines())


def sessions(stack: Stack) -> Iterator[str]:
    """Yield the query of every active session, and the sessions that block it."""
    with psycopg.connect(
        host=HOST,
        port=stack.settings.postgres_port,
        user=postgres.SUPERUSER,
        password=stack.site.credentials.postgres,
        dbname="postgres",
    ) as connection:
        for line in connection.execute(
            "SELECT pid, datname, state, now() - xact_start, wait_event_type, wait_event,"
            " pg_blocking_pids(pid), regexp_replace(query, '\\s+', ' ', 'g')"
            " FROM pg_stat_activity WHERE datname IS NOT NULL AND state <> 'idle'"
        ):
            yield " ".join(map(str, line))
