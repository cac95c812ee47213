"""Nobody can take every connection of PostgreSQL: not a role, not a client without a password."""

import socket
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import psycopg
import pytest

from readmission.stack.services import postgres
from readmission.stack.site.ports import HOST
from readmission.stack.stack import Stack
from tests.include.stack.conftest import SMALL

ROLES = (*postgres.DATABASES, postgres.AUDIT_WRITER, postgres.MONITORING)
ELSEWHERE = {postgres.MONITORING: "raw", postgres.AUDIT_WRITER: postgres.AUDIT}
"""The database of each role that has none of its own."""
TIMEOUTS = ("statement_timeout", "idle_in_transaction_session_timeout", "lock_timeout")
AUTHENTICATION_SECONDS = 5
MARGIN_SECONDS = 5
"""For a busy machine; by default, PostgreSQL waits for a whole minute."""


def address(stack: Stack, role: str) -> str:
    return postgres.dsn(stack.site, ELSEWHERE.get(role, role), role)


def limits(stack: Stack) -> dict[str, int]:
    with psycopg.connect(address(stack, postgres.MONITORING)) as connection:
        query = "SELECT rolname, rolconnlimit FROM pg_roles WHERE rolname = ANY(%s)"
        return dict(connection.execute(query, (list(ROLES),)).fetchall())


@contextmanager
def taking_all(dsn: str) -> Iterator[tuple[int, str]]:
    """Hold as many connections as the server allows; yield their number and its refusal."""
    with ExitStack() as held:
        number = 0
        while True:
            try:
                held.enter_context(psycopg.connect(dsn, connect_timeout=10))
            except psycopg.OperationalError as error:
                yield number, str(error)
                return
            number += 1


@pytest.mark.parametrize("greedy", ["raw", "airflow"])
def test_a_role_that_opens_connections_without_end_leaves_room_for_the_others(
    small: Stack, greedy: str
) -> None:
    limit = limits(small)[greedy]

    # Given a role that opens connections until it is refused
    with taking_all(address(small, greedy)) as (taken, refusal):
        # Then the error says which limit it has reached
        assert taken == limit
        assert f'too many connections for role "{greedy}"' in refusal
        # and all others connect
        for role in ROLES:
            if role != greedy:
                psycopg.connect(address(small, role), connect_timeout=10).close()


def test_all_roles_at_once_fit_into_the_server(small: Stack) -> None:
    given = {
        name: int(postgres.CONFIGURATION[name])
        for name in ("max_connections", "reserved_connections", "superuser_reserved_connections")
    }

    assert set(limits(small)) == set(ROLES)
    assert all(limit > 0 for limit in limits(small).values())
    reserved = given["reserved_connections"] + given["superuser_reserved_connections"]
    assert sum(limits(small).values()) + reserved <= given["max_connections"]


@pytest.mark.parametrize("role", ROLES)
def test_a_role_has_timeouts(small: Stack, role: str) -> None:
    with psycopg.connect(address(small, role)) as connection:
        for timeout in TIMEOUTS:
            (value,) = connection.execute(f"SHOW {timeout}".encode()).fetchone() or ("",)
            assert value not in ("", "0"), f"{role} has no {timeout}"


HELLO = b"user\0raw\0database\0raw\0\0"
STARTUP = struct.pack("!ii", 8 + len(HELLO), 196_608) + HELLO
"""The first message of a client; the server then asks for the password."""
CONNECTIONS = int(postgres.CONFIGURATION["max_connections"])


@pytest.mark.parametrize(
    ("sockets", "message"), [(2 * CONNECTIONS + 50, b""), (CONNECTIONS + 10, STARTUP)],
    ids=["silent", "without a password"],
)  # fmt: skip
def test_a_client_that_does_not_authenticate_loses_its_connection_within_seconds(
    small: Stack, sockets: int, message: bytes
) -> None:
    # Given more sockets than the server has places, which stay open and never authenticate
    with ExitStack() as flood:
        for _ in range(sockets):
            opened = flood.enter_context(
                socket.create_connection((HOST, small.settings.postgres_port), 10)
            )
            with suppress(ConnectionError):
                opened.sendall(message)
        started = time.monotonic()
        # so that a client with a password is refused
        with pytest.raises(psycopg.OperationalError, match="too many clients already"):
            connect(small)

        # When it tries again
        while not connects(small) and time.monotonic() - started < 60:
            time.sleep(0.1)

        # Then it connects once their time to authenticate is over
        assert time.monotonic() - started < AUTHENTICATION_SECONDS + MARGIN_SECONDS


def connect(stack: Stack) -> None:
    psycopg.connect(address(stack, "clean"), connect_timeout=10).close()


def connects(stack: Stack) -> bool:
    try:
        connect(stack)
    except psycopg.OperationalError:
        return False
    return True


def test_a_stack_of_a_release_without_limits_gets_them_at_its_next_start(small: Stack) -> None:
    # Given roles without limits
    expected = limits(small)
    with postgres._connect(small.site) as connection:
        for role in ROLES:
            connection.execute(f"ALTER ROLE {role} CONNECTION LIMIT -1".encode())
            connection.execute(f"ALTER ROLE {role} RESET ALL".encode())
    assert set(limits(small).values()) == {-1}

    # When the stack starts again
    small.down()
    small.up(SMALL)

    # Then they have them
    assert limits(small) == expected
    test_a_role_has_timeouts(small, "clean")
    # and monitoring still reads only
    with psycopg.connect(address(small, postgres.MONITORING)) as connection:
        assert connection.execute("SHOW default_transaction_read_only").fetchone() == ("on",)
