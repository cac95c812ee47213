"""Batches and rows of RAW and CLEAN, and the metrics that need both."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

import psycopg

from readmission.domain.batch_ids import parse_batch_id
from readmission.exporter.catalogue import (
    BATCHES,
    CLOSED,
    FAILING,
    LAST_EVENT,
    QUARANTINE,
    REPEATED,
    ROWS,
    SPLITS,
    SUPERSEDED,
    TO_PRODUCTION,
    UNACCOUNTED,
    WAITING,
    Sample,
)
from readmission.exporter.metrics import drift, failures, gates, models
from readmission.exporter.rows import RowReader, moment, skipped_samples, whole
from readmission.quality.catalogue import Database, Stage, stopped_at
from readmission.warehouse.reconciliation import unaccounted
from readmission.warehouse.sql.tallies import CleanTally, RawTally, clean_rows, raw_rows
from readmission.warehouse.states import BatchState, RowState

Skipped = Mapping[tuple[str, str], int]
NO_SPLITS: Mapping[str, int] = {"train": 0, "val": 0, "test": 0}


@dataclass(frozen=True)
class RawReading:
    """What the exporter reads from RAW.

    Parameters
    ----------
    tallies : sequence of RawTally
        Row counts of each batch.
    results : sequence of GateResult
        Results of RAW's gates.
    skipped : mapping of (str, str) to int
        Rows that could not be used, by source and table.
    """

    tallies: Sequence[RawTally] = ()
    results: Sequence[gates.GateResult] = ()
    skipped: Skipped = field(default_factory=dict)


@dataclass(frozen=True)
class CleanReading:
    """What the exporter reads from CLEAN.

    Parameters
    ----------
    tallies : mapping of str to CleanTally
        Row counts of each batch.
    splits : mapping of str to int
        Rows of each split.
    results : sequence of GateResult
        Results of CLEAN's gates.
    drifts : sequence of ColumnDrift
        Drift of the newest measured batch.
    trainings : ModelsReading
        Trainings and promotions.
    failed : FailuresReading
        Batches by stage that failed for good, or keep failing.
    skipped : mapping of (str, str) to int
        Rows that could not be used, by source and table.
    """

    tallies: Mapping[str, CleanTally] = field(default_factory=dict)
    splits: Mapping[str, int] = field(default_factory=dict)
    results: Sequence[gates.GateResult] = ()
    drifts: Sequence[drift.ColumnDrift] = ()
    trainings: models.ModelsReading = field(default_factory=models.ModelsReading)
    failed: failures.FailuresReading = field(default_factory=failures.FailuresReading)
    skipped: Skipped = field(default_factory=dict)


def read_raw(connection: psycopg.Connection) -> RawReading:
    """Read RAW."""
    rows = RowReader("raw")
    tallies = rows.keep("batch", raw_rows(connection), lambda row: RawTally(**_checked(row)))
    return RawReading(tallies, gates.read(connection, rows), rows.skipped)


def read_clean(connection: psycopg.Connection) -> CleanReading:
    """Read CLEAN."""
    rows = RowReader("clean")
    tallies = rows.keep("batch", clean_rows(connection), lambda row: CleanTally(**_checked(row)))
    splits = connection.execute(_SPLITS).fetchall()
    return CleanReading(
        {tally.batch_id: tally for tally in tallies},
        dict(rows.keep("encounter", splits, _split)),
        gates.read(connection, rows),
        drift.read(connection, rows),
        models.read(connection, rows),
        failures.read(connection, rows),
        rows.skipped,
    )


_SPLITS = """
SELECT part, sum(c.rows)::bigint FROM stored_rows c
LEFT JOIN batch s ON s.batch_id = c.superseded_by AND s.state = 'accepted'
WHERE s.batch_id IS NULL GROUP BY part HAVING sum(c.rows) > 0
"""


def _checked(row: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a tally if each is possible."""
    parse_batch_id(row["batch_id"])
    for name, value in row.items():
        place = f"{name} of {row['batch_id']}"
        if name in ("created_at", "decided_at"):
            if name == "created_at" or value is not None:
                moment(value, place)
        elif name not in ("batch_id", "kind", "state"):
            whole(value, place)
    return row


def _split(row: tuple[str, int]) -> tuple[str, int]:
    split, rows = row
    if split not in NO_SPLITS:
        raise ValueError(f"the split is {split!r}, expected one of {', '.join(NO_SPLITS)}")
    return split, rows


def raw_samples(raw: RawReading) -> Iterator[Sample]:
    """Yield the samples that need only RAW."""
    yield ROWS(sum(tally.stored for tally in raw.tallies), "raw")
    yield from _states("raw", [tally.state for tally in raw.tallies])
    for state in RowState:
        yield QUARANTINE(sum(getattr(tally, state) for tally in raw.tallies), state)
    yield REPEATED(sum(tally.repeated for tally in raw.tallies))
    yield from _last_accepted("raw", raw.tallies)
    yield from gates.samples(raw.results, Database.RAW)
    yield from skipped_samples(raw.skipped)


def clean_samples(clean: CleanReading) -> Iterator[Sample]:
    """Yield the samples that need only CLEAN."""
    tallies = clean.tallies.values()
    yield ROWS(sum(tally.stored - tally.superseded for tally in tallies), "clean")
    yield SUPERSEDED(sum(tally.superseded for tally in tallies))
    yield from _states("clean", [tally.state for tally in tallies])
    for split, rows in {**NO_SPLITS, **clean.splits}.items():
        yield SPLITS(rows, split)
    yield from _last_accepted("clean", tallies)
    accepted = {t.batch_id for t in tallies if t.state is BatchState.ACCEPTED}
    untrained = accepted - clean.trainings.trained - _stopped(Stage.TRAINING, clean)
    yield from _waiting(untrained, "training", Stage.TRAINING, clean.failed)
    unjudged = clean.trainings.unjudged - _stopped(Stage.PROMOTION, clean)
    yield from _waiting(unjudged, "promotion", Stage.PROMOTION, clean.failed)
    yield from gates.samples(clean.results, Database.CLEAN)
    yield from drift.samples(clean.drifts)
    yield from models.samples(clean.trainings)
    yield from skipped_samples(clean.skipped)


def joint_samples(raw: RawReading, clean: CleanReading) -> Iterator[Sample]:
    """Yield the samples that need both RAW and CLEAN.

    CLEAN must have been read first: rows that move between the two reads then count as in
    progress, not as lost.
    """
    yield UNACCOUNTED(unaccounted(raw.tallies, clean.tallies))
    decided = {t.batch_id for t in clean.tallies.values() if t.state is not BatchState.LOADED}
    # A batch whose rows are all quarantined or erased goes no further.
    arrived = {
        tally.batch_id
        for tally in raw.tallies
        if tally.state is BatchState.ACCEPTED and tally.for_clean > 0
    }
    yield from _waiting(arrived - decided, "processing", Stage.CLEAN, clean.failed)
    if clean.trainings.judged_batch:
        batch_id, judged_at = clean.trainings.judged_batch
        for tally in raw.tallies:
            if tally.batch_id == batch_id:
                yield TO_PRODUCTION((judged_at - tally.created_at).total_seconds())


def _waiting(
    unfinished: Set[str], name: str, stage: Stage, failed: failures.FailuresReading
) -> Iterator[Sample]:
    closed = unfinished & set(failed.closed.get(stage, ()))
    yield WAITING(len(unfinished - closed), name)
    yield CLOSED(len(closed), name)
    yield FAILING(len(unfinished & set(failed.failing.get(stage, ()))), name)


def _stopped(stage: Stage, clean: CleanReading) -> set[str]:
    return {result.batch_id for result in stopped_at(stage, clean.results)}


def _last_accepted(stage: str, tallies: Iterable[RawTally | CleanTally]) -> Iterator[Sample]:
    accepted = [t.decided_at for t in tallies if t.state is BatchState.ACCEPTED and t.decided_at]
    if accepted:
        yield LAST_EVENT(max(accepted).timestamp(), stage)


def _states(stage: str, states: Sequence[BatchState]) -> Iterator[Sample]:
    for state in BatchState:
        yield BATCHES(states.count(state), stage, state)
