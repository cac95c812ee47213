"""What the gates said, as far as it is figures: the sentences may quote values."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row

from readmission.exporter.catalogue import (
    GATE_FAILED,
    GATE_PASSED,
    GATE_SECONDS,
    GATE_VERDICTS,
    Sample,
)
from readmission.warehouse.states import batch_number

VERDICTS = ("pass", "warn", "fail")


@dataclass(frozen=True)
class GateResult:
    """The last word of one gate on one batch.

    Parameters
    ----------
    batch_id, gate : str
        Which batch, and which gate.
    passed : bool
        Whether the batch went through.
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
    def verdict(self) -> str:
        """One of `VERDICTS`."""
        if not self.passed:
            return "fail"
        return "warn" if self.failed else "pass"


def read(connection: psycopg.Connection) -> list[GateResult]:
    """Return what the gates of one database have said."""
    with connection.cursor(row_factory=class_row(GateResult)) as cursor:
        return cursor.execute(
            "SELECT batch_id, gate, passed, failed, seconds FROM gate_result"
        ).fetchall()


def stopped(results: Sequence[GateResult], gate: str) -> set[str]:
    """Return the batches that a gate stopped."""
    return {one.batch_id for one in results if one.gate == gate and not one.passed}


def show(results: Sequence[GateResult], gates: Sequence[str]) -> Iterator[Sample]:
    """Yield the verdicts of each of these gates, and the newest one in full."""
    for gate in gates:
        said = [result for result in results if result.gate == gate]
        for verdict in VERDICTS:
            yield GATE_VERDICTS(sum(one.verdict == verdict for one in said), gate, verdict)
        if said:
            newest = max(said, key=lambda result: batch_number(result.batch_id))
            yield GATE_PASSED(newest.passed, gate)
            yield GATE_SECONDS(newest.seconds, gate)
            yield GATE_FAILED(newest.failed, gate)
