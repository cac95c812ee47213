"""Outcomes become known when their batch is in CLEAN: there predictions meet what happened."""

from collections.abc import Iterator

from readmission.domain import schema
from readmission.domain.privacy import Pseudonyms
from readmission.warehouse import BatchState, CleanWarehouse
from readmission.warehouse.predictions.outcomes import Outcome, OutcomeStore


def record_outcomes(warehouse: CleanWarehouse, store: OutcomeStore, key: str) -> dict[str, int]:
    """Bring the outcomes of all accepted batches to the predictions, unless they are there.

    A batch whose outcomes could not be brought is made up for with the next one.

    Parameters
    ----------
    warehouse : CleanWarehouse
        Holds the outcomes.
    store : OutcomeStore
        Gets them.
    key : str
        Key of the hashes in the log of predictions.

    Returns
    -------
    dict of str to int
        Encounters of each batch that was new or has changed.
    """
    there, names = store.batches(), Pseudonyms(key)
    return {
        batch.batch_id: store.record(
            batch.batch_id,
            batch.content_sha256,
            batch.created_at,
            _outcomes(warehouse, batch.batch_id, names),
        )
        for batch in warehouse.batches()
        if batch.state is BatchState.ACCEPTED and there.get(batch.batch_id) != batch.content_sha256
    }


def _outcomes(warehouse: CleanWarehouse, batch_id: str, names: Pseudonyms) -> Iterator[Outcome]:
    for encounter_id, outcome, part in warehouse.outcomes(batch_id):
        hashed = names.encounter(encounter_id)
        if hashed is not None:
            yield hashed, schema.CLASSES[outcome], part
