"""The months of the prediction log: partitions made ahead of time, and dropped when expired."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest

from readmission.stack.services import postgres
from readmission.warehouse.migrations.upgrading import upgrade
from readmission.warehouse.predictions.store import PredictionStore
from tests.conftest import Platform
from tests.include.warehouse.migrations.test_migrations import restore

NOW = datetime.now(UTC)
ADD = """
INSERT INTO prediction (id, at, request_id, row, model_version, features, p_no, p_over_30,
    p_under_30, predicted_class, caller)
VALUES (%s, %s, 'a', 0, '1', '{}', .5, .3, .2, 'NO', '')
"""
ROWS = "SELECT tableoid::regclass::text, count(*) FROM prediction GROUP BY 1"
MONTHS = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'prediction'::regclass"


def month(ahead: int) -> datetime:
    """Return the beginning of a month, counted from this one."""
    number = NOW.year * 12 + NOW.month - 1 + ahead
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)


def name(ahead: int) -> str:
    return f"prediction_{month(ahead):%Y_%m}"


@pytest.fixture
def log(platform: Platform) -> Iterator[psycopg.Connection]:
    """The database of predictions, new."""
    with psycopg.connect(platform.predictions_dsn, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        upgrade(platform.predictions_dsn, "predictions")
        yield connection


@pytest.fixture
def old(log: psycopg.Connection) -> psycopg.Connection:
    """The same, upgraded four months ago."""
    log.execute("ALTER TABLE prediction DETACH PARTITION prediction_before")
    log.execute(
        "ALTER TABLE prediction ATTACH PARTITION prediction_before FOR VALUES FROM (MINVALUE)"
        f" TO ('{month(-4)}')"
    )
    return log


def add(log: psycopg.Connection, *moments: datetime) -> None:
    for moment in moments:
        log.execute(ADD, (uuid4(), moment))


def partitions(log: psycopg.Connection) -> set[str]:
    return {partition for (partition,) in log.execute(MONTHS)}


def rows(log: psycopg.Connection) -> dict[str, int]:
    return dict(log.execute(ROWS).fetchall())


def test_the_next_month_is_there_before_it_begins(log: psycopg.Connection) -> None:
    add(log, NOW, month(1))
    assert rows(log) == {"prediction_before": 1, "prediction_default": 1}

    for _ in range(2):
        PredictionStore(log).keep_months(month(-12))

    # then a prediction that came before its month is in it
    assert rows(log) == {"prediction_before": 1, name(1): 1}
    assert partitions(log) == {"prediction_before", "prediction_default", name(1)}


def test_a_service_that_was_down_for_months_adds_all_of_them(old: psycopg.Connection) -> None:
    add(old, month(-5), month(-3), NOW)

    PredictionStore(old).keep_months(month(-12))

    assert rows(old) == {"prediction_before": 1, name(-3): 1, name(0): 1}
    assert {name(ahead) for ahead in range(-4, 2)} < partitions(old)


def test_months_are_dropped_when_their_last_day_has_expired(old: psycopg.Connection) -> None:
    store = PredictionStore(old)
    store.keep_months(month(-12))
    add(old, month(-5), month(-4), month(-3), month(-2))

    store.keep_months(month(-2) - timedelta(seconds=1))

    assert rows(old) == {name(-3): 1, name(-2): 1}
    assert partitions(old).isdisjoint({"prediction_before", name(-4)})


def test_the_current_month_stays_whatever_the_retention(log: psycopg.Connection) -> None:
    add(log, NOW)

    PredictionStore(log).keep_months(month(120))

    assert rows(log) == {"prediction_before": 1}


def test_a_prediction_that_is_sent_twice_is_there_once(old: psycopg.Connection) -> None:
    store = PredictionStore(old)
    number = uuid4()
    old.execute(ADD, (number, month(-2)))

    store.keep_months(month(-12))

    with pytest.raises(psycopg.errors.UniqueViolation):
        old.execute(ADD, (number, month(-2)))


def test_expired_rows_of_a_month_are_deleted_oldest_first(old: psycopg.Connection) -> None:
    store = PredictionStore(old)
    store.keep_months(month(-12))
    add(old, month(-5), month(-3), month(-3) + timedelta(days=2), month(-1))

    assert store.delete_before(month(-3) + timedelta(days=1), 10) == 2
    assert store.delete_before(NOW, 1) == 1
    assert rows(old) == {name(-1): 1}


def test_a_month_in_use_is_left_for_the_next_time(
    old: psycopg.Connection, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("readmission.warehouse.predictions.store._LOCK_WAIT", "50ms")
    with psycopg.connect(platform.predictions_dsn) as reader:
        reader.execute("SELECT count(*) FROM prediction")

        with pytest.raises(psycopg.errors.LockNotAvailable):
            PredictionStore(old).keep_months(month(-2))

    PredictionStore(old).keep_months(month(-2))
    assert "prediction_before" not in partitions(old)


def test_only_roles_that_may_delete_predictions_keep_their_months(
    log: psycopg.Connection, platform: Platform
) -> None:
    dsn = postgres.dsn(platform.site, "predictions")
    administrator = psycopg.connect(
        dsn, user="postgres", password=platform.site.credentials.postgres, autocommit=True
    )
    with administrator as connection:
        connection.execute("CREATE ROLE month_reader LOGIN PASSWORD 'reads'")
        connection.execute("GRANT CONNECT ON DATABASE predictions TO month_reader")
        connection.execute("GRANT USAGE ON SCHEMA public TO month_reader")
        connection.execute("GRANT SELECT ON prediction TO month_reader")
        try:
            with (
                psycopg.connect(dsn, user="month_reader", password="reads") as reader,  # noqa: S106
                pytest.raises(psycopg.errors.InsufficientPrivilege),
            ):
                PredictionStore(reader).keep_months(NOW)
        finally:
            connection.execute("DROP OWNED BY month_reader")
            connection.execute("DROP ROLE month_reader")


def test_a_log_of_version_0_1_0_keeps_rows_and_privileges(
    log: psycopg.Connection, platform: Platform
) -> None:
    # given predictions, one of which a wrong clock made in ten years, and a role of its own
    log.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    restore(log, "predictions")
    [(before,)] = log.execute("SELECT count(*) FROM prediction").fetchall()
    first = "id = (SELECT id FROM prediction LIMIT 1)"
    log.execute(f"UPDATE prediction SET at = %s WHERE {first}", (month(120),))  # noqa: S608
    log.execute("GRANT SELECT, INSERT ON prediction TO pg_monitor")

    # when
    upgrade(platform.predictions_dsn, "predictions")

    # then
    assert rows(log) == {"prediction_before": before - 1, "prediction_default": 1}
    allowed = log.execute(
        "SELECT has_table_privilege('pg_monitor', 'prediction', 'INSERT'),"
        " has_table_privilege('pg_monitor', 'prediction', 'UPDATE')"
    ).fetchone()
    assert allowed == (True, False)
