"""The API's source of earlier stays equals those of accepted batches, and says when it changed."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any

import psycopg
import pytest

from readmission.domain.privacy import Pseudonyms
from readmission.pipeline.process import process
from readmission.stack.services import postgres
from readmission.stack.stack import Stack
from readmission.warehouse import CleanWarehouse, RawWarehouse
from readmission.warehouse.clean.patient_history import PatientHistory
from readmission.warehouse.predictions import known_stays
from readmission.warehouse.predictions.known_stays import KnownStay
from tests.databases import emptied
from tests.include.tables import waiting_backend
from tests.include.warehouse.test_patient_history import KEY, ROWS, filled, raw

pytestmark = pytest.mark.slow

__all__ = ["filled", "raw"]

HASHED = Pseudonyms(KEY).encounter


@pytest.fixture
def predictions(databases: Stack) -> Iterator[psycopg.Connection]:
    with emptied(postgres.dsn(databases.site, "predictions")) as connection:
        yield connection


def without_numbers(filled: CleanWarehouse) -> Iterator[tuple[str, KnownStay]]:
    """Yield the stays in CLEAN with a hash and an order in place of their numbers."""
    for patient, stays in PatientHistory(filled.connection).stays().items():
        order = {n: place for place, n in enumerate(sorted({s.encounter for s in stays}), 1)}
        for stay in stays:
            hashed = HASHED(stay.encounter) or ""
            yield patient, KnownStay(hashed, stay._replace(encounter=order[stay.encounter]))


def test_published_stays_are_those_of_accepted_batches(
    filled: CleanWarehouse, raw: RawWarehouse, predictions: psycopg.Connection
) -> None:
    # given
    before = known_stays.version(predictions)
    assert known_stays.publish(filled, predictions, HASHED) == ["batch-0001", "batch-0002"]
    first = known_stays.version(predictions)
    assert first > before

    # then the stays are those of CLEAN, and repeating it writes nothing
    published = sorted(known_stays.stays(predictions), key=str)
    assert published == sorted(without_numbers(filled), key=str)
    assert len(published) == 2 * ROWS
    assert known_stays.publish(filled, predictions, HASHED) == []
    assert known_stays.version(predictions) == first

    # and a batch that is no longer accepted is removed, and returns after it is processed again
    filled.connection.execute("UPDATE batch SET state = 'rejected' WHERE batch_id = 'batch-0001'")
    assert known_stays.publish(filled, predictions, HASHED) == ["batch-0001"]
    assert len(list(known_stays.stays(predictions))) == ROWS
    assert known_stays.version(predictions) > first
    process(raw, filled, "batch-0001", "a key", Pseudonyms(KEY).patient)
    filled.accept("batch-0001")
    assert known_stays.publish(filled, predictions, HASHED) == ["batch-0001"]


def test_only_the_patients_of_a_changed_batch_are_written(
    filled: CleanWarehouse, predictions: psycopg.Connection
) -> None:
    # given a stay of a batch that comes before all others of its patient
    known_stays.publish(filled, predictions, HASHED)
    predictions.execute(
        "CREATE TEMPORARY TABLE before AS SELECT *, xmin::text AS written FROM known_stay"
    )
    predictions.commit()
    (patient,) = one(
        filled.connection,
        "SELECT patient_hash FROM patient_history GROUP BY 1 HAVING count(DISTINCT batch_id) = 2",
    )
    filled.connection.execute(
        "UPDATE patient_history SET encounter_id = 0"
        " WHERE patient_hash = %s AND batch_id = 'batch-0002'",
        (patient,),
    )

    # when
    assert known_stays.publish(filled, predictions, HASHED) == ["batch-0002"]

    # then the order of all of the patient's stays is right again
    assert sorted(known_stays.stays(predictions), key=str) == sorted(
        without_numbers(filled), key=str
    )
    # and patients who are not in the batch keep their rows
    (kept,) = one(
        predictions,
        "SELECT count(*) FROM known_stay k JOIN before b USING (batch_id, source_row)"
        " WHERE k.xmin::text = b.written",
    )
    (others,) = one(
        predictions,
        "SELECT count(*) FROM before WHERE patient_hash NOT IN"
        " (SELECT patient_hash FROM before WHERE batch_id = 'batch-0002')",
    )
    assert kept == others > 0


def test_the_second_of_two_publishers_waits_and_has_nothing_to_do(
    filled: CleanWarehouse, predictions: psycopg.Connection, databases: Stack
) -> None:
    # given a process that has published but not committed, such as one that was taken for dead
    filled.connection.commit()
    predictions.commit()
    predictions.execute("SELECT 1")  # Begins the transaction that ends below.
    known_stays.publish(filled, predictions, HASHED)
    dsn = postgres.dsn(databases.site, "predictions")

    # when its task is tried again, and the first one ends
    with (
        psycopg.connect(postgres.dsn(databases.site, "clean")) as clean,
        psycopg.connect(dsn) as log,
        ThreadPoolExecutor() as pool,
    ):
        again = pool.submit(known_stays.publish, CleanWarehouse(clean), log, HASHED)
        try:
            waiting_backend(dsn)
        finally:
            predictions.commit()

        # then
        assert again.result(timeout=60) == []
    assert sorted(known_stays.stays(predictions), key=str) == sorted(
        without_numbers(filled), key=str
    )


@pytest.mark.parametrize("change", ["DELETE FROM known_stay", "UPDATE known_stay SET days = 99"])
def test_known_stays_that_somebody_changed_are_published_again(
    filled: CleanWarehouse, predictions: psycopg.Connection, change: str
) -> None:
    known_stays.publish(filled, predictions, HASHED)

    predictions.execute(f"{change} WHERE batch_id = 'batch-0001' AND source_row < 9".encode())

    assert known_stays.publish(filled, predictions, HASHED) == ["batch-0001"]
    assert sorted(known_stays.stays(predictions), key=str) == sorted(
        without_numbers(filled), key=str
    )


def test_changed_stays_of_a_batch_that_is_no_longer_accepted_are_removed(
    filled: CleanWarehouse, predictions: psycopg.Connection
) -> None:
    known_stays.publish(filled, predictions, HASHED)

    predictions.execute("UPDATE known_stay SET days = 99 WHERE batch_id = 'batch-0001'")
    filled.connection.execute("UPDATE batch SET state = 'rejected' WHERE batch_id = 'batch-0001'")

    assert known_stays.publish(filled, predictions, HASHED) == ["batch-0001"]
    assert len(list(known_stays.stays(predictions))) == ROWS


def one(connection: psycopg.Connection, query: str) -> tuple[Any, ...]:
    found = connection.execute(query.encode()).fetchone()
    assert found is not None
    return found


def test_deleting_a_patient_raises_the_version(
    filled: CleanWarehouse, predictions: psycopg.Connection
) -> None:
    known_stays.publish(filled, predictions, HASHED)
    before = known_stays.version(predictions)
    (patient, _), *_ = known_stays.stays(predictions)

    predictions.execute("DELETE FROM known_stay WHERE patient_hash = %s", (patient,))

    assert known_stays.version(predictions) > before
    assert patient not in dict(known_stays.stays(predictions))


def test_no_number_of_a_patient_or_an_encounter_is_published(
    filled: CleanWarehouse, predictions: psycopg.Connection
) -> None:
    known_stays.publish(filled, predictions, HASHED)
    columns = {column.name for column in predictions.execute("TABLE known_stay").description or ()}

    assert "encounter_id" not in columns
    stored = {word for row in predictions.execute("TABLE known_stay") for word in map(str, row)}
    numbers = filled.connection.execute(
        "SELECT patient_nbr FROM encounter UNION SELECT encounter_id FROM encounter"
    ).fetchall()
    longer = {str(number) for (number,) in numbers if number > 2 * ROWS}  # than any count here
    assert longer
    assert not stored & longer


def test_a_migrated_database_publishes_its_stays_anew(
    filled: CleanWarehouse, predictions: psycopg.Connection
) -> None:
    # given a table of the version before
    known_stays.publish(filled, predictions, HASHED)
    before = known_stays.version(predictions)
    predictions.execute(
        "ALTER TABLE known_stay DROP COLUMN encounter_hash, DROP COLUMN ordinal,"
        " ADD COLUMN encounter_id bigint"
    )

    # when
    migration = import_module("readmission.warehouse.migrations.predictions.0010_hashed_stays")
    predictions.execute(migration.HASHED)

    # then no stay is known, which the API notices, until the next processing
    assert list(known_stays.stays(predictions)) == []
    assert known_stays.version(predictions) > before
    assert known_stays.publish(filled, predictions, HASHED) == ["batch-0001", "batch-0002"]
