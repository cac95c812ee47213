"""The predictions of a challenger in shadow, each beside the one that the champion returned."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from operator import attrgetter

import psycopg


@dataclass(frozen=True)
class ShadowPrediction:
    """The predictions of both models for one encounter.

    Parameters
    ----------
    at : datetime
        When the champion's was returned.
    request_id, row : str, int
        Request, and row of its upload; 0 for a single encounter.
    encounter_hash, patient_hash : str, optional
        Keyed hashes of the numbers, if the request had them.
    champion_version, champion, champion_class : str, sequence of 3 floats, str
        The version that responded, its probabilities in the order of `schema.CLASSES`, and its
        decision.
    challenger_version, challenger, challenger_class : str, sequence of 3 floats, str
        The same of the version in shadow.
    """

    at: datetime
    request_id: str
    row: int
    encounter_hash: str | None
    patient_hash: str | None
    champion_version: str
    champion: Sequence[float]
    champion_class: str
    challenger_version: str
    challenger: Sequence[float]
    challenger_class: str


def store(connection: psycopg.Connection, predictions: Sequence[ShadowPrediction]) -> None:
    """Append predictions, all or none."""
    with (
        connection.transaction(),
        connection.cursor() as cursor,
        cursor.copy(_COPY) as copy,
    ):
        for one in predictions:
            copy.write_row(_VALUES(one))


def delete_before(connection: psycopg.Connection, moment: datetime, limit: int) -> int:
    """Delete predictions made before a moment, at most `limit` rows; return how many."""
    with connection.transaction():
        return connection.execute(_DELETE, (moment, limit)).rowcount


# `astuple` copies each value, and an INSERT is a message for each row: ten times the time, during
# which the requests of the service wait.
_VALUES = attrgetter(*(field.name for field in fields(ShadowPrediction)))
_COPY = """
COPY shadow_prediction (
    at, request_id, row, encounter_hash, patient_hash, champion_version, champion, champion_class,
    challenger_version, challenger, challenger_class
) FROM STDIN
"""
_DELETE = """
DELETE FROM shadow_prediction
WHERE number IN (SELECT number FROM shadow_prediction WHERE at < %s ORDER BY at LIMIT %s)
"""
