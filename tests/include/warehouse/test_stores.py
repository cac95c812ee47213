"""Every table is declared: how it is searched for a patient, or why it holds no row of one."""

import psycopg
import pytest

from readmission.domain import schema
from readmission.stack.services import postgres
from readmission.stack.stack import Stack
from readmission.warehouse.migrations import DATABASES
from readmission.warehouse.migrations.upgrading import upgrade
from readmission.warehouse.stores import STORES, with_patients

COLUMNS = """
SELECT table_name, column_name FROM information_schema.columns
JOIN information_schema.tables USING (table_schema, table_name)
WHERE table_schema = 'public' AND table_type = 'BASE TABLE'
  AND table_name NOT IN (SELECT relname FROM pg_class WHERE relispartition)
"""
IDENTIFYING = {schema.PATIENT, schema.ENCOUNTER, "encounters", "source_row"} | {
    "patient_hash",
    "encounter_hash",
    "card",
}
COPIES = {"training_partition"}
"""Names objects that have copies of rows."""
REFUSALS = {"erased_patient", "erased_prediction"}
"""Keeps a hash on purpose."""


def columns(databases: Stack, database: str) -> dict[str, set[str]]:
    """Return the columns of every table."""
    dsn = postgres.dsn(databases.site, database)
    upgrade(dsn, database)
    found: dict[str, set[str]] = {}
    with psycopg.connect(dsn) as connection:
        for table, column in connection.execute(COLUMNS):
            found.setdefault(table, set()).add(column)
    return found


def test_every_database_is_declared() -> None:
    assert set(STORES) == set(DATABASES)


@pytest.mark.parametrize("database", DATABASES)
def test_every_table_is_declared_and_no_other(databases: Stack, database: str) -> None:
    found = columns(databases, database)

    assert set(found) == set(STORES[database]), (
        "name each table in readmission/warehouse/stores.py: say how a patient's rows are found in"
        " it, so that export and erasure include them, or why it holds none"
    )


@pytest.mark.parametrize("database", DATABASES)
def test_a_table_with_identifying_columns_is_searched(databases: Stack, database: str) -> None:
    found = columns(databases, database)

    identifying = {table for table, names in found.items() if names & IDENTIFYING}
    identifying |= {table for table in found if table in COPIES}
    assert identifying - REFUSALS == set(with_patients(database))
