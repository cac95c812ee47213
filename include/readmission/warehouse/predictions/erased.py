"""Erased patients, whose predictions on the disk or in the memory of an API are not stored."""

from collections.abc import Sequence

import psycopg


def remember(
    connection: psycopg.Connection, patient_hashes: Sequence[str], encounter_hashes: Sequence[str]
) -> None:
    """Refuse predictions for a patient that were made until now and are stored later.

    Call it in the transaction that deletes the stored ones. It waits for predictions that are being
    stored, and others wait until the transaction ends, so that none is missed in between.

    Parameters
    ----------
    connection : psycopg.Connection
        A connection to the predictions, in a transaction.
    patient_hashes : sequence of str
        Hashes of the patient's number, one for each key that is known.
    encounter_hashes : sequence of str
        Keyed hashes of the patient's encounters, for predictions without a patient's number.
    """
    connection.execute("LOCK TABLE prediction, shadow_prediction IN SHARE ROW EXCLUSIVE MODE")
    connection.execute(
        "INSERT INTO erased_prediction (patient_hash, encounter_hashes)"
        " SELECT hash, %s FROM unnest(%s::text[]) AS hash",
        (list(encounter_hashes), list(patient_hashes)),
    )
