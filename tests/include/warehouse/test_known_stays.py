"""The API's source of earlier stays equals those of accepted batches, and says when it changed."""

from collections.abc import Iterator

import psycopg
import pytest

from readmission.domain.privacy import Pseudonyms
from readmission.pipeline.process import process
from readmission.stack.services import postgres
from readmission.stack.stack import Stack
from readmission.warehouse import CleanWarehouse, RawWarehouse
from readmission.warehouse.clean.patient_history import PatientHistory
from readmission.warehouse.predictions import known_stays
from tests.conftest import emptied
from tests.include.warehouse.test_patient_history import KEY, ROWS, filled, raw

__all__ = ["filled", "raw"]


@pytest.fixture
def predictions(databases: Stack) -> Iterator[psycopg.Connection]:
    with emptied(postgres.dsn(databases.site, "predictions")) as connection:
        yield connection


def test_published_stays_are_those_of_accepted_batches(
    filled: CleanWarehouse, raw: RawWarehouse, predictions: psycopg.Connection
) -> None:
    # given
    before = known_stays.version(predictions)
    assert known_stays.publish(filled, predictions) == ["batch-0001", "batch-0002"]
    first = known_stays.version(predictions)
    assert first > before

    # then the stays are those of CLEAN, and repeating it writes nothing
    published = sorted(known_stays.stays(predictions), key=str)
    in_clean = PatientHistory(filled.connection).stays().items()
    assert published == sorted(((one, stay) for one, stays in in_clean for stay in stays), key=str)
    assert len(published) == 2 * ROWS
    assert known_stays.publish(filled, predictions) == []
    assert known_stays.version(predictions) == first

    # and a batch that is no longer accepted is removed, and returns after it is processed again
    filled.connection.execute("UPDATE batch SET state = 'rejected' WHERE batch_id = 'batch-0001'")
    assert known_stays.publish(filled, predictions) == ["batch-0001"]
    assert len(list(known_stays.stays(predictions))) == ROWS
    assert known_stays.version(predictions) > first
    process(raw, filled, "batch-0001", "a key", Pseudonyms(KEY).patient)
    filled.accept("batch-0001")
    assert known_stays.publish(filled, predictions) == ["batch-0001"]


def test_deleting_a_patient_raises_the_version(
    filled: CleanWarehouse, predictions: psycopg.Connection
) -> None:
    known_stays.publish(filled, predictions)
    before = known_stays.version(predictions)
    (patient, _), *_ = known_stays.stays(predictions)

    predictions.execute("DELETE FROM known_stay WHERE patient_hash = %s", (patient,))

    assert known_stays.version(predictions) > before
    assert patient not in dict(known_stays.stays(predictions))
