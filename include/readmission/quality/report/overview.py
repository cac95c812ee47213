"""The overview of all batches and gates, read from RAW and CLEAN."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import pandas as pd

from readmission.domain.batch_ids import batch_number
from readmission.errors import RowsLost
from readmission.warehouse import (
    BatchState,
    CleanBatch,
    CleanWarehouse,
    Decision,
    DecisionLog,
    Quarantine,
    QuarantinedRow,
    RawBatch,
    RawWarehouse,
)
from readmission.warehouse.clean.drift_log import DriftLog
from readmission.warehouse.raw.corrections import Correction, Corrections
from readmission.warehouse.raw.known_files import KnownFiles
from readmission.warehouse.reconciliation import Account, account
from readmission.warehouse.sql.gate_warnings import GateWarning, GateWarnings
from readmission.warehouse.verdicts import NOT_RUN, GateVerdict, VerdictLog


@dataclass(frozen=True)
class BatchQuality:
    """One batch: its ledger entries, and the verdict of each gate that has checked it.

    Parameters
    ----------
    raw : RawBatch
        Its entry in RAW's ledger.
    clean : CleanBatch or None
        Its entry in CLEAN's ledger, once there is one.
    verdicts : dict of str to GateVerdict
        By the gate's name; gates that have not checked the batch are missing.
    file : str, optional
        Name of the source file; None for a replay, or if the file has not been read since 0.2.0.
    acknowledged : mapping of (str, str) to GateWarning
        The acknowledged warnings by the gate's name and the sentence.
    """

    raw: RawBatch
    clean: CleanBatch | None
    verdicts: dict[str, GateVerdict]
    file: str | None = None
    acknowledged: Mapping[tuple[str, str], GateWarning] = field(default_factory=dict)

    def known(self, gate: str) -> int:
        """Return how many warnings of a gate somebody acknowledged."""
        return sum(name == gate for name, _ in self.acknowledged)

    @property
    def is_accepted(self) -> bool:
        """Whether models are trained on the batch."""
        return self.clean is not None and self.clean.state is BatchState.ACCEPTED

    @property
    def clean_rows(self) -> int:
        """Rows that have reached CLEAN."""
        return self.clean.clean_rows if self.clean else 0

    def status(self, gate: str) -> str:
        """Return the status of the batch at a gate, or `NOT_RUN`."""
        return self.verdicts[gate].status if gate in self.verdicts else NOT_RUN


@dataclass(frozen=True)
class Overview:
    """Everything that the site's own pages show.

    Parameters
    ----------
    batches : sequence of BatchQuality
        Newest first.
    quarantine : sequence of QuarantinedRow
        Every row that was ever quarantined, newest batch first.
    decisions : mapping of (str, int) to list of Decision
        All decisions about a row, by batch and source row.
    corrections : sequence of Correction
        Rows that differ from an earlier row of the same encounter, newest batch first.
    warnings : sequence of GateWarning
        Each warning once, as the newest batch that has it.
    drift : DataFrame, shape (columns, batches)
        Population stability indices; the column that drifted farthest comes first. Empty until
        a model is in production.
    account : Account or None
        Where all encounters are; None if some are lost.
    lost : str
        Which rows are lost; empty if none are.
    """

    batches: Sequence[BatchQuality] = ()
    quarantine: Sequence[QuarantinedRow] = ()
    decisions: Mapping[tuple[str, int], Sequence[Decision]] = field(default_factory=dict)
    corrections: Sequence[Correction] = ()
    warnings: Sequence[GateWarning] = ()
    drift: pd.DataFrame = field(default_factory=pd.DataFrame)
    account: Account | None = None
    lost: str = ""

    @classmethod
    def gather(cls, raw: RawWarehouse, clean: CleanWarehouse) -> Self:
        """Read RAW and CLEAN; lost rows are reported, not raised."""
        cleaned = {batch.batch_id: batch for batch in clean.batches()}
        verdicts = _verdicts_by_batch(
            [*VerdictLog(raw.connection).verdicts(), *VerdictLog(clean.connection).verdicts()]
        )
        files = KnownFiles(raw.connection).by_content()
        acknowledged = _acknowledged(raw, clean)
        batches = [
            BatchQuality(
                batch,
                cleaned.get(batch.batch_id),
                verdicts.get(batch.batch_id, {}),
                files.get(batch.content_sha256),
                acknowledged.get(batch.batch_id, {}),
            )
            for batch in raw.batches()
        ]
        numbers = {batch.raw.batch_id: batch.raw.number for batch in batches}
        quarantine = sorted(
            Quarantine(raw.connection).rows(),
            key=lambda row: (-numbers[row.batch_id], row.source_row),
        )
        decisions = _decisions_by_row(DecisionLog(raw.connection).decisions())
        drift = by_column(DriftLog(clean.connection).history())
        corrections = Corrections(raw.connection).all()
        warnings = _newest_warnings(raw, clean)
        gathered = batches[::-1], quarantine, decisions, corrections, warnings, drift
        try:
            return cls(*gathered, account(raw, clean))
        except RowsLost as lost:
            return cls(*gathered, lost=str(lost))

    @property
    def is_synthetic(self) -> bool:
        """Whether some of the encounters are synthetic."""
        return any(batch.raw.origin == "synthetic" for batch in self.batches)

    @property
    def totals(self) -> dict[str, int]:
        """The number of encounters in each place; the first number is the sum of the others."""
        if self.account is None:
            return {}
        return {
            "Arrived": self.account.arrived,
            "Clean": self.account.clean,
            "In quarantine": self.account.quarantined,
            "Waived": self.account.waived,
            "Rejected": self.account.rejected,
            "In progress": self.account.in_progress,
            "Repeated": self.account.repeated,
            "Superseded": self.account.superseded,
            "Erased": self.account.erased,
        }


def by_column(history: pd.DataFrame) -> pd.DataFrame:
    """Return the drift history as a table with one row per column and one column per batch.

    Parameters
    ----------
    history : DataFrame
        ``batch_id``, ``column`` and ``psi``.
    """
    wide = history.pivot_table(index="column", columns="batch_id", values="psi")
    farthest = wide.max(axis=1).sort_values(ascending=False, kind="stable").index
    return wide.loc[farthest, sorted(wide.columns, key=batch_number)]


def _decisions_by_row(decisions: Iterable[Decision]) -> dict[tuple[str, int], list[Decision]]:
    rows: dict[tuple[str, int], list[Decision]] = defaultdict(list)
    for decision in decisions:
        rows[decision.batch_id, decision.source_row].append(decision)
    return dict(rows)


def _acknowledged(
    raw: RawWarehouse, clean: CleanWarehouse
) -> dict[str, dict[tuple[str, str], GateWarning]]:
    batches: dict[str, dict[tuple[str, str], GateWarning]] = defaultdict(dict)
    for warehouse in (raw, clean):
        for one in GateWarnings(warehouse.connection).acknowledged():
            batches[one.batch_id][one.gate, one.sentence] = one
    return dict(batches)


def _newest_warnings(raw: RawWarehouse, clean: CleanWarehouse) -> list[GateWarning]:
    """Return each warning once: open ones first, then acknowledged ones, then those that are over.

    Among these, warnings of the newest batches are first.
    """
    found = [one for store in (raw, clean) for one in GateWarnings(store.connection).newest()]
    return sorted(found, key=lambda one: (one.over, one.acknowledged, -batch_number(one.batch_id)))


def _verdicts_by_batch(verdicts: Iterable[GateVerdict]) -> dict[str, dict[str, GateVerdict]]:
    batches: dict[str, dict[str, GateVerdict]] = defaultdict(dict)
    for verdict in verdicts:
        batches[verdict.batch_id][verdict.gate] = verdict
    return dict(batches)
