"""The audit trail: whoever writes it can neither read it nor change what is there."""

import time
from collections.abc import Callable, Iterator

import psycopg
import pytest

from readmission.settings import Settings, SettingsError
from readmission.stack.services import postgres
from readmission.stack.stack import Stack
from readmission.warehouse.audit import queue
from readmission.warehouse.audit.events import Action, ActorKind, AuditEvent, signed
from readmission.warehouse.audit.log import AuditLog, AuditUnavailable
from readmission.warehouse.audit.queue import AuditQueue
from readmission.warehouse.sql import privileges
from tests.databases import migrate

EVENT = AuditEvent("1f2e3d4c", ActorKind.API_KEY, Action.ROLL_BACK, "7", "10.0.0.1", "a-request")


@pytest.fixture
def closed(databases: Stack) -> Iterator[Callable[[], None]]:
    """The database lets the writer in only when this is called."""

    def let(verb: str) -> None:
        with postgres._connect(databases.site) as connection:
            connection.execute(f"ALTER ROLE {postgres.AUDIT_WRITER} {verb}".encode())

    let("NOLOGIN")
    yield lambda: let("LOGIN")
    let("LOGIN")


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def count(trail: psycopg.Connection) -> int:
    (found,) = trail.execute("SELECT count(*) FROM audit_event").fetchone() or (0,)
    return int(found)


def test_an_event_is_stored_with_number_and_time(
    trail: psycopg.Connection, trail_address: str
) -> None:
    # given values that PostgreSQL cannot store as they are
    reason = {"reason": "a \0 and a \ud800", "columns": ["age", "ra\0ce"], "rows": 3}
    odd = AuditEvent("o'neill", ActorKind.OS_USER, Action.PROMOTE, detail=reason)

    # when
    AuditLog(trail_address).record(EVENT, odd)

    # then
    stored = trail.execute(
        "SELECT event_id, actor, actor_kind, action, subject, peer, request_id, detail"
        " FROM audit_event WHERE at BETWEEN now() - interval '1 minute' AND now() ORDER BY event_id"
    ).fetchall()
    assert stored == [
        (1, "1f2e3d4c", "api-key", "rollback", "7", "10.0.0.1", "a-request", {}),
        (2, "o'neill", "os-user", "promote", None, None, None,
         {"reason": "a  and a ?", "columns": ["age", "race"], "rows": 3}),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT actor FROM audit_event",
        "SELECT count(*) FROM audit_event",
        "UPDATE audit_event SET actor = 'nobody'",
        "DELETE FROM audit_event",
        "TRUNCATE audit_event",
        "DROP TABLE audit_event",
        "ALTER TABLE audit_event DISABLE TRIGGER ALL",
        "INSERT INTO audit_event (at, actor, actor_kind, action)"
        " VALUES ('2020-01-01', 'a', 'os-user', 'reload')",
        "INSERT INTO audit_event (actor, actor_kind, action) OVERRIDING SYSTEM VALUE"
        " VALUES ('a', 'os-user', 'reload') RETURNING event_id",
        "CREATE TABLE mine (n int)",
        "CREATE TEMPORARY TABLE mine (n int)",
    ],
)
def test_the_writer_may_only_append(
    trail: psycopg.Connection, trail_address: str, statement: str
) -> None:
    AuditLog(trail_address).record(EVENT)

    with (
        psycopg.connect(trail_address) as writer,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        writer.execute(statement.encode())

    assert count(trail) == 1


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit_event SET actor = 'x'", "DELETE FROM audit_event", "TRUNCATE audit_event"],
)
def test_even_the_owner_changes_no_event(
    trail: psycopg.Connection, trail_address: str, statement: str
) -> None:
    AuditLog(trail_address).record(EVENT)

    with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        trail.execute(statement.encode())


def test_without_the_role_nothing_is_granted(
    trail: psycopg.Connection, trail_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a migration of a server that has no audit writer
    trail.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    with monkeypatch.context() as patched:
        patched.setattr(privileges, "AUDIT_WRITER", "nobody_at_all")
        migrate(trail)
    with pytest.raises(AuditUnavailable, match="cannot be written"):
        AuditLog(trail_address).record(EVENT)

    # when it gets one, and the next migration runs
    migrate(trail)

    # then
    AuditLog(trail_address).record(EVENT)
    assert count(trail) == 1


def test_a_database_that_is_down_fails_without_the_password() -> None:
    with pytest.raises(AuditUnavailable) as failure:
        AuditLog("postgresql://nobody:secret-word@127.0.0.1:1/nothing").record(EVENT)

    assert "secret-word" not in str(failure.value)
    assert "READMISSION_AUDIT_DSN" in str(failure.value)


def test_an_address_that_is_none_is_refused_without_being_shown() -> None:
    with pytest.raises(SettingsError, match="READMISSION_AUDIT_DSN is not the address") as failure:
        AuditLog.from_settings(Settings(audit_dsn="secret-word"))  # type: ignore[arg-type]

    assert "secret-word" not in str(failure.value)
    assert AuditLog.from_settings(Settings()) is None


@pytest.mark.parametrize(
    ("given", "user", "by"),
    [
        ("Dr. Osei", "admin", "Dr. Osei (admin)"),
        (None, "admin", "admin"),
        (" ", "admin", "admin"),
        ("admin", "admin", "admin"),
        ("Dr. Osei", None, "Dr. Osei"),
        (None, None, ""),
    ],
)
def test_a_name_stands_beside_the_user_and_never_in_its_place(
    given: str | None, user: str | None, by: str
) -> None:
    assert signed(given, user) == by


def test_queued_events_wait_for_the_database(
    trail: psycopg.Connection,
    trail_address: str,
    closed: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    # given a database that is unavailable
    monkeypatch.setattr(queue, "RETRY_SECONDS", 0.05)
    lost: list[int] = []
    waiting = AuditQueue(AuditLog(trail_address), lost.append)
    for _ in range(700):
        waiting.put(EVENT)
    until(lambda: "wait in memory" in caplog.text)
    assert count(trail) == 0

    # when it is back
    closed()

    # then all of them arrive
    until(lambda: count(trail) == 700)
    waiting.put(EVENT)
    waiting.close(30)
    assert count(trail) == 701
    assert (lost, caplog.text.count("wait in memory")) == ([], 1)


def test_events_that_cannot_be_kept_are_counted(
    trail: psycopg.Connection,
    trail_address: str,
    closed: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(queue, "LIMIT", 10)
    lost: list[int] = []
    waiting = AuditQueue(AuditLog(trail_address), lost.append)

    for _ in range(12):
        waiting.put(EVENT)
    waiting.close(30)

    assert lost == [1, 1, 10]
    assert "10 audit events were lost: the process is stopping" in caplog.text
    assert count(trail) == 0
