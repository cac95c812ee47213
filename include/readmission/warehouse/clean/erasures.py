"""Erasures in CLEAN: rows of a patient or of old batches, and what the ledger says afterwards."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from readmission.warehouse import stores
from readmission.warehouse.clean.warehouse import CleanWarehouse
from readmission.warehouse.ledger import SetAside


@dataclass(frozen=True)
class UseOfRows:
    """What the rows of a patient in accepted batches are used for.

    Parameters
    ----------
    part : str
        Split of the patient.
    first_number : int
        Number of the first batch that has such a row.
    since : datetime
        When that batch was accepted.
    """

    part: str
    first_number: int
    since: datetime


class CleanErasures:
    """The erasures in CLEAN; every method is one transaction."""

    def __init__(self, warehouse: CleanWarehouse) -> None:
        self.warehouse = warehouse
        self.connection = warehouse.connection

    def use_of(self, patient: int) -> UseOfRows | None:
        """Return what a patient's rows are used for, or None if no accepted batch has one."""
        with self.connection.transaction():
            found = self.connection.execute(_USE, (patient,)).fetchone()
        return UseOfRows(*found) if found else None

    def encounters(self, patient: int) -> set[str]:
        """Return the encounter numbers of a patient."""
        with self.connection.transaction():
            found = self.connection.execute(_ENCOUNTERS, (patient,)).fetchall()
        return {str(number) for (number,) in found}

    def erase(
        self,
        subject: Mapping[str, object],
        batches: Collection[str],
        set_aside: Mapping[str, SetAside],
    ) -> None:
        """Delete the rows and the split of a patient.

        The ledger gets the new counts and the new hash of each batch, so that processing the batch
        again changes nothing, but training on it is a new training.

        Parameters
        ----------
        subject : mapping
            Identifies the rows: parameters of the conditions in `stores`.
        batches : collection of str
            The batches that hold or held a row of the patient, in RAW or in CLEAN.
        set_aside : mapping of str to SetAside
            Rows that RAW still keeps out of CLEAN, by batch; without an entry, none.
        """
        with self.warehouse.numbering():
            rows = stores.find(self.connection, "clean", subject)["encounter"]
            stores.delete(self.connection, "clean", subject)
            for batch_id in sorted({*batches, *(str(row["batch_id"]) for row in rows)}):
                self._count(batch_id, set_aside.get(batch_id, SetAside()))

    def erase_batches(self, set_aside: Mapping[str, SetAside]) -> None:
        """Delete the rows of whole batches, and the splits of patients who have no other rows.

        Parameters
        ----------
        set_aside : mapping of str to SetAside
            The batches, and their rows that RAW still keeps out of CLEAN.
        """
        with self.warehouse.numbering():
            batches = {"batches": list(set_aside)}
            self.connection.execute(_FORGET_ROWS, batches)
            self.connection.execute(_DELETE_ROWS, batches)
            self.connection.execute(_DELETE_STAYS, batches)
            self.connection.execute(_DELETE_SPLITS, batches)
            for batch_id, remaining in sorted(set_aside.items()):
                self._count(batch_id, remaining)

    def _count(self, batch_id: str, set_aside: SetAside) -> None:
        digest = self.warehouse.content_hash(batch_id)
        self.connection.execute(_LEDGER, {"batch": batch_id, "digest": digest, **vars(set_aside)})


_USE = """
SELECT e.part, b.number, b.decided_at FROM encounter e JOIN batch b USING (batch_id)
WHERE e.patient_nbr = %s AND b.state = 'accepted' ORDER BY b.number LIMIT 1
"""
_FORGET_ROWS = """
UPDATE judged_rows SET encounters = ARRAY(
    SELECT unnest(encounters) EXCEPT
    SELECT encounter_id FROM encounter WHERE batch_id = ANY(%(batches)s) ORDER BY 1
)
"""
_DELETE_ROWS = "DELETE FROM encounter WHERE batch_id = ANY(%(batches)s)"
_DELETE_STAYS = "DELETE FROM patient_history WHERE batch_id = ANY(%(batches)s)"
_DELETE_SPLITS = """
DELETE FROM patient p USING batch first
WHERE first.batch_id = p.first_batch
  AND first.number <= (SELECT max(number) FROM batch WHERE batch_id = ANY(%(batches)s))
  AND NOT EXISTS (SELECT FROM encounter e WHERE e.patient_nbr = p.patient_nbr)
"""
_ENCOUNTERS = "SELECT encounter_id FROM encounter WHERE patient_nbr = %s"

# If RAW's gate has quarantined other rows since the batch was written, the batch will be written
# again; until then the ledger keeps the smaller number, so that no count is negative.
_LEDGER = """
UPDATE batch SET content_sha256 = %(digest)s, clean_rows = counted.rows,
    quarantined_rows = least(quarantined_rows, %(quarantined)s),
    repeated_rows = least(repeated_rows, %(repeated)s),
    erased_rows = raw_rows - counted.rows - least(quarantined_rows, %(quarantined)s)
        - least(repeated_rows, %(repeated)s)
FROM (SELECT count(*) AS rows FROM encounter WHERE batch_id = %(batch)s) AS counted
WHERE batch.batch_id = %(batch)s
"""
