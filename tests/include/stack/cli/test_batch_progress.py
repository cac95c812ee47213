"""The progress of a batch at each stage, as ledgers and DAG runs show it."""

from datetime import UTC, datetime

import pytest

from readmission.stack.cli import batch_progress
from readmission.stack.cli.batch_progress import StageProgress, StageStatus
from readmission.stack.services.airflow_client import DagRun
from readmission.warehouse import BatchState, Candidate, CleanBatch, Promotion, RawBatch

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def run(state: str) -> DagRun:
    return DagRun("some_pipeline", "run+1", state, "batch-0001")


def raw_batch(state: BatchState, reason: str = "", aside: int = 0) -> RawBatch:
    return RawBatch("batch-0001", 1, 15_000, 0, "abc", "uci", state, reason, aside, NOW, NOW)


def clean_batch(state: BatchState, reason: str = "") -> CleanBatch:
    return CleanBatch("batch-0001", 1, 15_000, 14_990, 10, "abc", "uci", state, reason, NOW, NOW)


CANDIDATE = Candidate("batch-0001", "run", "xgboost", "3", "abc")
PROMOTED = Promotion("batch-0001", "3", "2", "promoted", "better")


@pytest.mark.parametrize(
    ("progress", "status", "text"),
    [
        (
            batch_progress.raw_progress(raw_batch(BatchState.LOADED)),
            StageStatus.RUNNING,
            "15,000 rows",
        ),
        (
            batch_progress.raw_progress(raw_batch(BatchState.ACCEPTED)),
            StageStatus.DONE,
            "15,000 rows",
        ),
        (
            batch_progress.raw_progress(raw_batch(BatchState.ACCEPTED, aside=10)),
            StageStatus.DONE,
            "15,000 rows, 10 quarantined",
        ),
        (batch_progress.raw_progress(raw_batch(BatchState.REJECTED)), StageStatus.STOPPED, ""),
        (batch_progress.clean_progress(None, None), StageStatus.WAITING, ""),
        (batch_progress.clean_progress(None, run("queued")), StageStatus.WAITING, ""),
        (
            batch_progress.clean_progress(clean_batch(BatchState.LOADED), run("running")),
            StageStatus.RUNNING,
            "",
        ),
        (
            batch_progress.clean_progress(clean_batch(BatchState.ACCEPTED), run("running")),
            StageStatus.DONE,
            "14,990 rows",
        ),
        (
            batch_progress.clean_progress(clean_batch(BatchState.REJECTED), run("failed")),
            StageStatus.STOPPED,
            "",
        ),
        (batch_progress.clean_progress(None, run("failed")), StageStatus.FAILED, ""),
        (
            batch_progress.training_progress(CANDIDATE, run("success"), None),
            StageStatus.DONE,
            "xgboost, version 3",
        ),
        (batch_progress.training_progress(None, run("failed"), "leak"), StageStatus.STOPPED, ""),
        (
            batch_progress.promotion_progress(PROMOTED, run("running"), None),
            StageStatus.RUNNING,
            "promoted",
        ),
        (
            batch_progress.promotion_progress(PROMOTED, run("success"), None),
            StageStatus.DONE,
            "promoted",
        ),
        (batch_progress.promotion_progress(PROMOTED, run("failed"), None), StageStatus.FAILED, ""),
        (batch_progress.promotion_progress(None, run("failed"), "leak"), StageStatus.STOPPED, ""),
    ],
)
def test_progress_follows_from_the_ledger_and_the_latest_run(
    progress: StageProgress, status: StageStatus, text: str
) -> None:
    assert (progress.status, progress.text) == (status, text)
