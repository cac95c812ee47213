"""Export every row of one patient as one JSON document."""

import json
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from readmission.domain import schema
from readmission.errors import PatientNotFound
from readmission.operations.patients.access import Databases
from readmission.operations.patients.models import models_of, verdicts_of
from readmission.operations.patients.searching import Rows, find, identify
from readmission.settings import Settings
from readmission.warehouse.clean.erasures import CleanErasures
from readmission.warehouse.raw.erased_patients import canonical
from readmission.warehouse.stores import STORES, with_patients

log = logging.getLogger("readmission.operations.patients")

ANOTHER = "(the number of another patient)"
"""Shown where a row arrived, or was once corrected, with the number of somebody else."""

Report = Callable[[str], None]
"""Called with one sentence for people before each step; never with a patient's number."""


def export(
    databases: Databases, settings: Settings, patient: int, by: str, reason: str, report: Report
) -> str:
    """Return all rows of a patient, table by table, and the models that learned from them.

    Parameters
    ----------
    databases : Databases
        The databases.
    settings : Settings
        Address of MLflow and name of the model.
    patient : int
        Number of the patient.
    by, reason : str
        Who exports, and why; both become part of the document.
    report : callable
        Shows the progress.

    Raises
    ------
    PatientNotFound
        If no table has a row of the patient.
    RegistryUnavailable
        If MLflow cannot be reached.
    """
    with databases.clean.unchanged():
        report("searching RAW, CLEAN and the prediction log")
        found = find(databases, identify(databases, patient))
        use = CleanErasures(databases.clean).use_of(patient)
    if not any(rows for tables in found.values() for rows in tables.values()):
        raise PatientNotFound(names_of_tables())
    report("querying MLflow for the models that learned from the rows")
    document = {
        "patient_nbr": patient,
        "exported_at": datetime.now(UTC),
        "exported_by": by,
        "reason": reason,
        **{name: _described(name, tables, patient) for name, tables in found.items()},
        "models": models_of(settings, use),
        "verdicts": verdicts_of(databases.clean, patient, use),
    }
    counts = {name: sum(map(len, tables.values())) for name, tables in found.items()}
    log.info("the rows of one patient were exported by %s: %s", by, counts)
    return json.dumps(document, indent=2, default=str, ensure_ascii=False)


def names_of_tables() -> list[str]:
    """Return the tables that are searched, as ``database.table``."""
    return [f"{database}.{table}" for database in STORES for table in with_patients(database)]


def _described(database: str, tables: Mapping[str, Rows], patient: int) -> Mapping[str, Any]:
    return {
        table: {
            "found_by": store.found_by,
            "count": len(tables[table]),
            "rows": [_without_others(row, patient) for row in tables[table]],
        }
        for table, store in with_patients(database).items()
    }


def _without_others(row: Mapping[str, Any], patient: int) -> dict[str, Any]:
    """Return a row, and the correction in it, without the number of another patient."""
    shown = dict(row)
    if schema.PATIENT in row and canonical(str(row[schema.PATIENT])) != str(patient):
        shown[schema.PATIENT] = ANOTHER
    if isinstance(row.get("correction"), dict):
        shown["correction"] = _without_others(row["correction"], patient)
    return shown
