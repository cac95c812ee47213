"""Rollbacks are stored as tags in the registry, then in an append-only history."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from readmission.domain.production import Rollback
from readmission.warehouse.clean.rollback_log import RollbackLog

FIRST = Rollback("2", "1", "admin-1", datetime(2026, 3, 1, 8, 30, tzinfo=UTC))
SECOND = replace(FIRST, left="1", back="2", at=FIRST.at + timedelta(hours=1))


@pytest.fixture
def log(clean_db: psycopg.Connection) -> RollbackLog:
    return RollbackLog(clean_db)


def test_a_rollback_is_read_back_from_its_tag() -> None:
    again = replace(FIRST, back="3", at=FIRST.at + timedelta(days=1))
    tags = {"verdict": "promoted", "rolled_back": "by hand", **again.tag, **FIRST.tag}

    assert Rollback.of_tags("2", tags) == [FIRST, again]


def test_the_tag_keeps_the_time_of_the_rollback() -> None:
    made = Rollback.now("2", "1", "admin-1")

    assert Rollback.of_tags("2", made.tag) == [made]


def test_a_rollback_is_recorded_only_once(log: RollbackLog) -> None:
    # when
    recorded = [log.record(some) for some in ([FIRST], [FIRST, SECOND], [FIRST, SECOND], [])]

    # then
    assert recorded == [1, 1, 0, 0]
    assert log.rollbacks() == [FIRST, SECOND]


@pytest.mark.parametrize(
    "statement", ["UPDATE rollback SET asked_by = ''", "DELETE FROM rollback", "TRUNCATE rollback"]
)
def test_the_history_cannot_be_rewritten(log: RollbackLog, statement: str) -> None:
    log.record([FIRST])

    with pytest.raises(psycopg.errors.RaiseException, match="rollbacks are append-only"):
        log.connection.execute(statement.encode())

    log.connection.rollback()
    assert log.rollbacks() == [FIRST]
