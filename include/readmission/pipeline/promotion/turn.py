"""The order of verdicts: a challenger waits for those of earlier batches.

A verdict depends on the champion and on the test rows of all batches so far. So two challengers
get the same verdicts in whatever order their runs finish only if they are judged in the order of
their batches, after every earlier batch was processed.
"""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from readmission.domain.batch_ids import batch_number
from readmission.quality.catalogue import Stage, stopped_at
from readmission.warehouse import BatchState, CleanWarehouse, ModelHistory, RawWarehouse
from readmission.warehouse.clean.failure_log import FailureLog
from readmission.warehouse.clean.skipped_trainings import SkippedTrainings
from readmission.warehouse.verdicts import VerdictLog

ARRIVING = timedelta(seconds=10)
"""A challenger that was registered so recently is about to be judged by its own run."""


def unsettled(
    raw: RawWarehouse, clean: CleanWarehouse, history: ModelHistory, now: datetime | None = None
) -> list[str]:
    """Return the accepted batches that can still get a verdict, oldest first.

    A batch is settled once its challenger has a verdict. It is also settled if it gets none: a gate
    has stopped it, its training was skipped, or its failures have closed it. A batch that keeps
    failing in the same way does not hold the others up either: if one of its later restarts
    succeeds, its challenger is refused as late if the model of a newer batch came first.

    Parameters
    ----------
    raw, clean, history : RawWarehouse, CleanWarehouse, ModelHistory
        The ledgers.
    now : datetime, optional
        The current time, for tests.
    """
    now = now or datetime.now(UTC)
    states = {batch.batch_id: batch.state for batch in clean.batches()}
    accepted = {one for one, state in states.items() if state is BatchState.ACCEPTED}
    arrived = {
        batch.batch_id
        for batch in raw.batches()
        if batch.state is BatchState.ACCEPTED and not batch.ends_here
    }
    trained = {candidate.batch_id for candidate in history.candidates()}
    verdicts = VerdictLog(clean.connection).verdicts()
    stages = (Stage.TRAINING, Stage.PROMOTION)
    settled = {promotion.batch_id for promotion in history.promotions(figures=False)}
    settled |= {one for one, state in states.items() if state is BatchState.REJECTED}
    settled |= {one.batch_id for stage in stages for one in stopped_at(stage, verdicts)}
    settled |= SkippedTrainings(clean).batches() - trained
    settled |= _given_up(Stage.CLEAN, clean, now) - accepted
    settled |= _given_up(Stage.TRAINING, clean, now) - trained
    settled |= _given_up(Stage.PROMOTION, clean, now)
    return sorted((arrived | accepted) - settled, key=batch_number)


def earlier_than(batch_id: str, batches: Collection[str]) -> list[str]:
    """Return the batches that come before one, in their order."""
    return [one for one in batches if batch_number(one) < batch_number(batch_id)]


def not_yet(
    batch_id: str, raw: RawWarehouse, clean: CleanWarehouse, history: ModelHistory
) -> str | None:
    """Return why the challenger of a batch cannot be judged yet, or None if it can.

    A challenger that already has a verdict never waits.
    """
    version = {one.batch_id: one.version for one in history.candidates()}.get(batch_id)
    if version and history.verdict(batch_id, version):
        return None
    waiting = earlier_than(batch_id, unsettled(raw, clean, history))
    if not waiting:
        return None
    return (
        f"not yet: {', '.join(waiting)} must have a verdict or be closed first; {batch_id} is then"
        " started again"
    )


def next_held(
    own: str | None,
    raw: RawWarehouse,
    clean: CleanWarehouse,
    history: ModelHistory,
    now: datetime | None = None,
) -> str | None:
    """Return the first batch whose challenger waited for its turn and can be judged now.

    One whose last run failed is left to the sweep, whose pauses grow; so no run repeats endlessly.

    Parameters
    ----------
    own : str, optional
        The batch of the calling run; a run never starts itself again.
    raw, clean, history : RawWarehouse, CleanWarehouse, ModelHistory
        The ledgers.
    now : datetime, optional
        The current time, for tests.
    """
    now = now or datetime.now(UTC)
    pending = unsettled(raw, clean, history, now)
    failures = FailureLog(clean.connection).failures(Stage.PROMOTION).values()
    left_out = {own} | {one.batch_id for one in failures if one.lasting or one.reason}
    stopped = stopped_at(Stage.PROMOTION, VerdictLog(clean.connection).verdicts())
    left_out |= {one.batch_id for one in stopped}
    judged = {(one.batch_id, one.challenger_version) for one in history.promotions(figures=False)}
    for candidate in history.candidates():
        known = (candidate.batch_id, candidate.version) in judged or candidate.batch_id in left_out
        arriving = candidate.created_at is not None and candidate.created_at > now - ARRIVING
        if not (known or arriving or earlier_than(candidate.batch_id, pending)):
            return candidate.batch_id
    return None


def _given_up(stage: Stage, clean: CleanWarehouse, now: datetime) -> set[str]:
    failures = FailureLog(clean.connection).failures(stage)
    return {one.batch_id for one in failures.values() if not one.holds_up(now)}
