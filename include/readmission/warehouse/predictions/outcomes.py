"""What became of the patients, beside the predictions and under the same hashes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row

Outcome = tuple[str, str, str]
"""Hash of the encounter, class, part of the patient."""


@dataclass(frozen=True)
class LiveOutcomes:
    """How many encounters of one answer had one outcome.

    Parameters
    ----------
    model_version, predicted_class, readmitted : str
        Which model answered what, and what happened.
    encounters : int
        How many.
    """

    model_version: str
    predicted_class: str
    readmitted: str
    encounters: int


class OutcomeStore:
    """Known outcomes in the database of predictions; every method is one transaction."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection

    def batches(self) -> Mapping[str, str]:
        """Return the content hash of each batch whose outcomes are here."""
        with self.connection.transaction():
            return dict(
                self.connection.execute(
                    "SELECT batch_id, content_sha256 FROM outcome_batch"
                ).fetchall()
            )

    def record(
        self, batch_id: str, content_sha256: str, known_at: datetime, outcomes: Iterable[Outcome]
    ) -> int:
        """Store the outcomes of a batch; return how many encounters there were.

        An outcome that is there already is corrected, and goes on being known since the
        first time: a model may have been trained on it then.

        Parameters
        ----------
        batch_id, content_sha256 : str
            Which batch, and the identity of its content.
        known_at : datetime
            Before this, no model can have seen these outcomes.
        outcomes : iterable of tuple
            Hash of the encounter, class, part.
        """
        with self.connection.transaction(), self.connection.cursor() as cursor:
            cursor.execute(_ARRIVALS)
            with cursor.copy(_COPY) as copy:
                for outcome in outcomes:
                    copy.write_row(outcome)
            cursor.execute(_MERGE, (known_at,))
            stored = cursor.rowcount
            cursor.execute(_NOTE, (batch_id, content_sha256))
        return stored


def live_outcomes(connection: psycopg.Connection, days: int, versions: int) -> list[LiveOutcomes]:
    """Compare predictions with outcomes that the model which answered had not seen.

    A prediction counts if its outcome became known after it, or if the patient is in the test
    part, which no model is ever trained on. Whoever asks ten times about one encounter has
    one prediction of each model version: the last.

    Parameters
    ----------
    connection : psycopg.Connection
        To the database of predictions.
    days : int
        How old the predictions may be.
    versions : int
        How many model versions, the newest ones.
    """
    with connection.transaction(), connection.cursor(row_factory=class_row(LiveOutcomes)) as cursor:
        return cursor.execute(_LIVE, {"days": days, "versions": versions}).fetchall()


_ARRIVALS = """
CREATE TEMPORARY TABLE outcome_arrival (encounter_hash text, readmitted text, part text)
ON COMMIT DROP
"""
_COPY = "COPY outcome_arrival FROM STDIN"
_MERGE = """
INSERT INTO outcome (encounter_hash, readmitted, part, known_at)
SELECT encounter_hash, readmitted, part, %s FROM outcome_arrival
ON CONFLICT (encounter_hash) DO UPDATE SET
    (readmitted, part, known_at)
    = (EXCLUDED.readmitted, EXCLUDED.part, least(outcome.known_at, EXCLUDED.known_at))
"""
_NOTE = """
INSERT INTO outcome_batch (batch_id, content_sha256) VALUES (%s, %s)
ON CONFLICT (batch_id) DO UPDATE SET
    (content_sha256, recorded_at) = (EXCLUDED.content_sha256, now())
"""

_LIVE = """
WITH newest AS (
    SELECT model_version FROM prediction WHERE at >= now() - make_interval(days => %(days)s)
    GROUP BY model_version ORDER BY length(model_version) DESC, model_version DESC
    LIMIT %(versions)s
), compared AS (
    SELECT DISTINCT ON (model_version, encounter_hash)
           model_version, predicted_class, readmitted
    FROM prediction JOIN newest USING (model_version) JOIN outcome USING (encounter_hash)
    WHERE at >= now() - make_interval(days => %(days)s) AND (part = 'test' OR known_at > at)
    ORDER BY model_version, encounter_hash, at DESC
)
SELECT model_version, predicted_class, readmitted, count(*) AS encounters
FROM compared GROUP BY model_version, predicted_class, readmitted
ORDER BY model_version, predicted_class, readmitted
"""
