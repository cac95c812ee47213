"""Runs the gates: each checks a batch, stores a verdict and a report, and stops a bad batch.

A gate reads what is stored, not what the previous task meant to store. It raises `GateFailed`,
which Airflow does not retry, when the batch must stop. `catalogue` declares the gates.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from readmission.domain import schema
from readmission.domain.cleaning import parse
from readmission.domain.plausibility import judged
from readmission.errors import GateError, GateFailed
from readmission.modelling.evaluation.metrics import SOON
from readmission.modelling.model import PROBABILITY_COLUMNS
from readmission.quality import catalogue
from readmission.quality.catalogue import Gate
from readmission.quality.checkpoint import check
from readmission.quality.drift_warnings import add_drift_warnings
from readmission.quality.suites import SHARES_NEED_ROWS
from readmission.quality.verdict import Reason, TooManyBadRows, Verdict
from readmission.warehouse import BatchState, CleanBatch, CleanWarehouse, RawBatch, RawWarehouse
from readmission.warehouse.raw.corrections import Corrections, Difference, Rule
from readmission.warehouse.raw.other_spellings import mark_other_spellings
from readmission.warehouse.raw.repeated_rows import RepeatedRows
from readmission.warehouse.verdicts import GateVerdict, VerdictLog

Warehouse = RawWarehouse | CleanWarehouse
Publish = Callable[[Path, str], object]
"""Uploads a gate's reports; called with their folder and the gate's name."""
OnVerdict = Callable[[Verdict, bool], object]


@dataclass(frozen=True)
class Gatekeeper:
    """Runs gates and publishes their reports.

    Parameters
    ----------
    docs_dir : Path
        Folder for the reports of all gates.
    publish : callable
        Called at the end of every gate, after the verdict is stored, whether or not the batch
        passed.
    on_verdict : callable
        Called as soon as the verdict is stored.
    """

    docs_dir: Path
    publish: Publish
    on_verdict: OnVerdict = lambda _verdict, _passed: None

    def raw(
        self,
        warehouse: RawWarehouse,
        batch_id: str,
        quarantine_limit: float,
        corrections: Rule = "hold",
    ) -> RawBatch:
        """Accept a RAW batch and quarantine its bad rows, or reject the whole batch.

        Parameters
        ----------
        warehouse : RawWarehouse
            Holds the batch.
        batch_id : str
            The batch.
        quarantine_limit : float
            Share of bad rows, 0 to 1, above which the batch is rejected.
        corrections : str
            Whether to ``hold`` corrections until a person decides, or to ``accept`` them.

        Raises
        ------
        GateFailed
            If an expectation about the whole batch fails, or too many rows are bad.
        """
        with warehouse.gating():
            return self._raw(warehouse, batch_id, quarantine_limit, corrections)

    def _raw(
        self, warehouse: RawWarehouse, batch_id: str, quarantine_limit: float, rule: Rule
    ) -> RawBatch:
        started = perf_counter()
        batch = _compared(warehouse, batch_id)
        if batch.rows and (remarks := _nothing_new(batch)):
            nothing = pd.DataFrame({"source_row": [], "reasons": []})
            return warehouse.accept(batch_id, nothing, remarks=remarks)
        arrived = warehouse.read(batch_id, repeated=False).set_index("source_row")
        corrections = _corrections(warehouse, batch, rule)
        held = {one.source_row: one.earlier_batch for one in corrections if not one.is_accepted}
        arrived["earlier_batch"] = pd.Series(held, arrived.index, dtype=object)
        missing_before = (
            warehouse.missing_before(batch_id, SHARES_NEED_ROWS)
            if len(arrived) >= SHARES_NEED_ROWS
            else None
        )
        suite = catalogue.RAW.expectations(missing_before)
        rows = judged(parse(arrived))
        verdict = check(catalogue.RAW.name, batch_id, rows, suite, self.docs_dir, arrived)
        reasons: list[Reason] = [*verdict.batch_failures]
        # The limit is a share of the delivery: one bad row among few new ones must not reject it.
        delivered = len(arrived) + batch.repeated_rows
        if verdict.bad_rows > quarantine_limit * delivered:
            bad_rows = f"{verdict.bad_rows} of {delivered} rows are bad"
            limit = f"{bad_rows}, more than the limit of {quarantine_limit:.1%}"
            reasons.append(TooManyBadRows(limit, verdict.critical))
        with self._concluded(catalogue.RAW, warehouse, verdict, started, reasons):
            bad = verdict.row_reasons()
            good = [one for one in corrections if one.source_row not in set(bad["source_row"])]
            waiting = [(one.source_row, [one.reason]) for one in good if not one.is_accepted]
            aside = pd.concat([bad, pd.DataFrame(waiting, columns=bad.columns)])
            return warehouse.accept(batch_id, aside, good)

    def clean(self, warehouse: CleanWarehouse, batch_id: str) -> CleanBatch:
        """Accept a CLEAN batch for training, or reject it; strong drift only warns.

        Raises
        ------
        GateFailed
            If a row was lost, or a value is missing or out of range.
        """
        started = perf_counter()
        with warehouse.unchanged():
            batch = warehouse.batch(batch_id)
            rows = warehouse.read_batch(batch_id).set_index("source_row")
        counts = batch.raw_rows, batch.quarantined_rows, batch.erased_rows, batch.repeated_rows
        suite = catalogue.CLEAN.expectations(*counts)
        verdict = check(catalogue.CLEAN.name, batch_id, rows, suite, self.docs_dir)
        with self._concluded(catalogue.CLEAN, warehouse, verdict, started, verdict.critical):
            add_drift_warnings(warehouse, batch_id)
            return warehouse.accept(batch_id)

    def training(self, warehouse: CleanWarehouse, batch_id: str, rows: pd.DataFrame) -> None:
        """Check that a training set has no test row, each patient in one split, and all classes.

        Parameters
        ----------
        warehouse : CleanWarehouse
            Holds the split of every patient.
        batch_id : str
            The newest batch of the set.
        rows : DataFrame
            The set, as the models will get it.

        Raises
        ------
        GateFailed
            If no model may be trained on the set.
        """
        splits = warehouse.patient_splits()
        checked = rows.assign(patient_part=rows[schema.PATIENT].map(splits))
        self.require(catalogue.TRAINING, warehouse, batch_id, checked)

    def predictions(
        self,
        warehouse: CleanWarehouse,
        batch_id: str,
        predictions: pd.DataFrame,
        outcomes: npt.NDArray[np.integer],
        metrics: dict[str, float],
        suspects: str = "",
    ) -> None:
        """Check a challenger's predictions for the test rows.

        Parameters
        ----------
        warehouse : CleanWarehouse
            Stores the verdict.
        batch_id : str
            The batch whose training produced the challenger.
        predictions : DataFrame
            ``prediction`` and one probability per class for each test row.
        outcomes : ndarray of int
            The true class codes of those rows.
        metrics : dict
            The challenger's metrics on those rows.
        suspects : str
            The columns that explain metrics above the limits of a leak.

        Raises
        ------
        GateFailed
            If a probability is out of range, a class is never predicted, or a metric is too
            good to be true.
        """
        checked = predictions.assign(
            probability_sum=predictions[list(PROBABILITY_COLUMNS)].sum(axis=1),
            weighted_f1=metrics["weighted_f1"],
            auroc_under_30=metrics["auroc_under_30"],
        )
        facts = len(predictions), int((outcomes == SOON).sum()), suspects
        self.require(catalogue.PREDICTIONS, warehouse, batch_id, checked, *facts)

    def require(
        self, gate: Gate, warehouse: Warehouse, batch_id: str, rows: pd.DataFrame, *facts: Any
    ) -> None:
        """Run a gate that passes a batch unless a critical expectation fails.

        Parameters
        ----------
        gate : Gate
            The gate.
        warehouse : RawWarehouse or CleanWarehouse
            Stores the verdict.
        batch_id : str
            The batch.
        rows : DataFrame
            The rows to check.
        *facts
            Arguments of the gate's suite.

        Raises
        ------
        BatchNotFound
            If the ledger of the warehouse does not contain the batch.
        GateFailed
            With one sentence for each critical expectation that failed.
        """
        started = perf_counter()
        warehouse.batch(batch_id)
        verdict = check(gate.name, batch_id, rows, gate.expectations(*facts), self.docs_dir)
        with self._concluded(gate, warehouse, verdict, started, verdict.critical):
            pass

    @contextmanager
    def _concluded(
        self,
        gate: Gate,
        warehouse: Warehouse,
        verdict: Verdict,
        started: float,
        reasons: Sequence[Reason],
    ) -> Iterator[None]:
        """Store and publish the verdict; stop the batch if there are reasons, or run the block."""
        _record(gate, warehouse, verdict, started, passed=not reasons)
        self.on_verdict(verdict, not reasons)
        if reasons:
            if gate.stage in catalogue.STAGES_WITH_LEDGER:
                warehouse.reject(verdict.batch_id, [reason.sentence for reason in reasons])
            self.publish(verdict.site, gate.name)
            raise GateFailed(gate.name, verdict.batch_id, [each.summary for each in reasons])
        yield
        self.publish(verdict.site, gate.name)


def _compared(warehouse: RawWarehouse, batch_id: str) -> RawBatch:
    """Return a batch after marking its repeated rows; an accepted batch keeps its marks."""
    if warehouse.batch(batch_id).state is not BatchState.ACCEPTED:
        RepeatedRows(warehouse.connection).mark(batch_id)
        mark_other_spellings(warehouse.connection, batch_id)
    return warehouse.batch(batch_id)


def _corrections(warehouse: RawWarehouse, batch: RawBatch, rule: Rule) -> list[Difference]:
    """Return the corrections of a batch; an accepted batch keeps its own."""
    found, is_known = Corrections(warehouse.connection), batch.state is BatchState.ACCEPTED
    return found.of_batch(batch.batch_id) if is_known else found.find(batch.batch_id, rule)


def _nothing_new(batch: RawBatch) -> list[str]:
    """Return why a batch has no row to check, or an empty list if it has one."""
    if batch.erased_rows + batch.repeated_rows < batch.rows:
        return []
    counts = (
        f"{batch.repeated_rows:,} had arrived before" if batch.repeated_rows else "",
        f"{batch.erased_rows:,} are rows of erased patients" if batch.erased_rows else "",
    )
    return [f"none of the {batch.rows:,} rows is new: {' and '.join(filter(None, counts))}"]


def _record(
    gate: Gate, warehouse: Warehouse, verdict: Verdict, started: float, *, passed: bool
) -> None:
    if warehouse.ledger_name.lower() != gate.database:
        raise GateError(
            f"gate {gate.name!r} is declared for {gate.database.upper()}, but it was run with"
            f" {warehouse.ledger_name}"
        )
    VerdictLog(warehouse.connection).record(
        GateVerdict(
            batch_id=verdict.batch_id,
            gate=gate.name,
            passed=passed,
            expectations=verdict.evaluated,
            failures=verdict.sentences(passed=passed),
            seconds=perf_counter() - started,
            report=verdict.report,
        )
    )
