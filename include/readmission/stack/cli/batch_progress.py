"""Progress of each batch: the ledgers show finished stages, Airflow running and failed ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from readmission.domain.batch_ids import batch_name
from readmission.quality.catalogue import Stage, stopped_at
from readmission.stack.services.airflow_client import AirflowClient, DagRun
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
from readmission.warehouse.clean.skipped_trainings import SkippedTrainings
from readmission.warehouse.verdicts import GateVerdict, VerdictLog

INGESTION = "data_ingestion_batch"
PROCESSING = "data_processing_pipeline"
TRAINING = "model_training_pipeline"
PROMOTION = "model_promotion_pipeline"
CONSUMERS = (PROCESSING, TRAINING, PROMOTION)


class StageStatus(StrEnum):
    """Status of a batch at one stage; *stopped* by a gate, *failed* in a task."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True)
class StageProgress:
    """Progress of one batch at one stage.

    Parameters
    ----------
    status : StageStatus
        Its status at this stage.
    text : str
        The result in a few words, such as ``15,000 rows``.
    why : str
        Why a gate stopped it.
    run : DagRun, optional
        The latest run of the stage's DAG for this batch.
    """

    status: StageStatus
    text: str = ""
    why: str = ""
    run: DagRun | None = None


@dataclass(frozen=True)
class BatchProgress:
    """Progress of one batch at every stage, from the file to production."""

    batch_id: str
    stages: Mapping[Stage, StageProgress]

    @property
    def blocked_at(self) -> tuple[Stage, StageProgress] | None:
        """The stage at which the batch was stopped or failed, if any."""
        for stage, progress in self.stages.items():
            if progress.status in (StageStatus.STOPPED, StageStatus.FAILED):
                return stage, progress
        return None

    @property
    def is_finished(self) -> bool:
        """Whether the batch has passed the last stage, was stopped or failed."""
        arrived = self.stages[Stage.PROMOTION].status is StageStatus.DONE
        return arrived or self.blocked_at is not None

    @property
    def can_continue(self) -> bool:
        """Whether later stages will still run after the ingestion has ended."""
        return not self.is_finished and self.stages[Stage.RAW].status is StageStatus.DONE


class ProgressReader:
    """Reads the progress of all batches from the ledgers and from Airflow.

    Parameters
    ----------
    raw, clean : RawWarehouse, CleanWarehouse
        The ledgers.
    airflow : AirflowClient
        Its runs show which stages are running and which have failed.
    """

    def __init__(self, raw: RawWarehouse, clean: CleanWarehouse, airflow: AirflowClient) -> None:
        self._raw = raw
        self._clean = clean
        self._history = ModelHistory(clean.connection)
        self._airflow = airflow

    def read(self, expected: int = 0) -> list[BatchProgress]:
        """Return the progress of every batch, including batches that have not arrived yet.

        Parameters
        ----------
        expected : int
            How many batches there will be in total.
        """
        runs = self._newest_runs()
        clean = {batch.batch_id: batch for batch in self._clean.batches()}
        candidates = {c.batch_id: c for c in self._history.candidates()}
        verdicts = {
            (p.batch_id, p.challenger_version): p for p in self._history.promotions(figures=False)
        }
        gate_verdicts = VerdictLog(self._clean.connection).verdicts()
        untrainable = _failures(Stage.TRAINING, gate_verdicts)
        unpromotable = _failures(Stage.PROMOTION, gate_verdicts)
        skipped = SkippedTrainings(self._clean).batches() - candidates.keys()
        found, arrived = [], self._raw.batches()
        for raw in arrived:
            if raw.ends_here:
                continue
            key = raw.batch_id
            candidate = candidates.get(key)
            verdict = verdicts.get((key, candidate.version)) if candidate else None
            stages = {
                Stage.RAW: raw_progress(raw),
                Stage.CLEAN: clean_progress(clean.get(key), runs[PROCESSING].get(key)),
                Stage.TRAINING: training_progress(
                    candidate, runs[TRAINING].get(key), untrainable.get(key)
                ),
                Stage.PROMOTION: promotion_progress(
                    verdict, runs[PROMOTION].get(key), unpromotable.get(key)
                ),
            }
            if key in skipped:
                done = StageProgress(StageStatus.DONE, "skipped", run=runs[TRAINING].get(key))
                stages |= {Stage.TRAINING: done, Stage.PROMOTION: done}
            found.append(BatchProgress(key, stages))
        return found + _expected_batches(len(arrived), expected)

    def _newest_runs(self) -> dict[str, dict[str, DagRun]]:
        """Return the newest run of each batch, by DAG and batch."""
        found: dict[str, dict[str, DagRun]] = {dag_id: {} for dag_id in CONSUMERS}
        for run in self._airflow.runs(*CONSUMERS):
            if run.partition_key:
                found[run.dag_id].setdefault(run.partition_key, run)
        return found


def _failures(stage: Stage, verdicts: Sequence[GateVerdict]) -> dict[str, str]:
    """Return, for each batch that a gate stopped at a stage, the expectations that failed."""
    failures: dict[str, list[str]] = {}
    for verdict in stopped_at(stage, verdicts):
        failures.setdefault(verdict.batch_id, []).extend(verdict.failures)
    return {batch_id: "\n".join(sentences) for batch_id, sentences in failures.items()}


def _expected_batches(arrived: int, expected: int) -> list[BatchProgress]:
    stages = {stage: StageProgress(StageStatus.WAITING) for stage in Stage}
    return [BatchProgress(batch_name(n), stages) for n in range(arrived + 1, expected + 1)]


def raw_progress(batch: RawBatch) -> StageProgress:
    """Return the progress of a batch in RAW."""
    if batch.state is BatchState.REJECTED:
        return StageProgress(StageStatus.STOPPED, why=batch.reason)
    if batch.state is BatchState.LOADED:
        return StageProgress(StageStatus.RUNNING, f"{batch.rows:,} rows")
    counts = {"quarantined": batch.quarantined_rows, "repeated": batch.repeated_rows}
    parts = [f"{batch.rows:,} rows", *(f"{rows:,} {what}" for what, rows in counts.items() if rows)]
    return StageProgress(StageStatus.DONE, ", ".join(parts))


def clean_progress(batch: CleanBatch | None, run: DagRun | None) -> StageProgress:
    """Return the progress of a batch in CLEAN."""
    if batch and batch.state is BatchState.REJECTED:
        return StageProgress(StageStatus.STOPPED, why=batch.reason, run=run)
    if batch and batch.state is BatchState.ACCEPTED:
        return StageProgress(StageStatus.DONE, f"{batch.clean_rows:,} rows", run=run)
    return run_progress(run)


def training_progress(
    candidate: Candidate | None, run: DagRun | None, stopped: str | None
) -> StageProgress:
    """Return the progress of the training on a batch."""
    if candidate:
        text = f"{candidate.family}, version {candidate.version}"
        return StageProgress(StageStatus.DONE, text, run=run)
    return (
        StageProgress(StageStatus.STOPPED, why=stopped, run=run) if stopped else run_progress(run)
    )


def promotion_progress(
    verdict: Promotion | None, run: DagRun | None, stopped: str | None
) -> StageProgress:
    """Return the progress of the promotion of a batch's challenger.

    The DAG records its verdict before it acts on it, so the stage is done when the run succeeds.
    """
    if verdict and run and run.state == "success":
        return StageProgress(StageStatus.DONE, verdict.verdict, run=run)
    if verdict and not (run and run.state == "failed"):
        return StageProgress(StageStatus.RUNNING, verdict.verdict, run=run)
    return (
        StageProgress(StageStatus.STOPPED, why=stopped, run=run) if stopped else run_progress(run)
    )


def run_progress(run: DagRun | None) -> StageProgress:
    """Return the progress that a DAG run shows while no ledger has an entry."""
    if run is None or run.state == "queued":
        return StageProgress(StageStatus.WAITING, run=run)
    if run.state == "failed":
        return StageProgress(StageStatus.FAILED, run=run)
    return StageProgress(StageStatus.RUNNING, run=run)


BlockedStage = tuple[str, Stage, StageProgress]
"""Batch, the stage that blocked it, and its progress there."""


def blocked_stages(batches: Sequence[BatchProgress]) -> list[BlockedStage]:
    """Return the batches that were stopped or failed, each with the stage."""
    return [
        (batch.batch_id, *batch.blocked_at) for batch in batches if batch.blocked_at is not None
    ]
