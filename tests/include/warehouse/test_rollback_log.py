"""Rollbacks are stored as tags in the registry, then in an append-only history."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from readmission.domain.production import NO_PIN, Pin, Rollback
from readmission.warehouse.clean.rollback_log import RollbackLog

UNTIL = datetime(2027, 1, 31, tzinfo=UTC)
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


@pytest.mark.parametrize("until", [None, UNTIL])
@pytest.mark.parametrize("by", ["admin-1", "Dr. Osei (admin-1)"])
@pytest.mark.parametrize(
    "reason", ["too many alarms", "ward 4: worse, pinned until better\nsee mail"]
)
def test_a_pinned_rollback_is_read_back_with_its_reason(
    log: RollbackLog, until: datetime | None, by: str, reason: str
) -> None:
    made = Rollback.now("3", "1", by, Pin("1", by, reason, until))
    assert (made.reason, made.pinned, made.until) == (reason, True, until)

    assert Rollback.of_tags("3", made.tag) == [made]
    log.record([made])
    assert log.rollbacks() == [made]


def test_a_pin_is_read_back_from_its_tag_until_it_ends() -> None:
    later = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    held = Pin("3", "Dr. Osei (admin-1)", "too many alarms", later)

    assert Pin.of(held.tag) == held
    assert Pin.of(replace(held, until=None).tag) == replace(held, until=None)
    assert Pin.of(replace(held, until=later - timedelta(hours=2)).tag) is None


@pytest.mark.parametrize(
    "tag", [None, "", NO_PIN, "3", "[]", "null", '{"until": 1}', '{"until":""}']
)
def test_a_tag_that_is_no_pin_pins_nothing(tag: str | None) -> None:
    assert Pin.of(tag) is None


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
