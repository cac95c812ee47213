"""Predictions meet what became of the patients, once, and only where the model had not seen it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from api.prediction_log.encoding import Encoder
from readmission.domain import schema
from readmission.domain.privacy import Pseudonyms
from readmission.pipeline.record_outcomes import record_outcomes
from readmission.warehouse import CleanWarehouse
from readmission.warehouse.predictions.outcomes import LiveOutcomes, OutcomeStore, live_outcomes
from readmission.warehouse.predictions.store import PredictionStore
from tests.conftest import Platform, emptied
from tests.include.conftest import BATCH_ROWS, BATCHES

KEY = "a key of at least thirty-two characters"
DAYS, VERSIONS = 30, 8
NOW = datetime.now(UTC)
SEEN, UNSEEN = NOW - timedelta(days=5), NOW + timedelta(days=5)
"""Moments before and after the predictions of these tests."""


class Records:
    """The database of predictions, and what is told to it."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection
        self.predictions, self.outcomes = PredictionStore(connection), OutcomeStore(connection)
        self.names = Pseudonyms(KEY)
        self._encoder = Encoder(KEY)

    def predict(
        self, encounter: int | None, answer: str, version: str = "1", at: datetime = NOW
    ) -> None:
        """Log a prediction as the API does."""
        row = {schema.ENCOUNTER: "?" if encounter is None else encounter, schema.PATIENT: 5}
        record = (at.timestamp(), "request", 0, version, row, (0.5, 0.3, 0.2), answer)
        self.predictions.copy(self._encoder.line(record))

    def happen(self, encounter: int, outcome: str, part: str, known_at: datetime) -> None:
        """Make an outcome known."""
        hashed = self.names.encounter(encounter)
        assert hashed is not None
        batch_id = f"batch-{encounter:04d}"
        self.outcomes.record(batch_id, "sha", known_at, [(hashed, outcome, part)])

    def live(self, versions: int = VERSIONS) -> list[LiveOutcomes]:
        return live_outcomes(self.connection, DAYS, versions)

    def rows(self) -> list[tuple[str, str, str, datetime]]:
        query = "SELECT encounter_hash, readmitted, part, known_at FROM outcome ORDER BY 1"
        return self.connection.execute(query.encode()).fetchall()


@pytest.fixture
def records(platform: Platform) -> Iterator[Records]:
    with emptied(platform.predictions_dsn) as connection:
        connection.autocommit = True
        yield Records(connection)


def test_an_outcome_of_a_test_patient_counts_whenever_it_was_known(records: Records) -> None:
    records.happen(1, "<30", "test", SEEN)
    records.happen(2, "NO", "test", UNSEEN)
    records.predict(1, ">30")
    records.predict(2, "NO")

    assert records.live() == [
        LiveOutcomes("1", ">30", "<30", 1),
        LiveOutcomes("1", "NO", "NO", 1),
    ]


@pytest.mark.parametrize("part", ["train", "val"])
def test_an_outcome_the_model_may_have_seen_counts_only_if_it_came_later(
    records: Records, part: str
) -> None:
    records.happen(1, "<30", part, SEEN)
    records.happen(2, "NO", part, UNSEEN)
    records.predict(1, "<30")
    records.predict(2, ">30")

    assert records.live() == [LiveOutcomes("1", ">30", "NO", 1)]


def test_an_encounter_counts_once_for_each_version_and_the_last_answer_holds(
    records: Records,
) -> None:
    records.happen(1, "<30", "test", SEEN)
    records.predict(1, "NO", at=NOW - timedelta(hours=2))
    records.predict(1, "<30", at=NOW - timedelta(hours=1))
    records.predict(1, ">30", version="2")

    assert records.live() == [
        LiveOutcomes("1", "<30", "<30", 1),
        LiveOutcomes("2", ">30", "<30", 1),
    ]


def test_the_newest_versions_of_the_last_days_count(records: Records) -> None:
    records.happen(1, "NO", "test", SEEN)
    for version in ("8", "9", "10"):
        records.predict(1, "NO", version=version)
    records.predict(1, "NO", version="11", at=NOW - timedelta(days=DAYS + 1))

    assert [one.model_version for one in records.live(versions=2)] == ["10", "9"]


def test_who_is_unknown_has_no_outcome(records: Records) -> None:
    records.predict(None, "NO")
    records.predict(7, "NO")

    assert records.live() == []


def test_what_was_known_stays_known_and_can_be_corrected(records: Records) -> None:
    records.happen(1, "NO", "train", SEEN)
    records.happen(1, "<30", "train", UNSEEN)

    assert records.rows() == [(records.names.encounter(1), "<30", "train", SEEN)]


def test_the_outcomes_of_every_accepted_batch_are_brought_once(
    filled: CleanWarehouse, records: Records
) -> None:
    # given two accepted batches; when the first attempt comes with the second one only
    assert record_outcomes(filled, records.outcomes, KEY) == dict.fromkeys(BATCHES, BATCH_ROWS)

    # then each encounter has the outcome that CLEAN knows, since its batch was written
    since = {batch.batch_id: batch.created_at for batch in filled.batches()}
    expected = {
        records.names.encounter(number): (schema.CLASSES[outcome], part, since[batch_id])
        for batch_id in BATCHES
        for number, outcome, part in filled.outcomes(batch_id)
    }
    before = records.rows()
    assert {hashed: tuple(rest) for hashed, *rest in before} == expected
    # and again changes nothing
    assert record_outcomes(filled, records.outcomes, KEY) == {}
    assert records.rows() == before


def test_a_batch_that_was_rejected_has_no_outcomes(
    filled: CleanWarehouse, records: Records
) -> None:
    filled.reject(BATCHES[1], ["odd"])

    assert record_outcomes(filled, records.outcomes, KEY) == {BATCHES[0]: BATCH_ROWS}


def test_a_batch_that_was_killed_half_way_leaves_nothing(records: Records) -> None:
    def dying() -> Iterator[tuple[str, str, str]]:
        yield "a hash", "NO", "test"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        records.outcomes.record(BATCHES[0], "sha", NOW, dying())

    assert records.rows() == []
    assert records.outcomes.batches() == {}


def test_no_number_of_an_encounter_or_patient_is_kept(
    filled: CleanWarehouse, records: Records
) -> None:
    record_outcomes(filled, records.outcomes, KEY)

    hashes = {hashed for hashed, *_ in records.rows()}
    numbers = {str(number) for number, *_ in filled.outcomes(BATCHES[0])}
    assert all(len(hashed) == 32 for hashed in hashes)
    assert not hashes & numbers
