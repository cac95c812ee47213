"""The stays of accepted batches, copied from CLEAN to where the API reads them.

A copy has no number of a patient or an encounter: keyed hashes take their place. Hashes have no
order, so a stay also has its ordinal among the stays of its patient.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from readmission.domain.columns.history import CLEAN_COLUMNS, Stay
from readmission.domain.privacy import Hasher
from readmission.warehouse.ledger import Ledger


class KnownStay(NamedTuple):
    """A stay without its number.

    Parameters
    ----------
    encounter_hash : str
        Keyed hash of its number.
    stay : Stay
        The stay, with its ordinal among those of its patient in place of its number.
    """

    encounter_hash: str
    stay: Stay


def publish(warehouse: Ledger[Any], predictions: psycopg.Connection, hashed: Hasher) -> list[str]:
    """Make ``known_stay`` equal to the stays of accepted batches in CLEAN.

    Triggers in CLEAN keep a fingerprint of the stays of each batch. ``known_batch`` has the one
    that was published last; a trigger clears it when a known stay is changed or deleted. Only the
    stays of patients in batches that differ are written, so the cost does not grow with the number
    of stays. Repeating it is cheap and leaves the same rows; a second process waits for the first.

    Parameters
    ----------
    warehouse : Ledger
        CLEAN, with the stays as processing wrote them, under keyed hashes.
    predictions : psycopg.Connection
        A connection to the PREDICTIONS database.
    hashed : callable
        Returns the keyed hash of an encounter's number.

    Returns
    -------
    list of str
        The batches that were written or removed.
    """
    with (
        warehouse.unchanged(),  # A stay that is read before an erasure is not written after.
        predictions.transaction(),
        warehouse.connection.transaction(),
    ):
        # First, so that both reads are of one moment, and what a trigger clears stays cleared.
        predictions.execute("LOCK TABLE known_batch IN SHARE ROW EXCLUSIVE MODE")
        wanted: dict[str, str] = dict(warehouse.connection.execute(_ACCEPTED).fetchall())
        known: dict[str, str] = dict(predictions.execute("TABLE known_batch").fetchall())
        changed = sorted(b for b in wanted | known if wanted.get(b) != known.get(b))
        for batch in changed:
            _replace(warehouse.connection, predictions, batch, hashed)
        if changed:
            predictions.execute("DELETE FROM known_batch")
            predictions.cursor().executemany(_NOTE, list(wanted.items()))
    return changed


def version(connection: psycopg.Connection) -> int:
    """Return a number that is higher after each change of the stays."""
    found = connection.execute("SELECT version FROM known_stays_version").fetchone()
    return int(found[0]) if found else 0


def state(connection: psycopg.Connection) -> tuple[int, datetime]:
    """Return a value that changes with the stays: their version, and when the server started.

    A server that was recovered to an earlier time counts the same versions again.
    """
    found = connection.execute("SELECT pg_postmaster_start_time()").fetchone()
    assert found is not None, "a function without FROM returns a row"  # noqa: S101
    return version(connection), found[0]


def stays(connection: psycopg.Connection) -> Iterator[tuple[str, KnownStay]]:
    """Yield every stay with the hash of its patient, in the caller's transaction."""
    with connection.cursor(name="known_stays") as cursor:
        cursor.itersize = 5_000
        cursor.execute(_READ)
        for patient_hash, encounter_hash, *stay in cursor:
            yield patient_hash, KnownStay(encounter_hash, Stay(*stay))


def _replace(
    source: psycopg.Connection, target: psycopg.Connection, batch_id: str, hashed: Hasher
) -> None:
    """Copy all stays of a batch's patients, because their order may have changed in other batches.

    Stays of a batch that is not accepted are only deleted.
    """
    patients = sorted(
        {
            patient
            for connection, query in ((source, _PATIENTS), (target, _KNOWN_PATIENTS))
            for (patient,) in connection.execute(query, (batch_id,))
        }
    )
    target.execute("DELETE FROM known_stay WHERE patient_hash = ANY(%s)", (patients,))
    with source.cursor(name="stays") as reader, target.cursor() as writer:
        reader.itersize = 5_000
        reader.execute(_ACCEPTED_STAYS.format(facts=_FACTS), (patients,))
        with writer.copy(_COPY_IN.format(facts=_FACTS)) as copy:
            for stay_batch, encounter, *facts in reader:
                copy.write_row((stay_batch, hashed(encounter), *facts))


_OF_STAY = ", ".join((*CLEAN_COLUMNS, "followed_soon"))
_FACTS = sql.SQL(f"source_row, number, patient_hash, ordinal, {_OF_STAY}")
_ACCEPTED = """
SELECT batch_id, concat_ws(' ', number, stays, hash) FROM history_fingerprint
JOIN batch USING (batch_id) WHERE batch.state = 'accepted'
"""
_NOTE = "INSERT INTO known_batch (batch_id, fingerprint) VALUES (%s, %s)"
_PATIENTS = "SELECT patient_hash FROM patient_history WHERE batch_id = %s"
_KNOWN_PATIENTS = "SELECT patient_hash FROM known_stay WHERE batch_id = %s"
_ACCEPTED_STAYS = sql.SQL("""
SELECT batch_id, encounter_id, {facts} FROM (
    SELECT *, (dense_rank() OVER (
        PARTITION BY patient_hash ORDER BY encounter_id
    ))::integer AS ordinal
    FROM patient_history WHERE patient_hash = ANY(%s)
) AS ordered JOIN batch USING (batch_id) WHERE batch.state = 'accepted'
""")
"""The order is among all stays, so that it stays the same when a batch is rejected."""
_COPY_IN = sql.SQL("COPY known_stay (batch_id, encounter_hash, {facts}) FROM STDIN")
_READ = f"""
SELECT patient_hash, encounter_hash, ordinal, number, {_OF_STAY} FROM known_stay
"""  # noqa: S608 - names of this table
