"""Hash every known number again, after the key of the prediction log was rotated."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass

import psycopg
from psycopg import sql

from readmission.operations.patients.access import Databases
from readmission.warehouse.predictions import known_stays
from readmission.warehouse.raw.erased_patients import canonical


@dataclass(frozen=True)
class Rekeyed:
    """What was hashed again.

    Parameters
    ----------
    rows : mapping of str to int
        Changed rows by table.
    erased_before : int
        Erased patients who are listed under a former key only; that key must be kept.
    """

    rows: Mapping[str, int]
    erased_before: int


def rekey(databases: Databases) -> Rekeyed:
    """Replace hashes of former keys; call it within `stopped_pipeline`. It can be repeated.

    The stays in CLEAN need no former key, because their rows have the number. A row of the
    prediction log is found by the numbers in RAW and CLEAN, hashed with each former key; one whose
    number never arrived keeps its hash until it expires.
    """
    predictions = databases.predictions
    rows = {"clean.patient_history": _rekey_history(databases)}
    with predictions.transaction():
        _prepare(predictions)
        for numbers, kind in ((_PATIENTS, "patient"), (_ENCOUNTERS, "encounter")):
            _pair(predictions, _pairs(databases, numbers, kind))
        predictions.execute("ANALYZE rekeyed")
        predictions.execute(_OUTCOMES_THERE)
        predictions.execute(_OLDER_OUTCOMES)
        for table, column in _HASHES:
            names = {"table": sql.Identifier(table), "column": sql.Identifier(column)}
            changed = predictions.execute(_UPDATE.format(**names)).rowcount
            rows[f"predictions.{table}.{column}"] = changed
    published = known_stays.publish(databases.clean, predictions, databases.pseudonyms.encounter)
    rows["predictions.known_stay"] = len(published)
    return Rekeyed(rows, databases.raw.erased_patients.under_former_keys())


def _rekey_history(databases: Databases) -> int:
    """Hash the stays in CLEAN with the current key."""
    connection = databases.clean.connection
    with connection.transaction():
        _prepare(connection)
        numbers = connection.execute("SELECT patient_nbr::text FROM patient").fetchall()
        _pair(connection, ((n, databases.pseudonyms.patient(n)) for (n,) in numbers))
        return connection.execute(_HISTORY).rowcount


def _pairs(databases: Databases, query: Mapping[str, str], kind: str) -> Iterator[tuple[str, str]]:
    """Yield the former and the current hash of every number in RAW and CLEAN."""
    names = databases.pseudonyms
    for database, connection in databases.connections.items():
        if database not in query:
            continue
        with connection.transaction(), closing(connection.cursor(name="numbers")) as cursor:
            for (number,) in cursor.execute(query[database]):
                for written in {number, canonical(number)}:
                    current = getattr(names, kind)(written)
                    for former in names.former:
                        if current is not None:
                            yield getattr(former, kind)(written), current


def _prepare(connection: psycopg.Connection) -> None:
    connection.execute("SET LOCAL statement_timeout = 0")
    connection.execute(_TABLE)


def _pair(connection: psycopg.Connection, pairs: Iterator[tuple[str, str | None]]) -> None:
    with connection.cursor() as cursor, cursor.copy("COPY rekeyed FROM STDIN") as copy:
        for pair in pairs:
            copy.write_row(pair)


_PATIENTS = {
    "raw": "SELECT DISTINCT patient_nbr FROM encounter UNION SELECT correction ->> 'patient_nbr'"
    " FROM quarantine WHERE correction ? 'patient_nbr'",
    "clean": "SELECT patient_nbr::text FROM patient",
}
_ENCOUNTERS = {
    "raw": "SELECT DISTINCT encounter_id FROM encounter UNION SELECT correction ->> 'encounter_id'"
    " FROM quarantine WHERE correction ? 'encounter_id'",
    "clean": "SELECT encounter_id::text FROM encounter",
}
_HASHES = (
    ("prediction", "patient_hash"),
    ("prediction", "encounter_hash"),
    ("shadow_prediction", "patient_hash"),
    ("shadow_prediction", "encounter_hash"),
    ("outcome", "encounter_hash"),
)
_TABLE = "CREATE TEMPORARY TABLE rekeyed (former text, current text) ON COMMIT DROP"
_HISTORY = """
UPDATE patient_history history SET patient_hash = current
FROM encounter JOIN rekeyed ON former = encounter.patient_nbr::text
WHERE (history.batch_id, history.source_row) = (encounter.batch_id, encounter.source_row)
  AND patient_hash <> current
"""
_OUTCOMES_THERE = """
DELETE FROM outcome USING rekeyed
WHERE encounter_hash = former AND EXISTS (SELECT FROM outcome o WHERE o.encounter_hash = current)
"""
"""An outcome that was recorded again since the rotation needs no former hash."""
_OLDER_OUTCOMES = """
DELETE FROM outcome older USING rekeyed, rekeyed other, outcome newer
WHERE older.encounter_hash = rekeyed.former AND newer.encounter_hash = other.former
  AND rekeyed.current = other.current
  AND (newer.known_at, newer.encounter_hash) > (older.known_at, older.encounter_hash)
"""
"""Of an outcome under several former hashes, the newest becomes the only one."""
_UPDATE = sql.SQL("UPDATE {table} SET {column} = current FROM rekeyed WHERE {column} = former")
