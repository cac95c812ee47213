"""Batches and rows of RAW and CLEAN, and what only both together tell."""

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
from readmission.warehouse.reconciliation import unaccounted
from readmission.warehouse.states import BatchState, RowState
from readmission.warehouse.tallies import CleanTally, RawTally, clean_tallies, raw_tallies

RAW_GATES = ("raw",)
CLEAN_GATES = ("clean", "training", "predictions")
NO_PARTS: Mapping[str, int] = {"train": 0, "val": 0, "test": 0}


@dataclass(frozen=True)
class Raw:
    """What RAW holds.

    Parameters
    ----------
    tallies : sequence of RawTally
        Each batch.
    loaded : mapping of str to datetime
        When each batch was loaded.
    results : sequence of GateResult
        What its gate said.
    """

    tallies: Sequence[RawTally] = ()
    loaded: Mapping[str, datetime] = field(default_factory=dict)
    results: Sequence[gates.GateResult] = ()


@dataclass(frozen=True)
class Clean:
    """What CLEAN holds.

    Parameters
    ----------
    tallies : mapping of str to CleanTally
        Each batch.
    accepted_at : datetime, optional
        When a batch was last accepted.
    parts : mapping of str to int
        Rows of each part.
    results : sequence of GateResult
        What its gates said.
    moved : sequence
        Drift of the newest measured batch.
    trainings : Models
        Candidates and verdicts.
    """

    tallies: Mapping[str, CleanTally] = field(default_factory=dict)
    accepted_at: datetime | None = None
    parts: Mapping[str, int] = field(default_factory=dict)
    results: Sequence[gates.GateResult] = ()
    moved: Sequence[drift.Moved] = ()
    trainings: models.Models = field(default_factory=models.Models)


def read_raw(connection: psycopg.Connection) -> Raw:
    """Read RAW."""
    loaded = connection.execute("SELECT batch_id, created_at FROM batch").fetchall()
    return Raw(raw_tallies(connection), dict(loaded), gates.read(connection))


def read_clean(connection: psycopg.Connection) -> Clean:
    """Read CLEAN."""
    accepted = connection.execute(
        "SELECT max(decided_at) FROM batch WHERE state = 'accepted'"
    ).fetchone()
    parts = connection.execute("SELECT part, count(*) FROM encounter GROUP BY part").fetchall()
    return Clean(
        clean_tallies(connection),
        accepted[0] if accepted else None,
        dict(parts),
        gates.read(connection),
        drift.read(connection),
        models.read(connection),
    )


def show_raw(raw: Raw) -> Iterator[Sample]:
    """Yield what RAW alone tells."""
    yield ROWS(sum(tally.stored for tally in raw.tallies), "raw")
    yield from _states("raw", [tally.state for tally in raw.tallies])
    for state in RowState:
        yield QUARANTINE(sum(getattr(tally, state) for tally in raw.tallies), state)
    accepted = [t.decided_at for t in raw.tallies if t.state is BatchState.ACCEPTED]
    if last := max(filter(None, accepted), default=None):
        yield LAST_EVENT(last.timestamp(), "raw")
    yield from gates.show(raw.results, RAW_GATES)


def show_clean(clean: Clean) -> Iterator[Sample]:
    """Yield what CLEAN alone tells."""
    tallies = clean.tallies.values()
    yield ROWS(sum(tally.stored for tally in tallies), "clean")
    yield from _states("clean", [tally.state for tally in tallies])
    for part, rows in {**NO_PARTS, **clean.parts}.items():
        yield PARTS(rows, part)
    if clean.accepted_at:
        yield LAST_EVENT(clean.accepted_at.timestamp(), "clean")
    accepted = {t.batch_id for t in tallies if t.state is BatchState.ACCEPTED}
    untrained = accepted - clean.trainings.trained - gates.stopped(clean.results, "training")
    yield WAITING(len(untrained), "training")
    yield from gates.show(clean.results, CLEAN_GATES)
    yield from drift.show(clean.moved)
    yield from models.show(clean.trainings, gates.stopped(clean.results, "predictions"))


def show_both(raw: Raw, clean: Clean) -> Iterator[Sample]:
    """Yield what takes both, where CLEAN was read first: what moves meanwhile is on its way."""
    yield UNACCOUNTED(unaccounted(raw.tallies, clean.tallies))
    decided = {t.batch_id for t in clean.tallies.values() if t.state is not BatchState.LOADED}
    # A batch whose rows were all set aside goes no further.
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


def _states(stage: str, states: Sequence[BatchState]) -> Iterator[Sample]:
    for state in BatchState:
        yield BATCHES(states.count(state), stage, state)
