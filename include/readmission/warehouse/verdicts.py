"""What every gate said of every batch, kept in the database whose rows it looked at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row


@dataclass(frozen=True)
class GateVerdict:
    """The last word of one gate on one batch.

    Parameters
    ----------
    batch_id, gate : str
        Which batch, and which gate: ``raw``, ``clean``, ``training``, ``predictions``.
    passed : bool
        Whether the batch went through.
    expectations : int
        How many were evaluated.
    failures : list of str
        One sentence for each that was not met, warnings included.
    seconds : float
        How long the gate took, report included.
    report : str
        Key of the report in the bucket of the data docs.
    """

    batch_id: str
    gate: str
    passed: bool
    expectations: int
    failures: Sequence[str]
    seconds: float
    report: str
    decided_at: datetime | None = None


class VerdictLog:
    """The gate verdicts of one database; every method is one transaction."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection

    def record(self, verdict: GateVerdict) -> None:
        """Store a verdict in place of an earlier one of the same gate on the same batch."""
        with self.connection.transaction():
            self.connection.execute(
                _UPSERT,
                (
                    verdict.batch_id,
                    verdict.gate,
                    verdict.passed,
                    verdict.expectations,
                    list(verdict.failures),
                    verdict.seconds,
                    verdict.report,
                ),
            )

    def verdicts(self) -> list[GateVerdict]:
        """Return all verdicts, in order of batches and gates."""
        with (
            self.connection.transaction(),
            self.connection.cursor(row_factory=class_row(GateVerdict)) as cursor,
        ):
            return cursor.execute(
                "SELECT * FROM gate_verdict ORDER BY batch_id, decided_at"
            ).fetchall()


_UPSERT = """
INSERT INTO gate_verdict (batch_id, gate, passed, expectations, failures, seconds, report)
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (batch_id, gate) DO UPDATE SET
    (passed, expectations, failures, seconds, report, decided_at)
    = (EXCLUDED.passed, EXCLUDED.expectations, EXCLUDED.failures, EXCLUDED.seconds,
       EXCLUDED.report, now())
"""
