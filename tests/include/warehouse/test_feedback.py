"""Feedback about cards, joined to the outcomes of their patients."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import md5
from uuid import UUID

import psycopg
import pytest
from rich.console import Console

from readmission.stack.cli.models.outcomes import cards_table
from readmission.stack.services import postgres
from readmission.stack.stack import Stack
from readmission.warehouse.predictions.feedback import (
    CardFeedback,
    FeedbackOutcomes,
    feedback_outcomes,
    record,
)
from tests.databases import emptied

NOW = datetime.now(UTC)
ARRANGED = "follow-up-arranged"


@pytest.fixture
def predictions(databases: Stack) -> Iterator[psycopg.Connection]:
    """The empty database of predictions."""
    with emptied(postgres.dsn(databases.site, "predictions")) as connection:
        connection.autocommit = True
        yield connection


def card(
    connection: psycopg.Connection,
    request: str,
    encounter: str,
    readmitted: str | None,
    at: datetime = NOW,
) -> UUID:
    """Log the prediction of a card and, if it is known, the outcome; return the card's id."""
    connection.execute(
        "INSERT INTO prediction (id, at, request_id, row, model_version, encounter_hash, features,"
        " p_no, p_over_30, p_under_30, predicted_class)"
        " VALUES (gen_random_uuid(), %s, %s, 0, '3', %s, '{}', .5, .3, .2, 'NO')",
        (at, request, encounter),
    )
    if readmitted:
        connection.execute(
            "INSERT INTO outcome (encounter_hash, readmitted, part, known_at)"
            " VALUES (%s, %s, 'train', %s) ON CONFLICT DO NOTHING",
            (encounter, readmitted, NOW),
        )
    return UUID(md5(request.encode(), usedforsecurity=False).hexdigest())


def test_outcomes_are_counted_by_what_users_did_with_the_cards(
    predictions: psycopg.Connection,
) -> None:
    # given cards of five patients, one with two cards and one without a known outcome
    came_back = [card(predictions, f"back {n}", f"e{n}", "<30") for n in (1, 2)]
    again = card(predictions, "again", "e1", "<30")
    stayed = [card(predictions, f"stayed {n}", f"e{n}", "NO") for n in (3, 4)]
    unknown = card(predictions, "unknown", "e5", None)

    def said(card: UUID, outcome: str, reason: str | None = None, minutes: int = 0) -> None:
        at = NOW + timedelta(minutes=minutes)
        record(predictions, [CardFeedback(card, at, "a service", outcome, reason, "a caller")])  # type: ignore[arg-type]

    # when users respond, and one changes their mind
    said(came_back[0], "accepted")
    said(again, "accepted")
    said(came_back[1], "overridden", ARRANGED)
    said(stayed[0], "accepted", minutes=1)
    said(stayed[0], "overridden", "earlier")
    said(stayed[1], "overridden")
    said(unknown, "overridden", ARRANGED)

    # then each card counts by the last response, and each encounter once
    found = feedback_outcomes(predictions, 30)
    assert found == [
        FeedbackOutcomes("accepted", "", cards=3, known=2, under_30=1),
        FeedbackOutcomes("overridden", "", cards=3, known=2, under_30=1),
        FeedbackOutcomes("overridden", ARRANGED, cards=2, known=1, under_30=1),
    ]
    # and the command shows them with their share
    console = Console(width=200, record=True)
    console.print(cards_table(found))
    lines = [" ".join(line.split()) for line in console.export_text().splitlines()]
    assert lines[1:] == [
        "accepted all 3 2 1 (50.0%)",
        "overridden all 3 2 1 (50.0%)",
        f"overridden {ARRANGED} 2 1 1 (100.0%)",
    ]


def test_cards_older_than_the_days_do_not_count(predictions: psycopg.Connection) -> None:
    for request, age in (("new", 1), ("old", 49)):
        made = card(predictions, request, f"e{age}", "<30", NOW - timedelta(hours=age))
        record(predictions, [CardFeedback(made, NOW, "a service", "accepted", None, "a caller")])

    (within_two,) = feedback_outcomes(predictions, 2)
    (within_three,) = feedback_outcomes(predictions, 3)

    assert (within_two.cards, within_three.cards) == (1, 2)


def test_feedback_about_a_prediction_that_was_deleted_does_not_count(
    predictions: psycopg.Connection,
) -> None:
    made = card(predictions, "a request", "e1", "<30")
    record(predictions, [CardFeedback(made, NOW, "a service", "accepted", None, "a caller")])
    assert len(feedback_outcomes(predictions, 1)) == 1

    predictions.execute("DELETE FROM prediction")

    assert feedback_outcomes(predictions, 1) == []
