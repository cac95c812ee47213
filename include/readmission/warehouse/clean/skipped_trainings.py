"""The batches on which no model is trained, because a training comes every few batches."""

from readmission.warehouse.clean.warehouse import CleanWarehouse
from readmission.warehouse.states import BatchState


class SkippedTrainings:
    """Skipped trainings on the connection of CLEAN; every method is one transaction."""

    def __init__(self, clean: CleanWarehouse) -> None:
        self.clean = clean
        self.connection = clean.connection

    def reason_to_skip(self, batch_id: str, run_id: str, every: int) -> str:
        """Return why a run does not train on a batch, and record it; empty if it trains.

        The first accepted batch is trained on, and then every so many. A batch that was skipped is
        trained on when another run asks for it: a person, or the sweep after an upgrade.

        Parameters
        ----------
        batch_id, run_id : str
            The batch, and the run of the training.
        every : int
            Batches from one training to the next.
        """
        accepted = [b.batch_id for b in self.clean.batches() if b.state is BatchState.ACCEPTED]
        past = accepted.index(batch_id) % every if batch_id in accepted else 0
        if not past:
            return ""
        reason = (
            f"READMISSION_TRAIN_EVERY is {every}, and this batch is {past} after the one that was"
            f" trained on; the next training comes in {every - past}, on all batches up to then"
        )
        with self.connection.transaction():
            self.connection.execute(_INSERT, (batch_id, reason, run_id))
            found = self.connection.execute(_RUN, (batch_id,)).fetchone()
        return reason if found == (run_id,) else ""

    def batches(self) -> frozenset[str]:
        """Return all batches that were skipped, including those that were trained on later."""
        with self.connection.transaction():
            found = self.connection.execute("SELECT batch_id FROM skipped_training").fetchall()
        return frozenset(batch_id for (batch_id,) in found)


_INSERT = """
INSERT INTO skipped_training (batch_id, reason, run_id) VALUES (%s, %s, %s)
ON CONFLICT (batch_id) DO NOTHING
"""
_RUN = "SELECT run_id FROM skipped_training WHERE batch_id = %s"
