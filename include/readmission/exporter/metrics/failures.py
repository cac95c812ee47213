"""Batches that a stage no longer restarts, because they failed too often or permanently.

The exporter does not read the reasons, because they may quote values.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

import psycopg

from readmission.domain.batch_ids import parse_batch_id
from readmission.exporter.rows import RowReader, flag, moment, whole
from readmission.quality.catalogue import Stage
from readmission.warehouse.clean.failure_log import StageFailures

Closed = Mapping[str, Collection[str]]
"""Batches by stage, including those that have finished since."""


def read(connection: psycopg.Connection, rows: RowReader) -> Closed:
    """Return the batches that the sweep no longer restarts at each stage."""
    now = datetime.now(UTC)
    found = rows.keep("stage_failure", connection.execute(_FAILURES).fetchall(), _failures)
    closed: dict[str, set[str]] = {stage: set() for stage in Stage}
    for failures in found:
        if failures.is_closed(now):
            closed[failures.stage].add(failures.batch_id)
    return closed


def _failures(row: tuple[Any, ...]) -> StageFailures:
    batch_id, stage, restarts, restarted_at, lasting = row
    place = f"{stage} of {batch_id}"
    return StageFailures(
        parse_batch_id(batch_id),
        Stage(stage),
        whole(restarts, f"restarts, {place},"),
        restarted_at and moment(restarted_at, f"at, {place},"),
        flag(lasting, f"lasting, {place},"),
    )


_FAILURES = """
SELECT batch_id, stage,
       count(*) FILTER (WHERE kind = 'restart'),
       max(at) FILTER (WHERE kind = 'restart'),
       bool_or(lasting)
FROM stage_failure GROUP BY batch_id, stage
"""
