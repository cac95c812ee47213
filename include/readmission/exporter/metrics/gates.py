"""Gate results as numbers.

The exporter does not read the sentences of a verdict, because they may quote values.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from readmission.domain.batch_ids import batch_number, parse_batch_id
from readmission.exporter.catalogue import (
    GATE_ACKNOWLEDGED,
    GATE_FAILED,
    GATE_PASSED,
    GATE_SECONDS,
    GATE_VERDICTS,
    Sample,
)
from readmission.exporter.rows import RowReader, flag, measure, whole
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
    acknowledged : int
        How many of those somebody acknowledged.
    """

    batch_id: str
    gate: str
    passed: bool
    failed: int
    seconds: float
    acknowledged: int

    @property
    def status(self) -> Status:
        """Passed, warned or failed."""
        return Status.of(passed=self.passed, unmet=self.failed)


def read(connection: psycopg.Connection, rows: RowReader) -> list[GateResult]:
    """Return the results of all gates whose verdicts one database holds."""
    found = connection.execute(
        "SELECT batch_id, gate, passed, failed, seconds, acknowledged FROM gate_result"
    )
    return rows.keep("gate_verdict", found.fetchall(), _parse)


def _parse(row: tuple[Any, ...]) -> GateResult:
    batch_id, gate, passed, failed, seconds, acknowledged = row
    place = f"{gate} of {batch_id}"
    return GateResult(
        parse_batch_id(batch_id),
        gate,
        flag(passed, f"passed, {place},"),
        whole(failed, f"failed, {place},"),
        measure(seconds, f"seconds, {place},"),
        whole(acknowledged, f"acknowledged, {place},"),
    )


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
        yield GATE_ACKNOWLEDGED(newest.acknowledged, gate)
