"""What every gate said of every batch, kept in the database whose rows it looked at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from readmission.warehouse.sql.creating import create

_LOCK = 296_004
"""Advisory lock under which the tables are created."""


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

    def create_tables(self) -> None:
        """Create what is not there yet; safe to repeat and to race."""
        create(self.connection, _LOCK, "gate_verdict", (_TABLE, _VIEW))

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


_TABLE = sql.SQL("""
CREATE TABLE IF NOT EXISTS gate_verdict (
    batch_id text NOT NULL,
    gate text NOT NULL,
    passed boolean NOT NULL,
    expectations integer NOT NULL,
    failures text[] NOT NULL,
    seconds double precision NOT NULL,
    report text NOT NULL,
    decided_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (batch_id, gate)
);
""")

_VIEW = sql.SQL("""
-- For whoever counts: the sentences of a verdict may quote values, so they stay out.
CREATE OR REPLACE VIEW gate_result AS
    SELECT batch_id, gate, passed, expectations, cardinality(failures) AS failed, seconds,
           decided_at
    FROM gate_verdict
""")

_UPSERT = """
INSERT INTO gate_verdict (batch_id, gate, passed, expectations, failures, seconds, report)
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (batch_id, gate) DO UPDATE SET
    (passed, expectations, failures, seconds, report, decided_at)
    = (EXCLUDED.passed, EXCLUDED.expectations, EXCLUDED.failures, EXCLUDED.seconds,
       EXCLUDED.report, now())
"""
