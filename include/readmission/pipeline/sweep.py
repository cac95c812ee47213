"""Find the batches that a lost event or a failed run left behind, by comparing the ledgers."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from readmission.modelling.mlflow_runs import is_current
from readmission.pipeline.promotion.order import APPROVAL, ASKED_AT, CARRIED_OUT, Approval, existing
from readmission.pipeline.promotion.turn import earlier_than, unsettled
from readmission.quality.catalogue import Stage, stopped_at
from readmission.registry import Registry
from readmission.serving.signature import TrustedKeys
from readmission.warehouse import BatchState, CleanWarehouse, ModelHistory, RawWarehouse
from readmission.warehouse.clean.failure_log import FailureLog
from readmission.warehouse.clean.skipped_trainings import SkippedTrainings
from readmission.warehouse.verdicts import VerdictLog


@dataclass(frozen=True)
class LeftBehind:
    """Batches whose next stage never finished, oldest first.

    Parameters
    ----------
    processing, training, promotion : tuple of str
        Batches that the previous stage has accepted and this one has not finished.
    """

    processing: tuple[str, ...]
    training: tuple[str, ...]
    promotion: tuple[str, ...]


def find_outdated(
    clean: CleanWarehouse, registry: Registry, trusted: TrustedKeys
) -> tuple[str, ...]:
    """Return the batch to train again because production was not trained for this version.

    That happens after an upgrade that changed the format of bundles or the contract, and after the
    key that signs them was replaced without trusting the old one. Training the newest accepted
    batch again gives a model that can be served. Until then production can be served only if the
    contract has gained values and lost none.

    Returns
    -------
    tuple of str
        The newest accepted batch, or nothing if production is fine, or if a model for this version
        was already trained on that batch.
    """
    versions = registry.versions()
    accepted = [batch for batch in clean.batches() if batch.state is BatchState.ACCEPTED]
    if not accepted:
        return ()
    newest = accepted[-1].batch_id
    served = registry.served_version()
    production = [found for found in versions if found["version"] == served]
    trained = [found for found in versions if found["tags"].get("batch_id") == newest]
    if not production or any(is_current(v["tags"], trusted) for v in (*production, *trained)):
        return ()
    return (newest,)


def find_uncarried(
    history: ModelHistory,
    registry: Registry,
    grace: timedelta,
    now: datetime | None = None,
    approval: timedelta = timedelta(),
) -> tuple[str, ...]:
    """Return the batches whose verdict was recorded but never carried out, oldest first.

    That happens if MLflow was down until the last retry. Judging such a batch again returns the
    recorded verdict and carries it out. One that waits for approval is left out until the time for
    it is over: after that, its run was lost, or approval was switched off.

    Parameters
    ----------
    history : ModelHistory
        The verdicts.
    registry : Registry
        The versions; one that does not exist any longer is left out.
    grace : timedelta
        How long ago a verdict must have been recorded.
    now : datetime, optional
        The current time, for tests.
    approval : timedelta, optional
        How long a person may take to approve a version.
    """
    before = (now or datetime.now(UTC)) - grace
    tags = {found["version"]: found["tags"] for found in registry.versions()}
    carried_out = {version for version, found in tags.items() if CARRIED_OUT in found}
    carried_out -= {v for v, found in tags.items() if found.get(APPROVAL) == Approval.REQUESTED}
    carried_out |= {v for v, found in tags.items() if _awaits_approval(found, before - approval)}
    return tuple(
        verdict.batch_id
        for verdict in existing(history.promotions(figures=False), registry)
        if verdict.challenger_version not in carried_out
        and verdict.created_at
        and verdict.created_at < before
    )


def _awaits_approval(tags: Mapping[str, str], since: datetime) -> bool:
    """Whether a person was asked about a version since a time and has not answered."""
    asked = tags.get(APPROVAL) == Approval.REQUESTED and tags.get(ASKED_AT)
    return bool(asked) and datetime.fromisoformat(str(asked)) >= since


def find(
    raw: RawWarehouse,
    clean: CleanWarehouse,
    history: ModelHistory,
    grace: timedelta,
    now: datetime | None = None,
) -> LeftBehind:
    """Compare the ledgers stage by stage.

    A batch that a gate has stopped is not left behind: the gate would only stop it again. Neither
    is one that its failures have closed, whose last restart was too recent, or whose training was
    skipped on purpose. A challenger that waits for the verdict of an earlier batch is not left
    behind either, unless that batch is started again too, for the first time. After that it would
    only be skipped again, and closed by restarts in which nobody judged it.

    Parameters
    ----------
    raw, clean, history : RawWarehouse, CleanWarehouse, ModelHistory
        The ledgers.
    grace : timedelta
        How long ago the previous stage must have finished; a batch that finished later is
        assumed to be in progress.
    now : datetime, optional
        The current time, for tests.
    """
    now = now or datetime.now(UTC)
    before = now - grace
    verdicts = VerdictLog(clean.connection).verdicts()
    untrainable = {verdict.batch_id for verdict in stopped_at(Stage.TRAINING, verdicts)}
    unpromotable = {verdict.batch_id for verdict in stopped_at(Stage.PROMOTION, verdicts)}
    arrived = [
        batch.batch_id
        for batch in raw.batches()
        if batch.state is BatchState.ACCEPTED
        and batch.decided_at
        and batch.decided_at < before
        and not batch.ends_here
    ]
    decided = {b.batch_id for b in clean.batches() if b.state is not BatchState.LOADED}
    cleaned = [
        batch.batch_id
        for batch in clean.batches()
        if batch.state is BatchState.ACCEPTED and batch.decided_at and batch.decided_at < before
    ]
    candidates = [c for c in history.candidates() if c.created_at and c.created_at < before]
    trained = {candidate.batch_id for candidate in history.candidates()}
    trained |= SkippedTrainings(clean).batches()
    judged = {(p.batch_id, p.challenger_version) for p in history.promotions(figures=False)}
    failures = FailureLog(clean.connection)

    def due(stage: Stage, batches: Iterable[str]) -> tuple[str, ...]:
        failed = failures.failures(stage)
        return tuple(b for b in batches if b not in failed or failed[b].may_restart(now))

    return LeftBehind(
        processing=due(Stage.CLEAN, (b for b in arrived if b not in decided)),
        training=due(
            Stage.TRAINING, (b for b in cleaned if b not in trained and b not in untrainable)
        ),
        promotion=_in_turn(
            due(
                Stage.PROMOTION,
                (
                    c.batch_id
                    for c in candidates
                    if (c.batch_id, c.version) not in judged and c.batch_id not in unpromotable
                ),
            ),
            unsettled(raw, clean, history, now),
            restarted={b for b, f in failures.failures(Stage.PROMOTION).items() if f.restarts},
        ),
    )


def _in_turn(
    batches: Sequence[str], pending: Sequence[str], restarted: Collection[str]
) -> tuple[str, ...]:
    """Return the batches that wait for no other, or only for some that start the first time."""
    ready = {batch for batch in batches if batch not in restarted}
    return tuple(b for b in batches if ready.issuperset(earlier_than(b, pending)))
