"""How `readmission demo` follows the batches, and how it explains failures."""

import io
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from readmission.quality.catalogue import Stage
from readmission.stack.cli import demo
from readmission.stack.cli.batch_progress import BatchProgress, StageProgress, StageStatus
from readmission.stack.errors import StackError
from readmission.stack.services.airflow_client import DagRun


def run(state: str) -> DagRun:
    return DagRun("some_pipeline", "run+1", state, "batch-0001")


def batch_at(*progresses: StageStatus) -> BatchProgress:
    padded = [*progresses, *[StageStatus.WAITING] * len(Stage)][: len(Stage)]
    return BatchProgress("batch-0001", dict(zip(Stage, map(StageProgress, padded), strict=True)))


ARRIVED = batch_at(StageStatus.DONE, StageStatus.DONE, StageStatus.DONE, StageStatus.DONE)
REJECTED = batch_at(StageStatus.STOPPED)
UNDERWAY = batch_at(StageStatus.DONE, StageStatus.RUNNING)


class ScriptedProgress:
    """Replaces ledgers and Airflow: returns one entry per poll, and repeats the last one."""

    url = "http://airflow"

    def __init__(self, polls: Sequence[list[BatchProgress]], states: Sequence[str] = ()) -> None:
        self.polls, self.states = list(polls), list(states)

    def read(self, _expected: int) -> list[BatchProgress]:
        return self.polls.pop(0) if len(self.polls) > 1 else self.polls[0]

    def run(self, dag_id: str, run_id: str) -> DagRun:
        return DagRun(dag_id, run_id, self.states.pop(0), None)

    def failed_tasks(self, _run: DagRun) -> list[str]:
        return ["load from row 0"]


def follow(
    script: Any, ingestion: DagRun | None, stall_seconds: float = 60
) -> tuple[list[BatchProgress], str]:
    console = Console(file=(shown := io.StringIO()), width=100)
    return demo.follow(script, script, ingestion, 1, console, stall_seconds), shown.getvalue()


@pytest.fixture(autouse=True)
def _no_pause_between_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "POLL_SECONDS", 0)


def test_waits_until_the_last_batch_is_promoted_or_refused() -> None:
    script = ScriptedProgress([[UNDERWAY], [UNDERWAY], [ARRIVED]], ["running", "success"])

    batches, shown = follow(script, run("queued"))

    assert batches == [ARRIVED]
    assert "batch-0001 clean running" in shown
    assert "batch-0001 promotion done" in shown


def test_the_other_batches_are_followed_after_one_is_stopped() -> None:
    script = ScriptedProgress([[REJECTED, UNDERWAY], [REJECTED, ARRIVED]], ["failed"])

    batches, _ = follow(script, run("running"))

    assert batches == [REJECTED, ARRIVED]


def test_a_failed_ingestion_without_a_failed_batch_is_an_error() -> None:
    with pytest.raises(StackError, match=r"ingestion failed.*load from row 0"):
        follow(ScriptedProgress([[batch_at(StageStatus.RUNNING)]], ["failed"]), run("running"))


def test_a_stall_ends_the_waiting() -> None:
    with pytest.raises(StackError, match=r"no progress for .* unfinished: batch-0001"):
        follow(ScriptedProgress([[UNDERWAY]]), None, stall_seconds=0)


def test_the_error_says_what_blocked_each_batch_and_what_to_do() -> None:
    # Given a batch that a gate stopped and one whose training failed
    site: Any = SimpleNamespace(settings=SimpleNamespace(docs_dir="/reports"))
    failed = StageProgress(StageStatus.FAILED, run=run("failed"))
    stopped = StageProgress(StageStatus.STOPPED, why="age: 7 rows outside [0-100)")

    # When the failures are explained
    script: Any = ScriptedProgress([])
    blocked = [("batch-0001", Stage.RAW, stopped), ("batch-0002", Stage.TRAINING, failed)]
    explanation = demo.explain_failures(site, blocked, script)

    # Then the message has the batch, the reason, the report or log, and what to do
    assert "the raw gate stopped batch-0001:\nage: 7 rows outside [0-100)" in explanation
    assert "/reports" in explanation
    assert "batch-0002 failed in training" in explanation
    assert "http://airflow/dags/some_pipeline/runs/run%2B1" in explanation
    assert 'press "Clear"' in explanation
