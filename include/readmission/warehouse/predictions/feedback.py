"""Feedback about cards of CDS Hooks, joined to predictions by the id of the card."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import psycopg


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


def record(connection: psycopg.Connection, feedback: Sequence[CardFeedback]) -> int:
    """Store feedback in one transaction; return how much of it is new.

    Feedback that is sent again, about the same card and moment, is skipped.
    """
    with connection.transaction():
        return sum(connection.execute(_INSERT, astuple(one)).rowcount for one in feedback)


def delete_before(connection: psycopg.Connection, moment: datetime, limit: int) -> int:
    """Delete feedback that was received before a moment, at most `limit` rows; return how many."""
    with connection.transaction():
        return connection.execute(_DELETE, (moment, limit)).rowcount


_DELETE = """
DELETE FROM card_feedback
WHERE (card, at) IN (SELECT card, at FROM card_feedback WHERE received_at < %s LIMIT %s)
"""
_INSERT = """
INSERT INTO card_feedback (card, at, service, outcome, reason, caller)
VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (card, at) DO NOTHING
"""
