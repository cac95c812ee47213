"""The outcomes of encounters, stored beside the predictions under the same hashes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row

Outcome = tuple[str, str, str]
"""Hash of the encounter, class, and split of the patient."""
DAYS = 30
"""Largest age of the predictions that are compared with outcomes."""
UNSEEN = "(part = 'test' OR known_at > at)"
"""Condition on a prediction and its outcome: no model was trained on the outcome before."""


@dataclass(frozen=True)
class LiveOutcomes:
    """The number of encounters with one predicted class and one outcome.

    Parameters
    ----------
    model_version, predicted_class, readmitted : str
        Version of the model, predicted class, and outcome.
    encounters : int
        Number of these encounters.
    """

    model_version: str
    predicted_class: str
    readmitted: str
    encounters: int


class OutcomeStore:
    """Known outcomes in the PREDICTIONS database; every method is one transaction."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection

    def batches(self) -> Mapping[str, str]:
        """Return the content hash of each batch whose outcomes are recorded."""
        with self.connection.transaction():
            return dict(
                self.connection.execute(
                    "SELECT batch_id, content_sha256 FROM outcome_batch"
                ).fetchall()
            )

    def record(
        self, batch_id: str, content_sha256: str, known_at: datetime, outcomes: Iterable[Outcome]
    ) -> int:
        """Store the outcomes of a batch; return the number of encounters.

        A known outcome is corrected, but keeps the time at which it first became known: from
        then on, a model may have been trained on it.

        Parameters
        ----------
        batch_id, content_sha256 : str
            The batch, and the hash of its content.
        known_at : datetime
            Time before which no model can have been trained on these outcomes.
        outcomes : iterable of tuple
            Hash of the encounter, class, and split of the patient.
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

    def delete_before(self, moment: datetime) -> int:
        """Delete the outcomes that became known before a moment; return how many.

        Parameters
        ----------
        moment : datetime
            With a time zone.
        """
        with self.connection.transaction():
            return self.connection.execute(_EXPIRE, (moment,)).rowcount


def recent_versions(connection: psycopg.Connection, days: int) -> list[str]:
    """Return the model versions that made predictions in the last days, in no order."""
    with connection.transaction():
        found = connection.execute(_VERSIONS, {"days": days}).fetchall()
    return [version for (version,) in found]


def live_outcomes(
    connection: psycopg.Connection, days: int, versions: Sequence[str]
) -> list[LiveOutcomes]:
    """Compare predictions with outcomes that their model was not trained on.

    A prediction counts if its outcome became known after it, or if the patient is in the test
    split, which no model is trained on. If a model version has predicted an encounter several
    times, only the last prediction counts.

    Parameters
    ----------
    connection : psycopg.Connection
        A connection to the PREDICTIONS database.
    days : int
        Largest age of the predictions.
    versions : sequence of str
        The model versions to compare.
    """
    with connection.transaction(), connection.cursor(row_factory=class_row(LiveOutcomes)) as cursor:
        return cursor.execute(_LIVE, {"days": days, "versions": list(versions)}).fetchall()


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
_EXPIRE = "DELETE FROM outcome WHERE known_at < %s"

_VERSIONS = """
SELECT DISTINCT model_version FROM prediction WHERE at >= now() - make_interval(days => %(days)s)
"""

_LIVE = f"""
WITH compared AS (
    SELECT DISTINCT ON (model_version, encounter_hash)
           model_version, predicted_class, readmitted
    FROM prediction JOIN outcome USING (encounter_hash)
    WHERE model_version = ANY(%(versions)s) AND at >= now() - make_interval(days => %(days)s)
      AND {UNSEEN}
    ORDER BY model_version, encounter_hash, at DESC
)
SELECT model_version, predicted_class, readmitted, count(*) AS encounters
FROM compared GROUP BY model_version, predicted_class, readmitted
ORDER BY model_version, predicted_class, readmitted
"""  # noqa: S608 - the condition is a constant
