"""Erased patients, whose predictions on the disk or in the memory of an API are not stored."""

from collections.abc import Sequence

import psycopg


def remember(
    connection: psycopg.Connection, patient_hash: str | None, encounter_hashes: Sequence[str]
) -> None:
    """Refuse predictions for a patient that were made until now and are stored later.

    Call it in the transaction that deletes the stored ones. It waits for predictions that are being
    stored, and others wait until the transaction ends, so that none is missed in between.

    Parameters
    ----------
    connection : psycopg.Connection
        A connection to the predictions, in a transaction.
    patient_hash : str, optional
        Keyed hash of the patient's number.
    encounter_hashes : sequence of str
        Keyed hashes of the patient's encounters, for predictions without a patient's number.
    """
    connection.execute("LOCK TABLE prediction, shadow_prediction IN SHARE ROW EXCLUSIVE MODE")
    connection.execute(
        "INSERT INTO erased_prediction (patient_hash, encounter_hashes) VALUES (%s, %s)",
        (patient_hash, list(encounter_hashes)),
    )
