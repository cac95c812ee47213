"""Logged predictions, and those in shadow, each with the outcome that became known."""

from collections.abc import Sequence
from typing import NamedTuple

import psycopg

from readmission.warehouse.predictions.outcomes import UNSEEN


class ComparedRow(NamedTuple):
    """One prediction with its outcome; of several for an encounter, the last one.

    `patient` is the hash of the patient, or of the encounter if the request named no patient.
    """

    patient: str
    readmitted: str
    probabilities: Sequence[float]
    predicted_class: str
    race: str
    gender: str
    age: str


class ShadowRow(NamedTuple):
    """The predictions of champion and challenger for one encounter, with its outcome.

    The attributes are those of the champion's logged prediction; None if that is gone.
    """

    patient: str
    readmitted: str
    champion: Sequence[float]
    champion_class: str
    challenger: Sequence[float]
    challenger_class: str
    race: str | None
    gender: str | None
    age: str | None


def predictions_of(connection: psycopg.Connection, version: str, days: int) -> list[ComparedRow]:
    """Return the predictions of one version whose outcome it was not trained on."""
    with connection.transaction():
        found = connection.execute(_LOGGED, {"version": version, "days": days}).fetchall()
    return [ComparedRow(*row) for row in found]


def shadow_pairs(connection: psycopg.Connection, days: int) -> list[tuple[str, str]]:
    """Return champion and challenger of each pair that predicted in the last days."""
    with connection.transaction():
        found = connection.execute(_PAIRS, {"days": days}).fetchall()
    return [(champion, challenger) for champion, challenger in found]


def in_shadow(
    connection: psycopg.Connection, champion: str, challenger: str, days: int
) -> list[ShadowRow]:
    """Return the predictions of a pair whose outcome neither was trained on."""
    pair = {"champion": champion, "challenger": challenger, "days": days}
    with connection.transaction():
        return [ShadowRow(*row) for row in connection.execute(_IN_SHADOW, pair).fetchall()]


_LOGGED = f"""
SELECT DISTINCT ON (encounter_hash)
       coalesce(patient_hash, encounter_hash), readmitted, ARRAY[p_no, p_over_30, p_under_30],
       predicted_class, features ->> 'race', features ->> 'gender', features ->> 'age'
FROM prediction JOIN outcome USING (encounter_hash)
WHERE model_version = %(version)s AND at >= now() - make_interval(days => %(days)s) AND {UNSEEN}
ORDER BY encounter_hash, at DESC
"""  # noqa: S608 - the condition is a constant
_PAIRS = """
SELECT DISTINCT champion_version, challenger_version FROM shadow_prediction
WHERE at >= now() - make_interval(days => %(days)s) ORDER BY 1, 2
"""
_IN_SHADOW = f"""
SELECT DISTINCT ON (encounter_hash)
       coalesce(patient_hash, encounter_hash), readmitted,
       champion, champion_class, challenger, challenger_class, race, gender, age
FROM shadow_prediction s JOIN outcome USING (encounter_hash)
LEFT JOIN LATERAL (
    SELECT features ->> 'race' AS race, features ->> 'gender' AS gender, features ->> 'age' AS age
    FROM prediction p
    WHERE p.request_id = s.request_id AND p.row = s.row AND p.encounter_hash = s.encounter_hash
      AND p.at BETWEEN s.at - interval '1 hour' AND s.at + interval '1 hour'
    LIMIT 1
) logged ON true
WHERE champion_version = %(champion)s AND challenger_version = %(challenger)s
  AND at >= now() - make_interval(days => %(days)s) AND {UNSEEN}
ORDER BY encounter_hash, at DESC
"""  # noqa: S608 - the condition is a constant
