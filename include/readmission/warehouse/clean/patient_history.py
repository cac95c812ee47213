"""The stays of each patient under a keyed hash, as processing writes them into CLEAN."""

from collections import defaultdict
from collections.abc import Mapping

import pandas as pd
import psycopg
import pyarrow as pa

from readmission.domain import schema
from readmission.domain.privacy import Hasher
from readmission.warehouse.clean.history import Stay
from readmission.warehouse.sql.copying import copy_in

_SOON = schema.CLASSES.index("<30")
_COLUMNS = {
    "days": "time_in_hospital",
    "medicines": "num_medications",
    "discharge": "discharge_disposition_id",
    "diagnosis": "diag_1",
}
"""Columns of the table that are columns of CLEAN."""


class PatientHistory:
    """The table ``patient_history``; every method is one transaction."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection

    def write(self, batch_id: str, rows: pd.DataFrame, hashed: Hasher) -> None:
        """Write the stays of a batch, replacing earlier ones.

        Parameters
        ----------
        batch_id : str
            The batch.
        rows : DataFrame
            Its rows, with the columns of `readmission.warehouse.clean.warehouse.ROW_TYPES`.
        hashed : callable
            Returns the keyed hash of a patient's number.
        """
        stays = {
            "batch_id": rows["batch_id"],
            "source_row": rows["source_row"],
            "patient_hash": rows[schema.PATIENT].map(hashed),
            schema.ENCOUNTER: rows[schema.ENCOUNTER],
            **{name: rows[column] for name, column in _COLUMNS.items()},
            "followed_soon": rows[schema.TARGET] == _SOON,
        }
        with self.connection.transaction():
            self.connection.execute("DELETE FROM patient_history WHERE batch_id = %s", (batch_id,))
            table = pa.Table.from_pandas(pd.DataFrame(stays), preserve_index=False)
            copy_in(self.connection, "patient_history", table)

    def stays(self) -> Mapping[str, list[Stay]]:
        """Return the stays in accepted batches by patient hash."""
        found: dict[str, list[Stay]] = defaultdict(list)
        with self.connection.transaction():
            for patient_hash, *stay in self.connection.execute(_STAYS):
                found[patient_hash].append(Stay(*stay))
        return found


_STAYS = """
SELECT h.patient_hash, h.encounter_id, b.number, h.days, h.medicines, h.discharge, h.diagnosis,
    h.followed_soon
FROM patient_history h JOIN batch b USING (batch_id)
WHERE b.state = 'accepted' ORDER BY h.patient_hash, h.encounter_id, b.number
"""
