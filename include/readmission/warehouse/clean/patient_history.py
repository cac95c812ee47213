"""The stays of each patient under a keyed hash, as processing writes them into CLEAN."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import pandas as pd
import psycopg
import pyarrow as pa

from readmission.domain import schema
from readmission.domain.columns import earlier_stays
from readmission.domain.columns.history import CLEAN_COLUMNS, Stay, history_of
from readmission.domain.privacy import Hasher
from readmission.domain.splitting import Split
from readmission.warehouse.sql.copying import copy_in

_SOON = schema.CLASSES.index("<30")


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
            **{name: rows[column] for name, column in CLEAN_COLUMNS.items()},
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


def with_history(
    connection: psycopg.Connection, rows: pd.DataFrame, splits: Sequence[Split]
) -> pd.DataFrame:
    """Return rows of CLEAN with the fields of their patients' earlier stays, each as of its batch.

    The stays are read from the encounters and not from ``patient_history``, so that no key is
    needed and batches of earlier versions count. Rows that were corrected since count for the
    encounters that came before the correction. Stays of the same batch count, if their number is
    lower; those of later batches do not.

    Parameters
    ----------
    connection : Connection
        To CLEAN.
    rows : DataFrame
        With the columns of `readmission.warehouse.clean.warehouse.ROW_TYPES`.
    splits : sequence of Split
        Splits of the rows; a patient is in one, with all stays.
    """
    found: dict[int, list[Stay]] = defaultdict(list)
    numbers: dict[str, int] = {}
    with connection.transaction():
        for batch_id, patient, *stay in connection.execute(_CLEAN_STAYS, ([*map(str, splits)],)):
            found[patient].append(Stay(*stay))
            numbers[batch_id] = found[patient][-1].batch
    keys = zip(rows[schema.PATIENT], rows[schema.ENCOUNTER], rows["batch_id"], strict=True)
    fields = [
        history_of(found[patient], encounter, numbers[batch]).fields()
        for patient, encounter, batch in keys
    ]
    history = pd.DataFrame(fields, index=rows.index, columns=list(earlier_stays.NAMES))
    return pd.concat([rows, history], axis=1)


_CLEAN_STAYS = f"""
SELECT e.batch_id, e.{schema.PATIENT}, e.{schema.ENCOUNTER}, b.number,
    {", ".join(f"e.{column}" for column in CLEAN_COLUMNS.values())}, e.{schema.TARGET} = {_SOON}
FROM encounter e JOIN batch b USING (batch_id) WHERE b.state = 'accepted' AND e.part = ANY(%s)
"""  # noqa: S608 - names of the contract

_STAYS = f"""
SELECT h.patient_hash, h.encounter_id, b.number, {", ".join(f"h.{name}" for name in CLEAN_COLUMNS)},
    h.followed_soon
FROM patient_history h JOIN batch b USING (batch_id)
WHERE b.state = 'accepted' ORDER BY h.patient_hash, h.encounter_id, b.number
"""  # noqa: S608 - names of this table
