"""How far each batch has come, read from the ledgers; Airflow says what is at work."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from readmission.quality.catalogue import Stage, stopped_at
from readmission.stack.services.airflow_client import AirflowClient, Run
from readmission.warehouse import (
    BatchState,
    Candidate,
    CleanBatch,
    CleanWarehouse,
    ModelHistory,
    Promotion,
    RawBatch,
    RawWarehouse,
)
from readmission.warehouse.states import batch_name
from readmission.warehouse.verdicts import GateVerdict, VerdictLog

INGESTION = "data_ingestion_batch"
PROCESSING = "data_processing_pipeline"
TRAINING = "model_training_pipeline"
PROMOTION = "model_promotion_pipeline"
CONSUMERS = (PROCESSING, TRAINING, PROMOTION)


class Progress(StrEnum):
    """How a batch is doing at one stage."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True)
class Step:
    """One batch at one stage.

    Parameters
    ----------
    progress : Progress
        How it is doing.
    text : str
        What came out, in a few words.
    why : str
        Why a gate stopped it.
    run : Run, optional
        The newest run about it.
    """

    progress: Progress
    text: str = ""
    why: str = ""
    run: Run | None = None


@dataclass(frozen=True)
class Journey:
    """One batch on its way from the file to production."""

    batch_id: str
    steps: Mapping[Stage, Step]

    @property
    def trouble(self) -> tuple[Stage, Step] | None:
        """The stage that stopped the batch, if one has."""
        for stage, step in self.steps.items():
            if step.progress in (Progress.STOPPED, Progress.FAILED):
                return stage, step
        return None

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen to the batch."""
        arrived = self.steps[Stage.PROMOTION].progress is Progress.DONE
        return arrived or self.trouble is not None

    @property
    def can_move(self) -> bool:
        """Whether something more will happen though the ingestion has ended."""
        return not self.is_over and self.steps[Stage.RAW].progress is Progress.DONE


class Observer:
    """Looks at the ledgers and at Airflow.

    Parameters
    ----------
    raw, clean : RawWarehouse, CleanWarehouse
        The ledgers.
    airflow : AirflowClient
        Tells what is at work and what has failed.
    """

    def __init__(self, raw: RawWarehouse, clean: CleanWarehouse, airflow: AirflowClient) -> None:
        self._raw = raw
        self._clean = clean
        self._history = ModelHistory(clean.connection)
        self._airflow = airflow

    def journeys(self, expected: int = 0) -> list[Journey]:
        """Return the journeys of all batches, padded by those that are still to come.

        Parameters
        ----------
        expected : int
            How many batches there will be.
        """
        runs = {dag_id: self._newest(dag_id) for dag_id in CONSUMERS}
        clean = {batch.batch_id: batch for batch in self._clean.batches()}
        candidates = {found.batch_id: found for found in self._history.candidates()}
        verdicts = {(p.batch_id, p.challenger_version): p for p in self._history.promotions()}
        gate_verdicts = VerdictLog(self._clean.connection).verdicts()
        untrainable = _failures(Stage.TRAINING, gate_verdicts)
        unpromotable = _failures(Stage.PROMOTION, gate_verdicts)
        journeys, batches = [], self._raw.batches()
        for raw in batches:
            if raw.ends_here:
                continue
            key = raw.batch_id
            candidate = candidates.get(key)
            verdict = verdicts.get((key, candidate.version)) if candidate else None
            steps = {
                Stage.RAW: raw_step(raw),
                Stage.CLEAN: clean_step(clean.get(key), runs[PROCESSING].get(key)),
                Stage.TRAINING: training_step(
                    candidate, runs[TRAINING].get(key), untrainable.get(key)
                ),
                Stage.PROMOTION: promotion_step(
                    verdict, runs[PROMOTION].get(key), unpromotable.get(key)
                ),
            }
            journeys.append(Journey(key, steps))
        return journeys + _to_come(len(batches), expected)

    def _newest(self, dag_id: str) -> dict[str, Run]:
        found: dict[str, Run] = {}
        for run in self._airflow.runs(dag_id):
            if run.partition_key:
                found.setdefault(run.partition_key, run)
        return found


def _failures(stage: Stage, verdicts: Sequence[GateVerdict]) -> dict[str, str]:
    """Return why a gate stopped each batch that got no further than a stage."""
    failures: dict[str, list[str]] = {}
    for verdict in stopped_at(stage, verdicts):
        failures.setdefault(verdict.batch_id, []).extend(verdict.failures)
    return {batch_id: "\n".join(sentences) for batch_id, sentences in failures.items()}


def _to_come(there: int, expected: int) -> list[Journey]:
    steps = {stage: Step(Progress.WAITING) for stage in Stage}
    return [Journey(batch_name(n), steps) for n in range(there + 1, expected + 1)]


def raw_step(batch: RawBatch) -> Step:
    """Return how a batch is doing in RAW."""
    if batch.state is BatchState.REJECTED:
        return Step(Progress.STOPPED, why=batch.reason)
    if batch.state is BatchState.LOADED:
        return Step(Progress.RUNNING, f"{batch.rows:,} rows")
    aside = f", {batch.quarantined_rows:,} aside" if batch.quarantined_rows else ""
    return Step(Progress.DONE, f"{batch.rows:,} rows{aside}")


def clean_step(batch: CleanBatch | None, run: Run | None) -> Step:
    """Return how a batch is doing in CLEAN."""
    if batch and batch.state is BatchState.REJECTED:
        return Step(Progress.STOPPED, why=batch.reason, run=run)
    if batch and batch.state is BatchState.ACCEPTED:
        return Step(Progress.DONE, f"{batch.clean_rows:,} rows", run=run)
    return at_work(run)


def training_step(candidate: Candidate | None, run: Run | None, stopped: str | None) -> Step:
    """Return how the training on a batch is doing."""
    if candidate:
        text = f"{candidate.family}, version {candidate.version}"
        return Step(Progress.DONE, text, run=run)
    return Step(Progress.STOPPED, why=stopped, run=run) if stopped else at_work(run)


def promotion_step(verdict: Promotion | None, run: Run | None, stopped: str | None) -> Step:
    """Return how the promotion of a batch's challenger is doing.

    A verdict is carried out after it was taken, so only the end of its run is the end.
    """
    if verdict and run and run.state == "success":
        return Step(Progress.DONE, verdict.verdict, run=run)
    if verdict and not (run and run.state == "failed"):
        return Step(Progress.RUNNING, verdict.verdict, run=run)
    return Step(Progress.STOPPED, why=stopped, run=run) if stopped else at_work(run)


def at_work(run: Run | None) -> Step:
    """Return how a batch is doing where no ledger knows it yet."""
    if run is None or run.state == "queued":
        return Step(Progress.WAITING, run=run)
    if run.state == "failed":
        return Step(Progress.FAILED, run=run)
    return Step(Progress.RUNNING, run=run)


Trouble = tuple[str, Stage, Step]
"""Batch, where, and how it was stopped."""


def troubles(journeys: Sequence[Journey]) -> list[Trouble]:
    """Return what was stopped on the way."""
    return [
        (journey.batch_id, *journey.trouble) for journey in journeys if journey.trouble is not None
    ]
