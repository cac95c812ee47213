"""The stays of accepted batches, copied from CLEAN to where the API reads them.

A copy has no number of a patient or an encounter: keyed hashes take their place. Hashes have no
order, so a stay also has its ordinal among the stays of its patient.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from readmission.domain.columns.history import Stay
from readmission.domain.privacy import Hasher
from readmission.warehouse.ledger import Ledger

Fingerprint = tuple[int, int]
"""Number of rows of a batch, and the sum of their hashes."""


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

    Only batches that differ are written, so repeating it, or repeating it after a failure, is
    cheap and leaves the same rows.

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
    with warehouse.unchanged():  # A stay that is read before an erasure is not written after.
        wanted = _fingerprints(warehouse.connection, _ACCEPTED)
        known = _fingerprints(predictions, _KNOWN)
        changed = sorted(
            batch for batch in wanted.keys() | known.keys() if wanted.get(batch) != known.get(batch)
        )
        if changed:
            _replace(warehouse.connection, predictions, changed, hashed)
    return changed


def version(connection: psycopg.Connection) -> int:
    """Return a number that is higher after each change of the stays."""
    found = connection.execute("SELECT version FROM known_stays_version").fetchone()
    return int(found[0]) if found else 0


def state(connection: psycopg.Connection) -> tuple[int, datetime]:
    """Return what differs whenever the stays may: their version, and when the server started.

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


def _fingerprints(connection: psycopg.Connection, stays: sql.SQL) -> dict[str, Fingerprint]:
    with connection.transaction():
        rows = connection.execute(_FINGERPRINTS.format(facts=_FACTS, stays=stays))
        return {batch: (count, int(total)) for batch, count, total in rows}


def _replace(
    source: psycopg.Connection,
    target: psycopg.Connection,
    batch_ids: Sequence[str],
    hashed: Hasher,
) -> None:
    """Copy the stays of batches; those of a batch that is not accepted are only deleted."""
    with target.transaction(), source.transaction(), source.cursor(name="stays") as reader:
        target.execute("DELETE FROM known_stay WHERE batch_id = ANY(%s)", (batch_ids,))
        reader.itersize = 5_000
        reader.execute(_ACCEPTED_STAYS.format(facts=_FACTS, stays=_ACCEPTED), (batch_ids,))
        into = _COPY_IN.format(facts=_FACTS)
        with target.cursor() as writer, writer.copy(into) as copy:
            for batch_id, encounter, *facts in reader:
                copy.write_row((batch_id, hashed(encounter), *facts))


_FACTS = sql.SQL(
    "source_row, number, patient_hash, ordinal, days, medicines, discharge, diagnosis,"
    " followed_soon"
)
_ACCEPTED = sql.SQL("""(
    SELECT ordered.*, batch.number FROM (
        SELECT *, (dense_rank() OVER (
            PARTITION BY patient_hash ORDER BY encounter_id
        ))::integer AS ordinal
        FROM patient_history
    ) AS ordered JOIN batch USING (batch_id) WHERE batch.state = 'accepted'
)""")
"""The order is among all stays, so that it stays the same when a batch is rejected."""
_KNOWN = sql.SQL("known_stay")
_FINGERPRINTS = sql.SQL("""
SELECT batch_id, count(*), sum(hashtextextended(ROW({facts})::text, 0))
FROM {stays} AS stay GROUP BY batch_id
""")
_ACCEPTED_STAYS = sql.SQL("""
SELECT batch_id, encounter_id, {facts} FROM {stays} AS stay WHERE batch_id = ANY(%s)
""")
_COPY_IN = sql.SQL("COPY known_stay (batch_id, encounter_hash, {facts}) FROM STDIN")
_READ = """
SELECT patient_hash, encounter_hash, ordinal, number, days, medicines, discharge, diagnosis,
    followed_soon
FROM known_stay
"""
