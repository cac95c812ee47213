"""Predictions are compared with outcomes, once, and only with those unknown to the model."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from api.prediction_log.encoding import Encoder
from readmission.domain import schema
from readmission.domain.privacy import Pseudonyms
from readmission.pipeline.outcomes.record_outcomes import record_outcomes
from readmission.warehouse import CleanWarehouse
from readmission.warehouse.predictions.outcomes import (
    LiveOutcomes,
    OutcomeStore,
    live_outcomes,
    recent_versions,
)
from readmission.warehouse.predictions.store import PredictionStore
from tests.conftest import Platform
from tests.databases import emptied
from tests.include.conftest import BATCH_ROWS, BATCHES

KEY = "a key of at least thirty-two characters"
DAYS = 30
NOW = datetime.now(UTC)
SEEN, UNSEEN = NOW - timedelta(days=5), NOW + timedelta(days=5)
"""Moments before and after the predictions of these tests."""


class Records:
    """The database of predictions, with its predictions and outcomes."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection
        self.predictions, self.outcomes = PredictionStore(connection), OutcomeStore(connection)
        self.pseudonyms = Pseudonyms(KEY)
        self._encoder = Encoder(KEY)

    def predict(
        self, encounter: int | None, predicted: str, version: str = "1", at: datetime = NOW
    ) -> None:
        """Log a prediction as the API does."""
        row = {schema.ENCOUNTER: "?" if encounter is None else encounter, schema.PATIENT: 5}
        record = (at.timestamp(), "request", 0, version, row, (0.5, 0.3, 0.2), predicted, "", None)
        self.predictions.copy(self._encoder.line(record))

    def know(self, encounter: int, outcome: str, split: str, known_at: datetime) -> None:
        """Record the outcome of one encounter."""
        hashed = self.pseudonyms.encounter(encounter)
        assert hashed is not None
        batch_id = f"batch-{encounter:04d}"
        self.outcomes.record(batch_id, "sha", known_at, [(hashed, outcome, split)])

    def live(self) -> list[LiveOutcomes]:
        return live_outcomes(self.connection, DAYS, recent_versions(self.connection, DAYS))

    def rows(self) -> list[tuple[str, str, str, datetime]]:
        query = "SELECT encounter_hash, readmitted, part, known_at FROM outcome ORDER BY 1"
        return self.connection.execute(query.encode()).fetchall()


@pytest.fixture
def records(platform: Platform) -> Iterator[Records]:
    with emptied(platform.predictions_dsn) as connection:
        connection.autocommit = True
        yield Records(connection)


def test_the_outcome_of_a_test_patient_counts_whenever_it_became_known(records: Records) -> None:
    records.know(1, "<30", "test", SEEN)
    records.know(2, "NO", "test", UNSEEN)
    records.predict(1, ">30")
    records.predict(2, "NO")

    assert records.live() == [
        LiveOutcomes("1", ">30", "<30", 1),
        LiveOutcomes("1", "NO", "NO", 1),
    ]


@pytest.mark.parametrize("split", ["train", "val"])
def test_an_outcome_of_a_training_patient_counts_only_if_it_became_known_later(
    records: Records, split: str
) -> None:
    records.know(1, "<30", split, SEEN)
    records.know(2, "NO", split, UNSEEN)
    records.predict(1, "<30")
    records.predict(2, ">30")

    assert records.live() == [LiveOutcomes("1", ">30", "NO", 1)]


def test_an_encounter_counts_once_for_each_version_with_its_last_prediction(
    records: Records,
) -> None:
    records.know(1, "<30", "test", SEEN)
    records.predict(1, "NO", at=NOW - timedelta(hours=2))
    records.predict(1, "<30", at=NOW - timedelta(hours=1))
    records.predict(1, ">30", version="2")

    assert records.live() == [
        LiveOutcomes("1", "<30", "<30", 1),
        LiveOutcomes("2", ">30", "<30", 1),
    ]


def test_only_versions_of_the_last_days_count(records: Records) -> None:
    records.know(1, "NO", "test", SEEN)
    for version in ("8", "9", "10"):
        records.predict(1, "NO", version=version)
    records.predict(1, "NO", version="11", at=NOW - timedelta(days=DAYS + 1))

    assert {one.model_version for one in records.live()} == {"8", "9", "10"}


def test_an_unknown_encounter_has_no_outcome(records: Records) -> None:
    records.predict(None, "NO")
    records.predict(7, "NO")

    assert records.live() == []


def test_a_corrected_outcome_keeps_the_time_at_which_it_became_known(records: Records) -> None:
    records.know(1, "NO", "train", SEEN)
    records.know(1, "<30", "train", UNSEEN)

    assert records.rows() == [(records.pseudonyms.encounter(1), "<30", "train", SEEN)]


def test_the_outcomes_of_every_accepted_batch_are_recorded_once(
    filled: CleanWarehouse, records: Records
) -> None:
    # given two accepted batches, when the first attempt is made after the second batch
    assert record_outcomes(filled, records.outcomes, KEY) == dict.fromkeys(BATCHES, BATCH_ROWS)

    # then each encounter has its outcome in CLEAN, known since its batch was written
    since = {batch.batch_id: batch.created_at for batch in filled.batches()}
    expected = {
        records.pseudonyms.encounter(number): (schema.CLASSES[outcome], split, since[batch_id])
        for batch_id in BATCHES
        for number, outcome, split in filled.outcomes(batch_id)
    }
    before = records.rows()
    assert {hashed: tuple(rest) for hashed, *rest in before} == expected
    # and repeating it changes nothing
    assert record_outcomes(filled, records.outcomes, KEY) == {}
    assert records.rows() == before


def test_a_rejected_batch_has_no_outcomes(filled: CleanWarehouse, records: Records) -> None:
    filled.reject(BATCHES[1], ["odd"])

    assert record_outcomes(filled, records.outcomes, KEY) == {BATCHES[0]: BATCH_ROWS}


def test_a_batch_that_is_killed_half_way_leaves_no_outcomes(records: Records) -> None:
    def killed() -> Iterator[tuple[str, str, str]]:
        yield "a hash", "NO", "test"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        records.outcomes.record(BATCHES[0], "sha", NOW, killed())

    assert records.rows() == []
    assert records.outcomes.batches() == {}


def test_no_encounter_or_patient_number_is_stored(filled: CleanWarehouse, records: Records) -> None:
    record_outcomes(filled, records.outcomes, KEY)

    hashes = {hashed for hashed, *_ in records.rows()}
    numbers = {str(number) for number, *_ in filled.outcomes(BATCHES[0])}
    assert all(len(hashed) == 32 for hashed in hashes)
    assert not hashes & numbers
