"""The four gates of the pipeline: each stops what must not go on, and says why.

Every gate reads what is stored, not what was meant to be stored; leaves a report and a
verdict; and raises `GateFailed`, which is not retried, when the batch must stop.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
import numpy.typing as npt
import pandas as pd

from readmission.domain import schema
from readmission.domain.cleaning import parse
from readmission.domain.plausibility import judged
from readmission.errors import GateFailed
from readmission.modelling.evaluation import SOON
from readmission.modelling.model import PROBABILITY_COLUMNS
from readmission.quality import suites
from readmission.quality.checkpoint import check
from readmission.quality.verdict import Verdict
from readmission.warehouse import CleanBatch, CleanWarehouse, RawBatch, RawWarehouse
from readmission.warehouse.clean.drift_log import DriftLog
from readmission.warehouse.verdicts import GateVerdict, VerdictLog

Publish = Callable[[Path, str], object]
"""Puts reports where people read them; called with the folder and the gate's name."""


@dataclass(frozen=True)
class Gatekeeper:
    """Runs gates and keeps their reports.

    Parameters
    ----------
    docs_dir : Path
        Folder in which reports are written.
    publish : callable
        Called at the end of every gate, whatever its verdict, when that is stored.
    """

    docs_dir: Path
    publish: Publish

    def raw(self, warehouse: RawWarehouse, batch_id: str, quarantine_limit: float) -> RawBatch:
        """Accept a RAW batch and quarantine its bad rows, or reject it as a whole.

        Parameters
        ----------
        warehouse : RawWarehouse
            Where the batch is.
        batch_id : str
            The batch.
        quarantine_limit : float
            Share of bad rows, 0 to 1, above which the batch is rejected.

        Raises
        ------
        GateFailed
            If the batch as a whole breaks its contract, or too many rows do.
        """
        started = perf_counter()
        arrived = warehouse.read(batch_id).set_index("source_row")
        earlier = warehouse.repeated(batch_id).set_index("source_row")["earlier_batch"]
        arrived["earlier_batch"] = earlier.reindex(arrived.index)
        has_shares = len(arrived) >= suites.SHARES_NEED_ROWS
        suite = suites.raw_suite(warehouse.missing_before(batch_id) if has_shares else None)
        verdict = check("raw", batch_id, judged(parse(arrived)), suite, self.docs_dir, arrived)
        stops = list(verdict.stops)
        if verdict.bad_rows > quarantine_limit * len(arrived):
            stops.append(
                f"{verdict.bad_rows} of {len(arrived)} rows are bad, more than the limit of"
                f" {quarantine_limit:.1%}: " + "; ".join(f.sentence for f in verdict.critical)
            )
        with self._published(verdict):
            _record(VerdictLog(warehouse.connection), verdict, started, passed=not stops)
            if stops:
                warehouse.reject(batch_id, stops)
                raise GateFailed("raw", batch_id, stops)
            return warehouse.accept(batch_id, verdict.reasons())

    def clean(self, warehouse: CleanWarehouse, batch_id: str) -> CleanBatch:
        """Accept a CLEAN batch for training, or reject it; strong drift only warns.

        Raises
        ------
        GateFailed
            If a row was lost, a value is missing or out of range.
        """
        started = perf_counter()
        batch = warehouse.batch(batch_id)
        rows = warehouse.read_batch(batch_id).set_index("source_row")
        suite = suites.clean_suite(batch.raw_rows, batch.quarantined_rows)
        verdict = check("clean", batch_id, rows, suite, self.docs_dir).warned(
            f"{a.column} has drifted: PSI {a.psi:.2f} against the rows of version"
            f" {a.reference_version}"
            for a in DriftLog(warehouse.connection).alarms(batch_id)
        )
        with self._published(verdict):
            _record(VerdictLog(warehouse.connection), verdict, started)
            try:
                verdict.require()
            except GateFailed as failed:
                warehouse.reject(batch_id, failed.failures)
                raise
            return warehouse.accept(batch_id)

    def training(self, warehouse: CleanWarehouse, batch_id: str, rows: pd.DataFrame) -> None:
        """Let a training set through: no test row, no patient in two parts, all classes.

        Parameters
        ----------
        warehouse : CleanWarehouse
            Holds the part of every patient.
        batch_id : str
            The newest batch of the set.
        rows : DataFrame
            The set, as the models will get it.

        Raises
        ------
        GateFailed
            If the set must not be trained on.
        """
        started = perf_counter()
        parts = warehouse.patient_parts()
        looked_at = rows.assign(patient_part=rows[schema.PATIENT].map(parts))
        suite = suites.training_suite()
        verdict = check("training", batch_id, looked_at, suite, self.docs_dir)
        with self._published(verdict):
            _record(VerdictLog(warehouse.connection), verdict, started)
            verdict.require()

    def predictions(
        self,
        warehouse: CleanWarehouse,
        batch_id: str,
        answers: pd.DataFrame,
        outcomes: npt.NDArray[np.integer],
        metrics: dict[str, float],
    ) -> None:
        """Let a challenger's answers on the test part through.

        Parameters
        ----------
        warehouse : CleanWarehouse
            Keeps the verdict.
        batch_id : str
            The batch that led to the challenger.
        answers : DataFrame
            ``prediction`` and one probability a class for each test row.
        outcomes : ndarray of int
            What happened to those rows, as class codes.
        metrics : dict
            The challenger's metrics on those rows.

        Raises
        ------
        GateFailed
            If probabilities are no probabilities, a class has vanished, or the figures
            are too good to be true.
        """
        started = perf_counter()
        looked_at = answers.assign(
            probability_sum=answers[list(PROBABILITY_COLUMNS)].sum(axis=1),
            weighted_f1=metrics["weighted_f1"],
            auroc_under_30=metrics["auroc_under_30"],
        )
        suite = suites.prediction_suite(len(answers), int((outcomes == SOON).sum()))
        verdict = check("predictions", batch_id, looked_at, suite, self.docs_dir)
        with self._published(verdict):
            _record(VerdictLog(warehouse.connection), verdict, started)
            verdict.require()

    @contextmanager
    def _published(self, verdict: Verdict) -> Iterator[None]:
        """Publish once the block has stored the verdict and acted on it."""
        try:
            yield
        except GateFailed:
            self.publish(verdict.site, verdict.gate)
            raise
        self.publish(verdict.site, verdict.gate)


def _record(
    log: VerdictLog, verdict: Verdict, started: float, *, passed: bool | None = None
) -> None:
    log.record(
        GateVerdict(
            batch_id=verdict.batch_id,
            gate=verdict.gate,
            passed=not verdict.critical if passed is None else passed,
            expectations=verdict.evaluated,
            failures=[failure.sentence for failure in verdict.failures],
            seconds=perf_counter() - started,
            report=verdict.report,
        )
    )
