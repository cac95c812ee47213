"""What the main job shows of a batch, and when it stops waiting."""

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from readmission.quality.catalogue import Stage
from readmission.stack.cli import batch_progress, demo
from readmission.stack.cli.batch_progress import Journey, Progress, Step
from readmission.stack.errors import StackError
from readmission.stack.services.airflow_client import Run
from readmission.warehouse import BatchState, Candidate, CleanBatch, Promotion, RawBatch

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def run(state: str) -> Run:
    return Run("some_pipeline", "run+1", state, "batch-0001")


def raw_batch(state: BatchState, reason: str = "", aside: int = 0) -> RawBatch:
    return RawBatch("batch-0001", 1, 15_000, 0, "abc", "uci", state, reason, aside, NOW, NOW)


def clean_batch(state: BatchState, reason: str = "") -> CleanBatch:
    return CleanBatch("batch-0001", 1, 15_000, 14_990, 10, "abc", "uci", state, reason, NOW, NOW)


CANDIDATE = Candidate("batch-0001", "run", "xgboost", "3", "abc")
PROMOTED = Promotion("batch-0001", "3", "2", "promoted", "better")


@pytest.mark.parametrize(
    ("step", "progress", "text"),
    [
        (batch_progress.raw_step(raw_batch(BatchState.LOADED)), Progress.RUNNING, "15,000 rows"),
        (batch_progress.raw_step(raw_batch(BatchState.ACCEPTED)), Progress.DONE, "15,000 rows"),
        (
            batch_progress.raw_step(raw_batch(BatchState.ACCEPTED, aside=10)),
            Progress.DONE,
            "15,000 rows, 10 aside",
        ),
        (batch_progress.raw_step(raw_batch(BatchState.REJECTED)), Progress.STOPPED, ""),
        (batch_progress.clean_step(None, None), Progress.WAITING, ""),
        (batch_progress.clean_step(None, run("queued")), Progress.WAITING, ""),
        (
            batch_progress.clean_step(clean_batch(BatchState.LOADED), run("running")),
            Progress.RUNNING,
            "",
        ),
        (
            batch_progress.clean_step(clean_batch(BatchState.ACCEPTED), run("running")),
            Progress.DONE,
            "14,990 rows",
        ),
        (
            batch_progress.clean_step(clean_batch(BatchState.REJECTED), run("failed")),
            Progress.STOPPED,
            "",
        ),
        (batch_progress.clean_step(None, run("failed")), Progress.FAILED, ""),
        (
            batch_progress.training_step(CANDIDATE, run("success"), None),
            Progress.DONE,
            "xgboost, version 3",
        ),
        (batch_progress.training_step(None, run("failed"), "leak"), Progress.STOPPED, ""),
        (
            batch_progress.promotion_step(PROMOTED, run("running"), None),
            Progress.RUNNING,
            "promoted",
        ),
        (batch_progress.promotion_step(PROMOTED, run("success"), None), Progress.DONE, "promoted"),
        (batch_progress.promotion_step(PROMOTED, run("failed"), None), Progress.FAILED, ""),
        (batch_progress.promotion_step(None, run("failed"), "leak"), Progress.STOPPED, ""),
    ],
)
def test_ledger_and_run_tell_how_a_batch_is_doing(
    step: Step, progress: Progress, text: str
) -> None:
    assert (step.progress, step.text) == (progress, text)


def journey_of(*progresses: Progress) -> Journey:
    padded = [*progresses, *[Progress.WAITING] * len(Stage)][: len(Stage)]
    return Journey("batch-0001", dict(zip(Stage, map(Step, padded), strict=True)))


ARRIVED = journey_of(Progress.DONE, Progress.DONE, Progress.DONE, Progress.DONE)
REJECTED = journey_of(Progress.STOPPED)
UNDERWAY = journey_of(Progress.DONE, Progress.RUNNING)


class Scripted:
    """Stands in for the ledgers and for Airflow: one answer a look, the last one for ever."""

    url = "http://airflow"

    def __init__(self, looks: Sequence[list[Journey]], states: Sequence[str] = ()) -> None:
        self.looks, self.states = list(looks), list(states)

    def journeys(self, _expected: int) -> list[Journey]:
        return self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]

    def run(self, dag_id: str, run_id: str) -> Run:
        return Run(dag_id, run_id, self.states.pop(0), None)

    def failed_tasks(self, _run: Run) -> list[str]:
        return ["load from row 0"]


def follow(script: Any, ingestion: Run | None, standstill: float = 60) -> tuple[list[Journey], str]:
    console = Console(file=(shown := io.StringIO()), width=100)
    return demo.follow(script, script, ingestion, 1, console, standstill), shown.getvalue()


@pytest.fixture(autouse=True)
def _in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "POLL_SECONDS", 0)


def test_waits_for_the_last_verdict() -> None:
    script = Scripted([[UNDERWAY], [UNDERWAY], [ARRIVED]], ["running", "success"])

    journeys, shown = follow(script, run("queued"))

    assert journeys == [ARRIVED]
    assert "batch-0001 clean running" in shown
    assert "batch-0001 promotion done" in shown


def test_a_stopped_batch_does_not_keep_the_others_waiting() -> None:
    script = Scripted([[REJECTED, UNDERWAY], [REJECTED, ARRIVED]], ["failed"])

    journeys, _ = follow(script, run("running"))

    assert journeys == [REJECTED, ARRIVED]


def test_an_ingestion_that_fails_without_a_batch_is_an_error() -> None:
    with pytest.raises(StackError, match=r"ingestion failed.*load from row 0"):
        follow(Scripted([[journey_of(Progress.RUNNING)]], ["failed"]), run("running"))


def test_a_standstill_ends_the_waiting() -> None:
    with pytest.raises(StackError, match=r"nothing has moved .* on the way: batch-0001"):
        follow(Scripted([[UNDERWAY]]), None, standstill=0)


def test_what_stopped_a_batch_is_explained_with_the_way_out() -> None:
    # Given a batch that a gate stopped and one whose training failed
    site: Any = SimpleNamespace(settings=SimpleNamespace(docs_dir="/reports"))
    failed = Step(Progress.FAILED, run=run("failed"))
    stopped = Step(Progress.STOPPED, why="age: 7 rows outside [0-100)")

    # When it is explained
    script: Any = Scripted([])
    troubles = [("batch-0001", Stage.RAW, stopped), ("batch-0002", Stage.TRAINING, failed)]
    said = demo.explain(site, troubles, script)

    # Then it says which, why, where to look and what to do
    assert "the raw gate stopped batch-0001:\nage: 7 rows outside [0-100)" in said
    assert "/reports" in said
    assert "batch-0002 failed in training" in said
    assert "http://airflow/dags/some_pipeline/runs/run%2B1" in said
    assert 'press "Clear"' in said
