"""Each gate's verdict on each batch, stored in the database whose rows the gate checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import psycopg
from psycopg.rows import class_row

from readmission.errors import BatchNotFound


class Status(StrEnum):
    """The status of a batch at a gate.

    The values are public: the exporter's label ``verdict``, the quality summary that the API
    serves and the CSS classes of the report pages all use them.
    """

    PASSED = "passed"
    WARNED = "warned"
    FAILED = "failed"

    @classmethod
    def of(cls, *, passed: bool, unmet: int) -> "Status":
        """Return the status: passed with unmet expectations means warned."""
        if not passed:
            return cls.FAILED
        return cls.WARNED if unmet else cls.PASSED


NOT_RUN = "none"
"""Used in place of a status if a gate has not checked the batch."""
MARKS = {Status.PASSED: "✓", Status.WARNED: "!", Status.FAILED: "✗", NOT_RUN: "–"}
"""A sign for each status that needs no colour."""


@dataclass(frozen=True)
class GateVerdict:
    """The latest verdict of one gate on one batch.

    Parameters
    ----------
    batch_id, gate : str
        The batch, and the name of the gate.
    passed : bool
        Whether the gate let the batch through.
    expectations : int
        How many expectations were evaluated.
    failures : list of str
        One sentence for each expectation that was not met, warnings included.
    seconds : float
        How long the gate took, including its report.
    report : str
        Key of the report in the data docs bucket.
    decided_at : datetime, optional
        When the verdict was stored.
    """

    batch_id: str
    gate: str
    passed: bool
    expectations: int
    failures: Sequence[str]
    seconds: float
    report: str
    decided_at: datetime | None = None

    @property
    def status(self) -> Status:
        """Passed, warned or failed."""
        return Status.of(passed=self.passed, unmet=len(self.failures))


class VerdictLog:
    """The gate verdicts in one database; each method is one transaction."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection

    def record(self, verdict: GateVerdict) -> None:
        """Store a verdict; it replaces the same gate's earlier verdict on the same batch.

        Raises
        ------
        BatchNotFound
            If the ledger of this database does not contain the batch.
        """
        with self.connection.transaction():
            stored = self.connection.execute(
                _UPSERT,
                (
                    verdict.batch_id,
                    verdict.gate,
                    verdict.passed,
                    verdict.expectations,
                    list(verdict.failures),
                    verdict.seconds,
                    verdict.report,
                    verdict.batch_id,
                ),
            )
            if not stored.rowcount:
                raise BatchNotFound(verdict.batch_id, f"{verdict.gate} gate's")

    def verdicts(self) -> list[GateVerdict]:
        """Return the verdicts on all batches of the ledger, ordered by batch and then by time."""
        with (
            self.connection.transaction(),
            self.connection.cursor(row_factory=class_row(GateVerdict)) as cursor,
        ):
            return cursor.execute(
                "SELECT v.* FROM gate_verdict v JOIN batch USING (batch_id)"
                " ORDER BY v.batch_id, v.decided_at"
            ).fetchall()


_UPSERT = """
INSERT INTO gate_verdict (batch_id, gate, passed, expectations, failures, seconds, report)
SELECT %s, %s, %s, %s, %s, %s, %s WHERE EXISTS (SELECT FROM batch WHERE batch_id = %s)
ON CONFLICT (batch_id, gate) DO UPDATE SET
    (passed, expectations, failures, seconds, report, decided_at)
    = (EXCLUDED.passed, EXCLUDED.expectations, EXCLUDED.failures, EXCLUDED.seconds,
       EXCLUDED.report, now())
"""
