"""Feedback about cards of CDS Hooks, joined to predictions by the id of the card."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import psycopg
from psycopg.rows import class_row


@dataclass(frozen=True)
class CardFeedback:
    """What a user did with one card.

    Parameters
    ----------
    card : UUID
        The id of the card.
    at : datetime
        When the user did it.
    service : str
        The service that made the card.
    outcome : str
        ``accepted`` or ``overridden``.
    reason : str, optional
        Code of the reason for overriding it. Free text is not stored: it could name the patient.
    caller : str
        Key id of the client that reported it.
    """

    card: UUID
    at: datetime
    service: str
    outcome: Literal["accepted", "overridden"]
    reason: str | None
    caller: str


@dataclass(frozen=True)
class FeedbackOutcomes:
    """What became of the patients whose cards users accepted, or overrode.

    Parameters
    ----------
    outcome : str
        What users did with the cards: ``accepted`` or ``overridden``.
    reason : str
        Code of the reason for overriding them; empty for all cards with this outcome.
    cards : int
        Number of cards; if a user changed their mind, the last feedback counts.
    known, under_30 : int
        Encounters whose outcome is known by now, and those of them with a readmission within 30
        days. An encounter that had several cards counts once.
    """

    outcome: str
    reason: str
    cards: int
    known: int
    under_30: int


def record(connection: psycopg.Connection, feedback: Sequence[CardFeedback]) -> int:
    """Store feedback in one transaction; return how much of it is new.

    Feedback that is sent again, about the same card and moment, is skipped.
    """
    with connection.transaction():
        return sum(connection.execute(_INSERT, astuple(one)).rowcount for one in feedback)


def feedback_outcomes(connection: psycopg.Connection, days: int) -> list[FeedbackOutcomes]:
    """Return what became of the patients of the last days' cards, by what users did with them."""
    with (
        connection.transaction(),
        connection.cursor(row_factory=class_row(FeedbackOutcomes)) as cursor,
    ):
        return cursor.execute(_OUTCOMES, {"days": days}).fetchall()


def delete_before(connection: psycopg.Connection, moment: datetime, limit: int) -> int:
    """Delete feedback that was received before a moment, at most `limit` rows; return how many."""
    with connection.transaction():
        return connection.execute(_DELETE, (moment, limit)).rowcount


_DELETE = """
DELETE FROM card_feedback
WHERE (card, at) IN (SELECT card, at FROM card_feedback WHERE received_at < %s LIMIT %s)
"""
# A card without a reason counts in the total only.
_OUTCOMES = """
WITH last AS (
    SELECT DISTINCT ON (card) card, outcome, reason FROM card_feedback ORDER BY card, at DESC
), answered AS (
    SELECT outcome, reason, card, encounter_hash, readmitted
    FROM last JOIN prediction ON card = md5(request_id)::uuid
    LEFT JOIN outcome AS o USING (encounter_hash)
    WHERE at >= now() - make_interval(days => %(days)s)
)
SELECT outcome, coalesce(reason, '') AS reason, count(DISTINCT card) AS cards,
       count(DISTINCT encounter_hash) FILTER (WHERE readmitted IS NOT NULL) AS known,
       count(DISTINCT encounter_hash) FILTER (WHERE readmitted = '<30') AS under_30
FROM answered
GROUP BY GROUPING SETS ((outcome), (outcome, reason))
HAVING grouping(reason) = 1 OR reason IS NOT NULL
ORDER BY outcome, reason
"""
_INSERT = """
INSERT INTO card_feedback (card, at, service, outcome, reason, caller)
VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (card, at) DO NOTHING
"""
