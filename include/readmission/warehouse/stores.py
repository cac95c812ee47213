"""Every table of the databases: how it is searched for a patient's rows, or why not.

Export and erasure of a patient read this declaration, and a test fails on a table that it does not
name. A new table with rows of patients is a line here. Rows are deleted in the reverse order, so a
table that refers to another comes after it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import cast

import psycopg
from psycopg import sql
from psycopg.rows import dict_row


@dataclass(frozen=True)
class PatientRows:
    """A table that holds rows of patients.

    Parameters
    ----------
    found_by : str
        How a patient's rows are found, in words.
    condition : str
        The same in SQL; its parameters are the fields of
        `readmission.operations.patients.searching.Subject`.
    order : str
        Columns by which an export sorts the rows.
    listed : str, optional
        A column that lists encounters of many patients. An export shows only the patient's own
        encounters in it, and an erasure removes only these; the row itself stays.
    """

    found_by: str
    condition: sql.SQL
    order: sql.SQL
    listed: str | None = None


@dataclass(frozen=True)
class NoPatientRows:
    """A table that holds no rows of patients.

    Parameters
    ----------
    because : str
        What it holds instead.
    """

    because: str


_BY_ROW = PatientRows(
    "batch and row of the source, from the number as it arrived or was last corrected",
    sql.SQL(
        "(batch_id, source_row) IN"
        " (SELECT * FROM unnest(%(batches)s::text[], %(source_rows)s::bigint[]))"
    ),
    sql.SQL("batch_id, source_row"),
)
_BY_NUMBER = sql.SQL("patient_nbr = %(patient)s")
_BY_HASH = "keyed hash of the patient's number; without one, of the number of an encounter"
_HAS_HASH = sql.SQL(
    "patient_hash = ANY(%(patient_hashes)s)"
    " OR (patient_hash IS NULL AND encounter_hash = ANY(%(encounter_hashes)s))"
)
_REVISION = NoPatientRows("the revision of the tables")
_VERDICTS = NoPatientRows(
    "sentences about whole batches, which may quote a wrong value, but never a number or a row"
)
_WARNINGS = NoPatientRows("who acknowledged which warning of a gate, until when and why")

RAW: Mapping[str, PatientRows | NoPatientRows] = MappingProxyType(
    {
        "encounter": _BY_ROW,
        "quarantine": _BY_ROW,
        "quarantine_decision": _BY_ROW,
        "repeated_row": _BY_ROW,
        "correction": _BY_ROW,
        "batch": NoPatientRows("counts, times and the hash of each batch"),
        "stored_rows": NoPatientRows("counts of encounters by batch"),
        "known_file": NoPatientRows("how each source file looked when it was read"),
        "known_chunk": NoPatientRows("hashes of consecutive rows of a source file"),
        "known_rows": NoPatientRows("hashes of rows of a source file that make a batch"),
        "gate_verdict": _VERDICTS,
        "warning_decision": _WARNINGS,
        "erasure": NoPatientRows("who erased rows, when and why; not whose rows"),
        "erased_rows": NoPatientRows("counts of erased rows by batch"),
        "erased_patient": NoPatientRows(
            "keyed hashes of erased patients, kept so that their rows are refused"
        ),
        "alembic_version": _REVISION,
    }
)
CLEAN: Mapping[str, PatientRows | NoPatientRows] = MappingProxyType(
    {
        "encounter": PatientRows(
            "number of the patient", _BY_NUMBER, sql.SQL("batch_id, source_row")
        ),
        "patient": PatientRows("number of the patient", _BY_NUMBER, sql.SQL("patient_nbr")),
        "training_partition": PatientRows(
            "batch of an encounter; the object of this name has copies of the batch's rows",
            sql.SQL("batch_id IN (SELECT batch_id FROM encounter WHERE patient_nbr = %(patient)s)"),
            sql.SQL("batch_id"),
        ),
        "patient_history": PatientRows(
            "keyed hash of the patient's number, or the batch and row of an encounter",
            # After the key was lost, no hash finds them until they are hashed again.
            sql.SQL(
                "patient_hash = ANY(%(patient_hashes)s) OR (batch_id, source_row) IN"
                " (SELECT batch_id, source_row FROM encounter WHERE patient_nbr = %(patient)s)"
            ),
            sql.SQL("batch_id, source_row"),
        ),
        "history_fingerprint": NoPatientRows("count and hash of the stays of each batch"),
        "batch": NoPatientRows("counts, times and the hash of each batch"),
        "stored_rows": NoPatientRows("counts of encounters by batch"),
        "gate_verdict": _VERDICTS,
        "warning_decision": _WARNINGS,
        "skipped_training": NoPatientRows("batches on which no model is trained, and why"),
        "candidate": NoPatientRows("the best model of each training"),
        "promotion": NoPatientRows("metrics of whole test sets, and of groups of patients"),
        "judged_rows": PatientRows(
            "number of an encounter among the test rows of a verdict",
            sql.SQL("encounters && %(encounters)s::bigint[]"),
            sql.SQL("promotion_id"),
            listed="encounters",
        ),
        "rollback": NoPatientRows("changes of the model in production"),
        "production_move": NoPatientRows("changes of the model in production by hand, and why"),
        "drift": NoPatientRows("the drift of each column of a batch"),
        "stage_failure": NoPatientRows(
            "errors of runs; a message that could quote a row is left out"
        ),
        "alembic_version": _REVISION,
    }
)
PREDICTIONS: Mapping[str, PatientRows | NoPatientRows] = MappingProxyType(
    {
        "prediction": PatientRows(_BY_HASH, _HAS_HASH, sql.SQL("at, id")),
        "shadow_prediction": PatientRows(_BY_HASH, _HAS_HASH, sql.SQL("at, number")),
        "outcome": PatientRows(
            "keyed hash of the number of an encounter",
            sql.SQL("encounter_hash = ANY(%(encounter_hashes)s)"),
            sql.SQL("known_at, encounter_hash"),
        ),
        "card_feedback": PatientRows(
            "id of the card, made of the request of a prediction for the patient",
            sql.SQL(
                "card IN (SELECT md5(request_id)::uuid FROM prediction"
                " WHERE patient_hash = ANY(%(patient_hashes)s)"
                " OR (patient_hash IS NULL AND encounter_hash = ANY(%(encounter_hashes)s)))"
            ),
            sql.SQL("at, card"),
        ),
        "known_stay": PatientRows(
            "keyed hash of the patient's number",
            sql.SQL("patient_hash = ANY(%(patient_hashes)s)"),
            sql.SQL("batch_id, source_row"),
        ),
        "erased_prediction": NoPatientRows(
            "keyed hashes of erased patients, kept so that their waiting predictions are refused"
        ),
        "live_figure": NoPatientRows("metrics over all patients and over groups of patients"),
        "request_drift": NoPatientRows("the drift of each column of recent requests"),
        "known_batch": NoPatientRows("which batches' stays are known, with a hash of all of them"),
        "known_stays_version": NoPatientRows("how often the known stays have changed"),
        "follow_up_threshold": NoPatientRows("who chose the risk of follow-up, when and why"),
        "outcome_batch": NoPatientRows("the hash of each batch whose outcomes are recorded"),
        "alembic_version": _REVISION,
    }
)
AUDIT: Mapping[str, PatientRows | NoPatientRows] = MappingProxyType(
    {
        "audit_event": NoPatientRows(
            "who did what; an export or erasure under the keyed hash of erased patients"
        ),
        "alembic_version": _REVISION,
    }
)
STORES: Mapping[str, Mapping[str, PatientRows | NoPatientRows]] = MappingProxyType(
    {"raw": RAW, "clean": CLEAN, "predictions": PREDICTIONS, "audit": AUDIT}
)
"""By database and table."""


def with_patients(database: str) -> dict[str, PatientRows]:
    """Return the tables of a database that hold rows of patients."""
    return {
        table: store for table, store in STORES[database].items() if isinstance(store, PatientRows)
    }


def find(
    connection: psycopg.Connection, database: str, subject: Mapping[str, object]
) -> dict[str, list[dict[str, object]]]:
    """Return the rows of a patient in one database by table; a table without rows is empty.

    Parameters
    ----------
    connection : psycopg.Connection
        A connection to the database.
    database : str
        One of `STORES`.
    subject : mapping
        Parameters of the conditions.
    """
    rows = {}
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        for table, store in with_patients(database).items():
            query = _SELECT.format(sql.Identifier(table), store.condition, store.order)
            found = cursor.execute(query, subject).fetchall()
            rows[table] = [_own(row, store.listed, subject) for row in found]
    return rows


def _own(
    row: dict[str, object], listed: str | None, subject: Mapping[str, object]
) -> dict[str, object]:
    """Return a row without the encounters of other patients."""
    if listed is None:
        return row
    mine = frozenset(cast("Iterable[int]", subject["encounters"]))
    return row | {listed: [one for one in cast("Iterable[int]", row[listed]) if one in mine]}


def delete(connection: psycopg.Connection, database: str, subject: Mapping[str, object]) -> None:
    """Delete the rows of a patient from one database, in one transaction."""
    with connection.transaction():
        for table, store in reversed(with_patients(database).items()):
            statement = _DELETE if store.listed is None else _SHORTEN
            column = sql.Identifier(store.listed or "")
            query = statement.format(sql.Identifier(table), store.condition, column=column)
            connection.execute(query, subject)


_SELECT = sql.SQL("SELECT * FROM {} WHERE {} ORDER BY {}")
_DELETE = sql.SQL("DELETE FROM {} WHERE {}")
_SHORTEN = sql.SQL("""
UPDATE {} SET {column} = ARRAY(
    SELECT unnest({column}) EXCEPT SELECT unnest(%(encounters)s::bigint[]) ORDER BY 1
) WHERE {}
""")
