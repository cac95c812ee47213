"""What all gates said of all batches, gathered from the ledgers of both databases."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

import pandas as pd

from readmission.errors import RowsLost
from readmission.warehouse import (
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
from readmission.warehouse.reconciliation import Account, account
from readmission.warehouse.states import batch_number
from readmission.warehouse.verdicts import GateVerdict, VerdictLog

GATES = ("raw", "clean", "training", "predictions")
"""The gates in the order in which a batch meets them."""


class Outcome(StrEnum):
    """A gate's word on a batch, as people read it."""

    PASS = "pass"  # noqa: S105
    WARN = "warn"
    FAIL = "fail"

    @classmethod
    def of(cls, verdict: GateVerdict) -> "Outcome":
        """Return the outcome of a verdict: let through with complaints is a warning."""
        if not verdict.passed:
            return cls.FAIL
        return cls.WARN if verdict.failures else cls.PASS


@dataclass(frozen=True)
class BatchLine:
    """One batch with what became of its rows and what each gate said.

    Parameters
    ----------
    raw : RawBatch
        Its line in RAW's ledger.
    clean : CleanBatch or None
        Its line in CLEAN's ledger, once it has one.
    verdicts : dict of str to GateVerdict
        By gate, of those that have looked at it.
    """

    raw: RawBatch
    clean: CleanBatch | None
    verdicts: dict[str, GateVerdict]

    @property
    def clean_rows(self) -> int:
        """Rows that have reached CLEAN."""
        return self.clean.clean_rows if self.clean else 0

    @property
    def outcomes(self) -> dict[str, Outcome]:
        """Outcome by gate."""
        return {gate: Outcome.of(verdict) for gate, verdict in self.verdicts.items()}


@dataclass(frozen=True)
class Overview:
    """Everything the site's own pages show.

    Parameters
    ----------
    lines : sequence of BatchLine
        Newest first.
    quarantine : sequence of QuarantinedRow
        Newest batch first, whatever has been decided about a row.
    decisions : mapping of (str, int) to list of Decision
        All that was ever decided about a row, by batch and source row.
    drift : DataFrame, shape (columns, batches)
        Population stability indices, the farthest column first; empty before the first
        model is in production.
    account : Account or None
        Where all encounters are; None if some are nowhere.
    lost : str
        What does not add up, else empty.
    """

    lines: Sequence[BatchLine] = ()
    quarantine: Sequence[QuarantinedRow] = ()
    decisions: Mapping[tuple[str, int], Sequence[Decision]] = field(default_factory=dict)
    drift: pd.DataFrame = field(default_factory=pd.DataFrame)
    account: Account | None = None
    lost: str = ""

    @classmethod
    def gather(cls, raw: RawWarehouse, clean: CleanWarehouse) -> Self:
        """Read both databases; rows that are nowhere are told, not raised."""
        cleaned = {batch.batch_id: batch for batch in clean.batches()}
        verdicts = [
            *VerdictLog(raw.connection).verdicts(),
            *VerdictLog(clean.connection).verdicts(),
        ]
        lines = [
            BatchLine(batch, cleaned.get(batch.batch_id), _of_batch(batch.batch_id, verdicts))
            for batch in raw.batches()
        ]
        quarantine = sorted(
            Quarantine(raw.connection).rows(),
            key=lambda row: (-batch_number(row.batch_id), row.source_row),
        )
        decisions = _by_row(DecisionLog(raw.connection).decisions())
        drift = by_column(DriftLog(clean.connection).history())
        known = lines[::-1], quarantine, decisions, drift
        try:
            return cls(*known, account(raw, clean))
        except RowsLost as lost:
            return cls(*known, lost=str(lost))

    @property
    def is_synthetic(self) -> bool:
        """Whether some encounters are made up."""
        return any(line.raw.origin == "synthetic" for line in self.lines)

    @property
    def totals(self) -> dict[str, int]:
        """Encounters by where they are; all but the first add up to the first."""
        if self.account is None:
            return {}
        return {
            "Rows in": self.account.arrived,
            "Clean": self.account.clean,
            "In quarantine": self.account.quarantined,
            "Waived": self.account.waived,
            "Rejected": self.account.rejected,
            "On the way": self.account.on_the_way,
        }


def by_column(history: pd.DataFrame) -> pd.DataFrame:
    """Return the history of drift as one row a column and one column a batch.

    Parameters
    ----------
    history : DataFrame
        ``batch_id``, ``column`` and ``psi``.
    """
    wide = history.pivot_table(index="column", columns="batch_id", values="psi")
    farthest = wide.max(axis=1).sort_values(ascending=False, kind="stable").index
    return wide.loc[farthest, sorted(wide.columns, key=batch_number)]


def _by_row(decisions: Iterable[Decision]) -> dict[tuple[str, int], list[Decision]]:
    rows: dict[tuple[str, int], list[Decision]] = defaultdict(list)
    for decision in decisions:
        rows[decision.batch_id, decision.source_row].append(decision)
    return dict(rows)


def _of_batch(batch_id: str, verdicts: Iterable[GateVerdict]) -> dict[str, GateVerdict]:
    return {verdict.gate: verdict for verdict in verdicts if verdict.batch_id == batch_id}
