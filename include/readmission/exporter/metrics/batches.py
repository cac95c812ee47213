"""Batches and rows of RAW and CLEAN, and the metrics that need both databases."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import psycopg

from readmission.exporter.catalogue import (
    BATCHES,
    LAST_EVENT,
    PARTS,
    QUARANTINE,
    ROWS,
    TO_PRODUCTION,
    UNACCOUNTED,
    WAITING,
    Sample,
)
from readmission.exporter.metrics import drift, gates, models
from readmission.quality.catalogue import Database, Stage, stopped_at
from readmission.warehouse.reconciliation import unaccounted
from readmission.warehouse.states import BatchState, RowState
from readmission.warehouse.tallies import CleanTally, RawTally, clean_tallies, raw_tallies

NO_PARTS: Mapping[str, int] = {"train": 0, "val": 0, "test": 0}


@dataclass(frozen=True)
class RawReading:
    """What the exporter reads from RAW.

    Parameters
    ----------
    tallies : sequence of RawTally
        Row counts of each batch.
    loaded : mapping of str to datetime
        When each batch was loaded.
    results : sequence of GateResult
        Results of RAW's gates.
    """

    tallies: Sequence[RawTally] = ()
    loaded: Mapping[str, datetime] = field(default_factory=dict)
    results: Sequence[gates.GateResult] = ()


@dataclass(frozen=True)
class CleanReading:
    """What the exporter reads from CLEAN.

    Parameters
    ----------
    tallies : mapping of str to CleanTally
        Row counts of each batch.
    accepted_at : datetime, optional
        When a batch was last accepted.
    parts : mapping of str to int
        Rows of each split.
    results : sequence of GateResult
        Results of CLEAN's gates.
    drifts : sequence of ColumnDrift
        Drift of the newest measured batch.
    trainings : ModelsReading
        Trainings and promotions.
    """

    tallies: Mapping[str, CleanTally] = field(default_factory=dict)
    accepted_at: datetime | None = None
    parts: Mapping[str, int] = field(default_factory=dict)
    results: Sequence[gates.GateResult] = ()
    drifts: Sequence[drift.ColumnDrift] = ()
    trainings: models.ModelsReading = field(default_factory=models.ModelsReading)


def read_raw(connection: psycopg.Connection) -> RawReading:
    """Read RAW."""
    loaded = connection.execute("SELECT batch_id, created_at FROM batch").fetchall()
    return RawReading(raw_tallies(connection), dict(loaded), gates.read(connection))


def read_clean(connection: psycopg.Connection) -> CleanReading:
    """Read CLEAN."""
    accepted = connection.execute(
        "SELECT max(decided_at) FROM batch WHERE state = 'accepted'"
    ).fetchone()
    parts = connection.execute("SELECT part, count(*) FROM encounter GROUP BY part").fetchall()
    return CleanReading(
        clean_tallies(connection),
        accepted[0] if accepted else None,
        dict(parts),
        gates.read(connection),
        drift.read(connection),
        models.read(connection),
    )


def raw_samples(raw: RawReading) -> Iterator[Sample]:
    """Yield the samples that need only RAW."""
    yield ROWS(sum(tally.stored for tally in raw.tallies), "raw")
    yield from _states("raw", [tally.state for tally in raw.tallies])
    for state in RowState:
        yield QUARANTINE(sum(getattr(tally, state) for tally in raw.tallies), state)
    accepted = [t.decided_at for t in raw.tallies if t.state is BatchState.ACCEPTED]
    if last := max(filter(None, accepted), default=None):
        yield LAST_EVENT(last.timestamp(), "raw")
    yield from gates.samples(raw.results, Database.RAW)


def clean_samples(clean: CleanReading) -> Iterator[Sample]:
    """Yield the samples that need only CLEAN."""
    tallies = clean.tallies.values()
    yield ROWS(sum(tally.stored for tally in tallies), "clean")
    yield from _states("clean", [tally.state for tally in tallies])
    for part, rows in {**NO_PARTS, **clean.parts}.items():
        yield PARTS(rows, part)
    if clean.accepted_at:
        yield LAST_EVENT(clean.accepted_at.timestamp(), "clean")
    accepted = {t.batch_id for t in tallies if t.state is BatchState.ACCEPTED}
    untrained = accepted - clean.trainings.trained - _stopped(Stage.TRAINING, clean)
    yield WAITING(len(untrained), "training")
    yield from gates.samples(clean.results, Database.CLEAN)
    yield from drift.samples(clean.drifts)
    yield from models.samples(clean.trainings, _stopped(Stage.PROMOTION, clean))


def joint_samples(raw: RawReading, clean: CleanReading) -> Iterator[Sample]:
    """Yield the samples that need both databases.

    CLEAN must have been read first: rows that move between the two reads then count as in
    progress, not as lost.
    """
    yield UNACCOUNTED(unaccounted(raw.tallies, clean.tallies))
    decided = {t.batch_id for t in clean.tallies.values() if t.state is not BatchState.LOADED}
    # A batch whose rows are all quarantined goes no further.
    arrived = {
        tally.batch_id
        for tally in raw.tallies
        if tally.state is BatchState.ACCEPTED and tally.rows > tally.set_aside
    }
    yield WAITING(len(arrived - decided), "processing")
    if clean.trainings.judged_batch:
        batch_id, judged_at = clean.trainings.judged_batch
        if batch_id in raw.loaded:
            yield TO_PRODUCTION((judged_at - raw.loaded[batch_id]).total_seconds())


def _stopped(stage: Stage, clean: CleanReading) -> set[str]:
    return {result.batch_id for result in stopped_at(stage, clean.results)}


def _states(stage: str, states: Sequence[BatchState]) -> Iterator[Sample]:
    for state in BatchState:
        yield BATCHES(states.count(state), stage, state)
