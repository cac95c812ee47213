"""The stays of accepted batches, copied from CLEAN to where the API reads them."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql

from readmission.domain.columns.history import Stay
from readmission.warehouse.ledger import Ledger

Fingerprint = tuple[int, int]
"""Number of rows of a batch, and the sum of their hashes."""


def publish(warehouse: Ledger[Any], predictions: psycopg.Connection) -> list[str]:
    """Make ``known_stay`` equal to the stays of accepted batches in CLEAN.

    Only batches that differ are written, so repeating it, or repeating it after a failure, is
    cheap and leaves the same rows.

    Parameters
    ----------
    warehouse : Ledger
        CLEAN, with the stays as processing wrote them, under keyed hashes.
    predictions : psycopg.Connection
        A connection to the PREDICTIONS database.

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
        for batch_id in changed:
            _replace(warehouse.connection, predictions, batch_id)
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


def stays(connection: psycopg.Connection) -> Iterator[tuple[str, Stay]]:
    """Yield every stay with the hash of its patient, in the caller's transaction."""
    with connection.cursor(name="known_stays") as cursor:
        cursor.itersize = 5_000
        cursor.execute(_READ)
        for patient_hash, *stay in cursor:
            yield patient_hash, Stay(*stay)


def _fingerprints(connection: psycopg.Connection, stays: sql.SQL) -> dict[str, Fingerprint]:
    with connection.transaction():
        rows = connection.execute(_FINGERPRINTS.format(stays=stays))
        return {batch: (count, int(total)) for batch, count, total in rows}


def _replace(source: psycopg.Connection, target: psycopg.Connection, batch_id: str) -> None:
    """Copy the stays of one batch; those of a batch that is not accepted are only deleted."""
    with target.transaction(), source.transaction(), source.cursor() as reader:
        target.execute("DELETE FROM known_stay WHERE batch_id = %s", (batch_id,))
        query = _COPY_OUT.format(stays=_ACCEPTED, columns=_COLUMNS)
        into = _COPY_IN.format(columns=_COLUMNS)
        with (
            reader.copy(query, (batch_id,)) as blocks,
            target.cursor() as writer,
            writer.copy(into) as copy,
        ):
            for block in blocks:
                copy.write(block)


_COLUMNS = sql.SQL(
    "batch_id, source_row, number, patient_hash, encounter_id, days, medicines, discharge,"
    " diagnosis, followed_soon"
)
_ACCEPTED = sql.SQL("patient_history JOIN batch USING (batch_id) WHERE batch.state = 'accepted'")
_KNOWN = sql.SQL("known_stay WHERE true")
_FINGERPRINTS = sql.SQL("""
SELECT batch_id, count(*), sum(hashtextextended(row::text, 0)) FROM (
    SELECT batch_id, ROW(source_row, number, patient_hash, encounter_id, days, medicines, discharge,
        diagnosis, followed_soon) AS row
    FROM {stays}
) AS stay GROUP BY batch_id
""")
_COPY_OUT = sql.SQL("COPY (SELECT {columns} FROM {stays} AND batch_id = %s) TO STDOUT")
_COPY_IN = sql.SQL("COPY known_stay ({columns}) FROM STDIN")
_READ = """
SELECT patient_hash, encounter_id, number, days, medicines, discharge, diagnosis, followed_soon
FROM known_stay
"""
