"""Copy outcomes from CLEAN to the database of predictions, to compare them with predictions."""

from collections.abc import Iterator

from readmission.domain import schema
from readmission.domain.privacy import Pseudonyms
from readmission.warehouse import BatchState, CleanWarehouse
from readmission.warehouse.predictions.outcomes import Outcome, OutcomeStore


def record_outcomes(warehouse: CleanWarehouse, store: OutcomeStore, key: str) -> dict[str, int]:
    """Record the outcomes of all accepted batches that are not recorded yet.

    If this fails for one batch, the run of the next batch records its outcomes as well.

    Parameters
    ----------
    warehouse : CleanWarehouse
        The outcomes are read from here.
    store : OutcomeStore
        The outcomes are recorded here.
    key : str
        Key of the hashes in the prediction log.

    Returns
    -------
    dict of str to int
        Number of encounters by batch, for each batch that was new or had changed.
    """
    recorded, pseudonyms = store.batches(), Pseudonyms(key)
    with warehouse.unchanged():  # An outcome that is read before an erasure is not written after.
        return {
            batch.batch_id: store.record(
                batch.batch_id,
                batch.content_sha256,
                batch.created_at,
                _outcomes(warehouse, batch.batch_id, pseudonyms),
            )
            for batch in warehouse.batches()
            if batch.state is BatchState.ACCEPTED
            and recorded.get(batch.batch_id) != batch.content_sha256
        }


def _outcomes(
    warehouse: CleanWarehouse, batch_id: str, pseudonyms: Pseudonyms
) -> Iterator[Outcome]:
    for encounter_id, outcome, split in warehouse.outcomes(batch_id):
        hashed = pseudonyms.encounter(encounter_id)
        if hashed is not None:
            yield hashed, schema.CLASSES[outcome], split
