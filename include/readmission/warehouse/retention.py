"""Delete the rows of batches that are older than the retention; the ledgers keep their counts."""

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from readmission.warehouse import BatchState, CleanWarehouse, ModelHistory, RawWarehouse
from readmission.warehouse.clean.erasures import CleanErasures
from readmission.warehouse.raw.erasures import Erasure, RawErasures

log = logging.getLogger(__name__)

RETENTION = "retention"
"""Recorded as the author of the erasure."""


Announce = Callable[[Mapping[str, int]], None]


def delete_expired(
    raw: RawWarehouse,
    clean: CleanWarehouse,
    days: int,
    announce: Announce | None = None,
    now: datetime | None = None,
) -> Mapping[str, int]:
    """Delete the rows of all batches that arrived more than some days ago.

    A batch in progress is kept until its gates have decided, and a replayed row until the batch of
    its replay has expired too. The ledgers count the rows as erased, so all sums still hold. CLEAN
    is first: if the process is killed in between, the rows are still in RAW, and the next call
    deletes them.

    Parameters
    ----------
    raw, clean : RawWarehouse, CleanWarehouse
        The two warehouses. The call waits until no task holds the lock of either.
    days : int
        Age from which on a batch has expired.
    announce : callable, optional
        Gets the rows of each batch before they are deleted; if it raises, they are kept.
    now : datetime, optional
        The current time, for tests.

    Returns
    -------
    mapping of str to int
        Rows deleted from RAW, by batch.

    Raises
    ------
    psycopg.errors.LockNotAvailable
        If a task works on the rows and does not finish within the database's lock timeout.
    """
    with raw.alone(), clean.alone():
        erasures = RawErasures(raw.connection)
        expired = _expired(raw, clean, (now or datetime.now(UTC)) - timedelta(days=days))
        rows = erasures.expired_rows(expired)
        counts = Counter(batch_id for batch_id, _ in rows)
        if not counts:
            return {}
        if announce is not None:
            announce(counts)
        affected = [batch for batch in raw.batches() if batch.batch_id in counts]
        CleanErasures(clean).erase_batches(erasures.set_aside_without(rows, affected))
        erasures.erase(rows, _erasure(clean, days))
    log.info("rows older than %d days were deleted: %s", days, dict(counts))
    return dict(counts)


def _expired(raw: RawWarehouse, clean: CleanWarehouse, before: datetime) -> list[str]:
    waiting = {b.batch_id for b in clean.batches() if b.state is BatchState.LOADED}
    return [
        batch.batch_id
        for batch in raw.batches()
        if batch.created_at < before
        and batch.state is not BatchState.LOADED
        and batch.batch_id not in waiting
    ]


def _erasure(clean: CleanWarehouse, days: int) -> Erasure:
    """Return the tombstone, which names the verdicts that can no longer be recomputed."""
    verdicts = [
        f"{promotion.batch_id} version {promotion.challenger_version}"
        for promotion in ModelHistory(clean.connection).promotions(figures=False)
    ]
    return Erasure(uuid4(), RETENTION, f"older than {days} days", verdicts=verdicts)
