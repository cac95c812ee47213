"""Gate results as numbers.

The exporter does not read the sentences of a verdict, because they may quote values.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row

from readmission.domain.batch_ids import batch_number
from readmission.exporter.catalogue import (
    GATE_FAILED,
    GATE_PASSED,
    GATE_SECONDS,
    GATE_VERDICTS,
    Sample,
)
from readmission.quality import catalogue
from readmission.quality.catalogue import Database
from readmission.warehouse.verdicts import Status


@dataclass(frozen=True)
class GateResult:
    """The latest verdict of one gate on one batch, as numbers.

    Parameters
    ----------
    batch_id, gate : str
        The batch, and the name of the gate.
    passed : bool
        Whether the gate let the batch through.
    failed : int
        Expectations that were not met, warnings included.
    seconds : float
        How long the gate took.
    """

    batch_id: str
    gate: str
    passed: bool
    failed: int
    seconds: float

    @property
    def status(self) -> Status:
        """Passed, warned or failed."""
        return Status.of(passed=self.passed, unmet=self.failed)


def read(connection: psycopg.Connection) -> list[GateResult]:
    """Return the results of all gates whose verdicts one database holds."""
    with connection.cursor(row_factory=class_row(GateResult)) as cursor:
        return cursor.execute(
            "SELECT batch_id, gate, passed, failed, seconds FROM gate_result"
        ).fetchall()


def samples(results: Sequence[GateResult], database: Database) -> Iterator[Sample]:
    """Yield the samples of each gate that is declared for a database."""
    for gate in catalogue.GATES:
        if gate.database is database:
            yield from _gate_samples(gate.name, [one for one in results if one.gate == gate.name])


def _gate_samples(gate: str, results: Sequence[GateResult]) -> Iterator[Sample]:
    for status in Status:
        yield GATE_VERDICTS(sum(one.status is status for one in results), gate, status)
    if results:
        newest = max(results, key=lambda result: batch_number(result.batch_id))
        yield GATE_PASSED(newest.passed, gate)
        yield GATE_SECONDS(newest.seconds, gate)
        yield GATE_FAILED(newest.failed, gate)
