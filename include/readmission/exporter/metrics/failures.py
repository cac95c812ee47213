"""Batches that have failed at a stage too often or permanently, so that others pass them.

The exporter does not read the reasons, because they may quote values.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import sql

from readmission.domain.batch_ids import parse_batch_id
from readmission.exporter.rows import RowReader, flag, moment, whole
from readmission.quality.catalogue import Stage
from readmission.warehouse.clean.failure_log import COUNTS, RUNS, StageFailures


@dataclass(frozen=True)
class FailuresReading:
    """Batches by stage whose runs have failed, including those that have finished since.

    Parameters
    ----------
    closed : mapping of str to collection of str
        Those that the sweep no longer restarts.
    failing : mapping of str to collection of str
        Those that the sweep still restarts, and for which later batches no longer wait.
    """

    closed: Mapping[str, Collection[str]] = field(default_factory=dict)
    failing: Mapping[str, Collection[str]] = field(default_factory=dict)


def read(connection: psycopg.Connection, rows: RowReader) -> FailuresReading:
    """Return the batches that have failed for good, or keep failing, at each stage."""
    now = datetime.now(UTC)
    found = rows.keep("stage_failure", connection.execute(_FAILURES).fetchall(), _failures)
    return FailuresReading(
        _by_stage(each for each in found if each.is_closed(now)),
        _by_stage(each for each in found if each.keeps_failing(now)),
    )


def _by_stage(found: Iterable[StageFailures]) -> dict[str, set[str]]:
    batches: dict[str, set[str]] = {stage: set() for stage in Stage}
    for each in found:
        batches[each.stage].add(each.batch_id)
    return batches


def _failures(row: tuple[Any, ...]) -> StageFailures:
    batch_id, stage, restarts, restarted_at, lasting, errors = row
    place = f"{stage} of {batch_id}"
    return StageFailures(
        parse_batch_id(batch_id),
        Stage(stage),
        whole(restarts, f"restarts, {place},"),
        restarted_at and moment(restarted_at, f"at, {place},"),
        flag(lasting, f"lasting, {place},"),
        errors=errors,
    )


_FAILURES = sql.SQL("SELECT {} FROM {} GROUP BY batch_id, stage").format(COUNTS, RUNS)
