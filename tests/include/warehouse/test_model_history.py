"""Candidates and the append-only history of promotions."""

from dataclasses import replace

import psycopg
import pytest

from readmission.errors import BatchNotFound
from readmission.warehouse import Candidate, ModelHistory, Promotion

CANDIDATE = Candidate("batch-0001", "run-1", "xgboost", "1", "sha")
PROMOTION = Promotion(
    "batch-0001", "1", None, "promoted", "first model", {"challenger": {"weighted_f1": 0.5}}
)


@pytest.fixture
def history(clean_db: psycopg.Connection) -> ModelHistory:
    return ModelHistory(clean_db)


def test_a_verdict_is_stored_unchanged(history: ModelHistory) -> None:
    # when
    stored = history.record_promotion(PROMOTION)

    # then
    assert stored.promotion_id is not None
    assert stored.created_at is not None
    assert replace(stored, promotion_id=None, created_at=None) == PROMOTION
    assert history.verdict("batch-0001", "1") == stored
    assert history.verdict("batch-0001", "2") is None
    assert history.promotions() == [stored]
    assert history.promotions(figures=False) == [replace(stored, figures={})]


def test_each_challenger_of_a_batch_gets_one_verdict(history: ModelHistory) -> None:
    # given
    first = history.record_promotion(PROMOTION)

    # when another verdict on it is recorded, and one on the next challenger
    again = history.record_promotion(replace(PROMOTION, verdict="refused", reason="changed mind"))
    history.record_promotion(replace(PROMOTION, batch_id="batch-0002", challenger_version="2"))

    # then
    assert again == first
    assert [p.challenger_version for p in history.promotions()] == ["1", "2"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE promotion SET verdict = 'refused'",
        "UPDATE promotion SET reason = '' WHERE false",
        "DELETE FROM promotion",
        "TRUNCATE promotion",
    ],
)
def test_the_history_cannot_be_rewritten(history: ModelHistory, statement: str) -> None:
    history.record_promotion(PROMOTION)

    with pytest.raises(psycopg.errors.RaiseException, match="promotions are append-only"):
        history.connection.execute(statement.encode())

    history.connection.rollback()
    assert len(history.promotions()) == 1


def test_an_unknown_verdict_is_rejected(history: ModelHistory) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        history.record_promotion(replace(PROMOTION, verdict="perhaps"))

    assert history.promotions() == []


def test_a_repeated_training_replaces_its_candidate(history: ModelHistory) -> None:
    # given
    history.record_candidate(CANDIDATE)
    history.record_candidate(replace(CANDIDATE, batch_id="batch-0002", run_id="run-2"))

    # when
    history.record_candidate(replace(CANDIDATE, run_id="run-3", version="3"))

    # then
    assert [c.run_id for c in history.candidates()] == ["run-3", "run-2"]
    assert history.candidate("batch-0001").version == "3"


def test_the_error_about_a_missing_candidate_names_the_batch(history: ModelHistory) -> None:
    with pytest.raises(BatchNotFound, match="batch-0007 is not in the candidate ledger"):
        history.candidate("batch-0007")
