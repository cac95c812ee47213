"""The batches on which no model is trained, because a training comes every few batches."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from readmission.warehouse.clean.model_history import ModelHistory
from readmission.warehouse.clean.warehouse import CleanWarehouse
from readmission.warehouse.states import BatchState


@dataclass(frozen=True)
class OnDrift:
    """Train when a batch has drifted.

    Parameters
    ----------
    columns : sequence of str, optional
        The columns of the batch with a drift alarm; None if there is no champion whose training
        rows it could have drifted from.
    gap : int
        Batches after the last model until one is trained although none has drifted.
    """

    columns: Sequence[str] | None
    gap: int

    def __str__(self) -> str:
        return "drift"


class SkippedTrainings:
    """Skipped trainings on the connection of CLEAN; every method is one transaction."""

    def __init__(self, clean: CleanWarehouse) -> None:
        self.clean = clean
        self.connection = clean.connection

    def reason_to_skip(self, batch_id: str, run_id: str, every: int | str | OnDrift) -> str:
        """Return why a run does not train on a batch, and record it; empty if it trains.

        The first accepted batch is trained on. After that, `every` decides: each n-th batch, the
        batch with which n rows are new, or a batch that drifts. A second run for a batch that was
        skipped trains on it: a person has started that run, or the sweep after an upgrade.

        Parameters
        ----------
        batch_id, run_id : str
            The batch, and the run of the training.
        every : int, str or OnDrift
            Batches from one training to the next; rows, such as ``10000 rows``; or the drift of the
            batch.
        """
        accepted = [batch for batch in self.clean.batches() if batch.state is BatchState.ACCEPTED]
        before = list(takewhile(lambda batch: batch.batch_id != batch_id, accepted))
        if not before or len(before) == len(accepted):
            return ""  # The first batch, or one that was not accepted.
        if isinstance(every, OnDrift):
            why = _by_drift(self._without_model([one.batch_id for one in before]), every)
        elif isinstance(every, int):
            why = _by_batches(len(before), every)
        else:
            why = _by_rows([one.clean_rows for one in accepted[: len(before) + 1]], every)
        if not why:
            return ""
        reason = f"READMISSION_TRAIN_EVERY is {every}, and {why}, on all batches up to then"
        with self.connection.transaction():
            self.connection.execute(_INSERT, (batch_id, reason, run_id))
            found = self.connection.execute(_RUN, (batch_id,)).fetchone()
        return reason if found == (run_id,) else ""

    def _without_model(self, before: Sequence[str]) -> int:
        """Return how many batches came since the last one that gave a model."""
        trained = {one.batch_id for one in ModelHistory(self.connection).candidates()}
        return sum(1 for _ in takewhile(lambda one: one not in trained, reversed(before)))

    def batches(self) -> frozenset[str]:
        """Return all batches that were skipped, including those that were trained on later."""
        with self.connection.transaction():
            found = self.connection.execute("SELECT batch_id FROM skipped_training").fetchall()
        return frozenset(batch_id for (batch_id,) in found)


def _by_batches(before: int, every: int) -> str:
    """Say how far the next training is; empty if it is now."""
    past = before % every
    if not past:
        return ""
    return (
        f"this batch is {past} after the one that was trained on; the next training comes in"
        f" {every - past}"
    )


def _by_drift(without_model: int, every: OnDrift) -> str:
    """Say that nothing has drifted; empty if the next training is now."""
    left = every.gap - without_model - 1
    if every.columns is None or every.columns or left <= 0:
        return ""
    return (
        "no column of this batch has a drift alarm; the next training comes with a batch that has"
        f" one, or {left} after this one"
    )


def _by_rows(batches: list[int], every: str) -> str:
    """Say how far the next training is, by the rows of each batch; empty if it is now."""
    needed, new = int(every.split()[0]), 0
    for rows in batches[1:]:
        new = rows if new >= needed else new + rows
    if new >= needed:
        return ""
    return (
        f"{new:,} rows are new since the batch that was trained on; the next training comes after"
        f" another {needed - new:,}"
    )


_INSERT = """
INSERT INTO skipped_training (batch_id, reason, run_id) VALUES (%s, %s, %s)
ON CONFLICT (batch_id) DO NOTHING
"""
_RUN = "SELECT run_id FROM skipped_training WHERE batch_id = %s"
