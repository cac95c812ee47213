"""From RAW to CLEAN: clean the rows, assign each patient to a split, and lose no row."""

import pandas as pd
import pyarrow as pa

from readmission.domain import schema
from readmission.domain.cleaning import clean, eligible, outcome
from readmission.domain.privacy import Hasher
from readmission.domain.splitting import assign_splits
from readmission.errors import BatchNotFound, RowsLost
from readmission.warehouse import BatchState, CleanBatch, CleanWarehouse, RawBatch, RawWarehouse
from readmission.warehouse.clean.patient_history import PatientHistory
from readmission.warehouse.clean.warehouse import ROW_TYPES
from readmission.warehouse.raw.corrections import Corrections


def process(
    raw: RawWarehouse,
    warehouse: CleanWarehouse,
    batch_id: str,
    key: str,
    hashed: Hasher | None = None,
) -> CleanBatch:
    """Write one accepted RAW batch into CLEAN; repeating it leaves the same rows.

    Parameters
    ----------
    raw, warehouse : RawWarehouse, CleanWarehouse
        The warehouse to read the batch from, and the one to write it to.
    batch_id : str
        The batch.
    key : str
        Key of the hash that orders new patients before the split.
    hashed : callable, optional
        Returns the keyed hash of a patient's number, under which the stays are written into
        ``patient_history``; by default, none are.

    Raises
    ------
    BatchNotFound
        If the batch is not accepted in RAW.
    RowsLost
        If the RAW rows are not the CLEAN rows plus the quarantined, repeated and erased rows.
    """
    # RAW is read after the lock: an erasure holds it, so no row comes back that it has deleted.
    with warehouse.numbering():
        batch = raw.batch(batch_id)
        rows = _keyed(_accepted_rows(raw, batch), batch_id)
        patients, labels = rows[schema.PATIENT], rows[schema.TARGET]
        with warehouse.assigning(patients.unique().tolist()) as known:
            new = assign_splits(patients, labels, known, key)
            rows["part"] = patients.map(known | new)
            if hashed is not None:
                PatientHistory(warehouse.connection).write(batch_id, rows, hashed)
            corrections = Corrections(raw.connection)
            return warehouse.write(
                batch,
                _arrow(rows),
                new,
                corrections.supersedes(batch_id),
                corrections.superseded(batch_id),
            )


def _accepted_rows(raw: RawWarehouse, batch: RawBatch) -> pd.DataFrame:
    if batch.state is not BatchState.ACCEPTED:
        raise BatchNotFound(batch.batch_id, "accepted RAW")
    encounters = raw.read(batch.batch_id, quarantined=False, repeated=False)
    if len(encounters) != batch.accepted_rows:
        raise RowsLost(
            f"{batch.batch_id}: {batch.rows} RAW rows are not {len(encounters)} rows for CLEAN"
            f" + {batch.quarantined_rows} quarantined + {batch.repeated_rows} repeated"
            f" + {batch.erased_rows} erased; compare RAW's tables with its ledger"
        )
    return encounters


def _keyed(encounters: pd.DataFrame, batch_id: str) -> pd.DataFrame:
    keys = pd.DataFrame(
        {
            "batch_id": batch_id,
            "source_row": encounters["source_row"],
            schema.ENCOUNTER: encounters[schema.ENCOUNTER].astype("int64"),
            schema.PATIENT: encounters[schema.PATIENT].astype("int64"),
            "eligible": eligible(encounters),
            schema.TARGET: outcome(encounters),
        }
    )
    return pd.concat([keys, clean(encounters)], axis=1)


def _arrow(rows: pd.DataFrame) -> pa.Table:
    contract = pa.schema(list(ROW_TYPES.items()))
    return pa.Table.from_pandas(rows[list(ROW_TYPES)], contract, preserve_index=False)
