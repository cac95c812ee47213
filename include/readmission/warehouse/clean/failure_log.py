"""Failures of a batch at a stage, stored in CLEAN, and when they end automatic restarts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg
from psycopg import sql
from psycopg.rows import class_row

FIRST_PAUSE = timedelta(minutes=10)
MAX_RESTARTS = 8
"""Each pause is twice as long as the last, so the eighth restart comes after 21 hours."""
ENOUGH_RESTARTS = 3
"""Restarts after which later batches no longer wait for one that keeps failing in the same way."""
LONGEST_REASON = 2_000
KILLED = "killed"
"""Stands for the class of the error if the process of a task was killed."""


@dataclass(frozen=True)
class StageFailures:
    """What went wrong with one batch at one stage that has not finished yet.

    Parameters
    ----------
    batch_id, stage : str
        The batch, and one of `readmission.quality.catalogue.Stage`.
    restarts : int
        How often the sweep has started the stage again.
    restarted_at : datetime, optional
        When it last did.
    lasting : bool
        Whether an error lies in the batch itself, so that every further run would fail.
    reason : str
        The last lasting error, or else the last error; empty if the runs were killed.
    errors : sequence of str
        The class of each error since the first restart, oldest first.
    """

    batch_id: str
    stage: str
    restarts: int = 0
    restarted_at: datetime | None = None
    lasting: bool = False
    reason: str = ""
    errors: Sequence[str] = ()

    def is_closed(self, now: datetime) -> bool:
        """Whether only a person can start the stage again for this batch."""
        return self.lasting or (self.restarts >= MAX_RESTARTS and self._rested(now))

    def keeps_failing(self, now: datetime) -> bool:
        """Whether three restarts in a row ended in the same class of error, and more may follow.

        The sweep still starts the stage again, although that probably does not help.
        """
        last = self.errors[-ENOUGH_RESTARTS:]
        alike = len(last) == ENOUGH_RESTARTS and len(set(last)) == 1
        return not self.is_closed(now) and self.restarts >= ENOUGH_RESTARTS and alike

    def holds_up(self, now: datetime) -> bool:
        """Whether later batches wait until the stage has finished for this batch."""
        return not (self.is_closed(now) or self.keeps_failing(now))

    def may_restart(self, now: datetime) -> bool:
        """Whether the sweep should start the stage again."""
        return not self.is_closed(now) and self._rested(now)

    def _rested(self, now: datetime) -> bool:
        if self.restarted_at is None:
            return True
        return now >= self.restarted_at + FIRST_PAUSE * 2 ** (self.restarts - 1)


class FailureLog:
    """The failures in CLEAN; every method is one transaction."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection

    def record_error(
        self,
        batch_id: str,
        stage: str,
        run_id: str,
        reason: str,
        *,
        lasting: bool,
        error: str = KILLED,
    ) -> None:
        """Store the error that has ended a run; a second one of the same run is left out.

        The name of its class is `error`.
        """
        row = (batch_id, stage, run_id, lasting, reason[:LONGEST_REASON], error)
        with self.connection.transaction():
            self.connection.execute(_INSERT_ERROR, row)

    def record_restarts(self, batch_ids: Sequence[str], stage: str, run_id: str) -> None:
        """Store that one run of the sweep starts a stage again for these batches."""
        rows = [(batch_id, stage, run_id) for batch_id in batch_ids]
        with self.connection.transaction(), self.connection.cursor() as cursor:
            cursor.executemany(_INSERT_RESTART, rows)

    def failures(self, stage: str) -> dict[str, StageFailures]:
        """Return the failures at a stage by batch, of finished batches as well."""
        with (
            self.connection.transaction(),
            self.connection.cursor(row_factory=class_row(StageFailures)) as cursor,
        ):
            return {each.batch_id: each for each in cursor.execute(_FAILURES, (stage,)).fetchall()}


_INSERT_ERROR = """
INSERT INTO stage_failure (batch_id, stage, run_id, kind, lasting, reason, error)
VALUES (%s, %s, %s, 'error', %s, %s, %s)
ON CONFLICT (batch_id, stage, run_id, kind) DO NOTHING
"""
_INSERT_RESTART = """
INSERT INTO stage_failure (batch_id, stage, run_id, kind) VALUES (%s, %s, %s, 'restart')
ON CONFLICT (batch_id, stage, run_id, kind) DO NOTHING
"""
COUNTS = sql.SQL("""
batch_id, stage,
count(*) FILTER (WHERE kind = 'restart') AS restarts,
max(at) FILTER (WHERE kind = 'restart') AS restarted_at,
bool_or(lasting) AS lasting,
coalesce(array_agg(error ORDER BY at)
         FILTER (WHERE kind = 'error' AND at > first_restart), '{}') AS errors
""")
"""What is counted for each batch and stage; the exporter may read no other columns."""
RUNS = sql.SQL("""
stage_failure JOIN (
    SELECT batch_id, stage, min(at) FILTER (WHERE kind = 'restart') AS first_restart
    FROM stage_failure GROUP BY batch_id, stage
) first USING (batch_id, stage)
""")
_FAILURES = sql.SQL("""
SELECT {},
       coalesce((array_agg(reason ORDER BY lasting DESC, at DESC)
                 FILTER (WHERE kind = 'error'))[1], '') AS reason
FROM {} WHERE stage = %s GROUP BY batch_id, stage
""").format(COUNTS, RUNS)
