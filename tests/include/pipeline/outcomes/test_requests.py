"""The drift of requests is measured against the training rows of the champion."""

from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest

from api.contract.encounter import check_encounter
from api.prediction_log.encoding import Encoder
from readmission.domain import cleaning, schema, synthetic
from readmission.domain.drift import MINIMUM_ROWS, Level, reference_of
from readmission.pipeline.outcomes.requests import measure_requests
from readmission.stack.services import postgres
from readmission.stack.stack import Stack
from readmission.warehouse.predictions.recent_requests import drift_by_column
from readmission.warehouse.predictions.store import PredictionStore
from tests.databases import emptied

KEY = "a key of at least thirty-two characters"
RAW = synthetic.encounters(MINIMUM_ROWS, 5).to_pandas()
REFERENCE = reference_of(cleaning.clean(RAW).assign(**{schema.TARGET: cleaning.outcome(RAW)}))


@pytest.fixture
def predictions(databases: Stack) -> Iterator[psycopg.Connection]:
    with emptied(postgres.dsn(databases.site, "predictions")) as connection:
        connection.autocommit = True
        yield connection


def log(connection: psycopg.Connection, rows: int = MINIMUM_ROWS, **changes: str) -> None:
    """Log predictions of encounters as the API has read them, with some values changed."""
    encoder, now = Encoder(KEY), datetime.now(UTC).timestamp()
    sent = RAW.drop(columns=[schema.TARGET]).assign(**changes).head(rows).to_dict("records")
    lines = [
        encoder.line(
            (now, "request", 0, "1", check_encounter(row), (0.5, 0.3, 0.2), "NO", "", None)
        )
        for row in sent
    ]
    PredictionStore(connection).copy(b"".join(lines))


def test_requests_like_the_training_rows_have_no_drift_and_others_have(
    predictions: psycopg.Connection,
) -> None:
    log(predictions)
    same = measure_requests(predictions, "1", REFERENCE)
    assert {drift.level for drift in same} == {Level.NONE}
    assert {drift.column for drift in same} == set(schema.FEATURE_NAMES)

    # when as many arrive whose payer was never seen
    log(predictions, payer_code="XX")
    found = measure_requests(predictions, "1", REFERENCE)

    # then that column has drifted, and the last measurement is replaced
    assert [drift.column for drift in found if drift.level is Level.STRONG] == ["payer_code"]
    assert dict(drift_by_column(predictions)) == {drift.column: drift.psi for drift in found}


def test_few_requests_are_not_measured(predictions: psycopg.Connection) -> None:
    log(predictions, MINIMUM_ROWS - 1)

    assert measure_requests(predictions, "1", REFERENCE) == []
    assert drift_by_column(predictions) == []
