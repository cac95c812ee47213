"""Processes are killed under load while a batch passes; afterwards nothing is lost or doubled.

It uses the stack of the other tests, takes about a minute on two idle cores, and comes after
`test_pipeline.py`, which expects to deliver the first batches. `load/benchmarks/chaos` is the
long version.
"""

import contextlib
import time

import pytest

from load.benchmarks.chaos.client import Predictions
from load.benchmarks.chaos.faults import kill_named, recover
from load.benchmarks.chaos.findings import (
    Finding,
    accounted,
    as_delivered,
    candidates,
    in_clean,
    in_log,
    in_order,
    in_raw,
    judged_once,
)
from readmission.registry import PRODUCTION
from readmission.stack.cli.batch_progress import CONSUMERS, INGESTION, TRAINING
from readmission.stack.services import exporter, postgres, web
from readmission.stack.services.airflow_client import FINISHED_STATES
from readmission.warehouse import ModelHistory, RawWarehouse
from tests.e2e.pipeline import PATIENCE, Pipeline

BATCH = 1_500
SWEEP, SWEEP_SECONDS = "ledger_sweep", 10

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2 * PATIENCE)]


def batches(pipeline: Pipeline) -> list[str]:
    with pipeline.connected("raw") as raw:
        return [str(batch.batch_id) for batch in RawWarehouse(raw).batches()]


class Sweeps:
    """Starts a sweep when nothing works on a batch, as the schedule would, until it has a verdict.

    While another run is active, a sweep leaves the batch to the next one. It would only take the
    processor from that run: its nine tasks are nine processes.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._last = time.monotonic()

    def judged(self, batch_id: str) -> bool:
        """Return whether a batch has a verdict."""
        with self._pipeline.connected("clean") as clean:
            found = {promotion.batch_id for promotion in ModelHistory(clean).promotions()}
        if batch_id not in found and time.monotonic() - self._last > SWEEP_SECONDS:
            self._last = time.monotonic()
            with contextlib.suppress(Exception):
                self._sweep_if_idle()
        return batch_id in found

    def _sweep_if_idle(self) -> None:
        runs = self._pipeline.airflow.runs(*CONSUMERS, SWEEP)
        if all(run.state in FINISHED_STATES for run in runs):
            self._pipeline.airflow.trigger(SWEEP, {})


def findings(pipeline: Pipeline, predictions: Predictions, batch_id: str) -> list[Finding]:
    with pipeline.connected("raw") as raw, pipeline.connected("clean") as clean:
        history = ModelHistory(clean)
        return [
            in_raw(raw, pipeline.delivered),
            as_delivered(raw, pipeline.file),
            accounted(raw, clean),
            in_clean(raw, clean),
            candidates(history, pipeline.registry.versions()),
            judged_once(history, [batch_id]),
            in_order(history),
            *in_log(pipeline.stack.site, predictions),
        ]


@pytest.fixture
def served(pipeline: Pipeline) -> Pipeline:
    """Given a model in production."""
    if pipeline.registry.version_of(PRODUCTION) is None:
        pipeline.deliver(BATCH)
        assert pipeline.ingest(BATCH).state == "success"
        assert pipeline.promoted("batch-0001").state == "success"
    return pipeline


def test_nothing_is_lost_or_doubled_when_processes_are_killed(served: Pipeline) -> None:
    stack, known = served.stack, set(batches(served))
    with Predictions(stack.site) as predictions:
        served.wait_for("a prediction", lambda: predictions.logged)

        # when a batch arrives, and each of these is killed under load
        served.deliver(BATCH)
        served.airflow.trigger(INGESTION, {"batch_size": BATCH, "batches": 0})
        kill_named(stack, web.API)
        kill_named(stack, exporter.NAME)
        (batch_id,) = served.wait_for("the batch", lambda: set(batches(served)) - known)
        served.kill_task(served.run_of(TRAINING, batch_id), "train")
        kill_named(stack, postgres.NAME)
        assert recover(stack) is not None
        sweeps = Sweeps(served)
        served.wait_for("a verdict on the batch", lambda: sweeps.judged(batch_id))
        predictions.stop()

        # then the ledgers and the log hold what the client knows, each once
        served.wait_for("the log", lambda: all(f.ok for f in in_log(stack.site, predictions)))
        assert [f.sentence for f in findings(served, predictions, batch_id) if not f.ok] == []
        assert len(predictions.logged) > 100
