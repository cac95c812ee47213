"""The script that creates databases and roles, run against a new, empty PostgreSQL server."""

import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from readmission.exporter.metrics import databases
from readmission.stack.services import postgres
from readmission.stack.site.site import Site
from readmission.stack.stack import Stack
from readmission.stack.supervision.unprivileged import installed_programs, prepare_postgres_home
from readmission.warehouse.audit.events import Action, ActorKind, AuditEvent
from readmission.warehouse.audit.log import AuditLog
from readmission.warehouse.migrations.upgrading import upgrade
from tests.conftest import random_settings
from tests.k8s.cluster import K8S

SCRIPT = K8S / "postgres" / "base" / "databases.sh"
LIMITS = dict(re.findall(r"\('(\w+)', (\d+),", postgres.LIMITS.read_text()))
"""Role and largest number of connections, as `limits.sql` has them."""
SMALL_SERVER = 30
"""Fewer connections than the role CLEAN may open."""
MADE = ("clean", "predictions", "audit")
ELSEWHERE = {"monitoring": "clean", "audit_writer": "audit"}
"""The database of each role that has none of its own."""
PASSWORDS = {name: f"password of {name}" for name in (*MADE, *ELSEWHERE)}


@pytest.fixture(scope="module")
def server(state_folders: Path) -> Iterator[dict[str, str]]:
    """A server on which the script has run; yields the variables to connect to it."""
    stack = Stack(random_settings(state_folders / "new-server"))
    stack.paths.create()
    Site.prepare(stack.settings, stack.paths)
    site = stack.site
    service, home = postgres.service(site), prepare_postgres_home(site.paths)
    assert service.prepare
    service.prepare()
    process = subprocess.Popen(
        [*service.command, "-c", f"max_connections={SMALL_SERVER}"],
        cwd=service.folder, user=home.uid, group=home.gid,
        extra_groups=None if home.uid is None else [], stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while not service.ready(0):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        address = {"PGHOST": "127.0.0.1", "PGPORT": str(site.settings.postgres_port)}
        run_script(address | {"PGPASSWORD": site.credentials.postgres})
        yield address | {"PGPASSWORD": site.credentials.postgres}
    finally:
        process.terminate()
        process.wait(60)


def run_script(address: dict[str, str]) -> None:
    """Run the script, and then the limits, the way PostgreSQL's image runs them."""
    passwords = {f"{name.upper()}_DB_PASSWORD": word for name, word in PASSWORDS.items()}
    limit = [
        "psql",
        "--set",
        "ON_ERROR_STOP=1",
        "--username",
        "postgres",
        "--file",
        postgres.LIMITS,
    ]
    for command in ([SCRIPT], limit):
        done = subprocess.run(
            command,
            env={
                "PATH": f"{installed_programs()}:{os.environ['PATH']}",
                "POSTGRES_USER": "postgres",
                "DATABASES": " ".join(MADE),
                **address,
                **passwords,
            },
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert not any(word in done.stdout + done.stderr for word in PASSWORDS.values())


def dsn(server: dict[str, str], role: str, database: str) -> str:
    return psycopg.conninfo.make_conninfo(
        host=server["PGHOST"], port=server["PGPORT"], user=role, dbname=database,
        password=PASSWORDS[role],
    )  # fmt: skip


@pytest.mark.parametrize("database", MADE)
def test_a_role_owns_its_database_and_can_connect_to_no_other(
    server: dict[str, str], database: str
) -> None:
    with psycopg.connect(dsn(server, database, database)) as connection:
        connection.execute("CREATE TABLE mine (number integer)")
    for closed in {*MADE, "postgres", "template1"} - {database}:
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(dsn(server, database, closed))


def test_monitoring_sees_the_size_and_connections_of_each_database(server: dict[str, str]) -> None:
    found = databases.read({name: dsn(server, "monitoring", name) for name in MADE})

    for database in found.values():
        assert database is not None
        assert database.size > 1_000_000
        assert 0 < database.connections < database.limit


def test_monitoring_reads_only_what_it_is_granted_and_writes_nothing(
    server: dict[str, str],
) -> None:
    # given a table with one column that monitoring may read
    with psycopg.connect(dsn(server, "clean", "clean")) as connection:
        connection.execute("CREATE TABLE let_out (counted integer, hidden text)")
        connection.execute("GRANT SELECT (counted) ON let_out TO monitoring")

    # then
    with psycopg.connect(dsn(server, "monitoring", "clean"), autocommit=True) as connection:
        assert connection.execute("SELECT count(counted) FROM let_out").fetchone() == (0,)
        for refused in (
            "SELECT hidden FROM let_out", "CREATE TABLE own (number integer)",
            "CREATE TEMPORARY TABLE own (number integer)", "SELECT * FROM pg_authid",
        ):  # fmt: skip
            with pytest.raises(
                (psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)
            ):
                connection.execute(refused.encode())


def test_the_audit_writer_appends_to_the_audit_trail_and_does_nothing_else(
    server: dict[str, str],
) -> None:
    # given the tables of this version
    upgrade(dsn(server, "audit", "audit"), "audit")
    address = dsn(server, "audit_writer", "audit")
    event = AuditEvent("somebody", ActorKind.OS_USER, Action.WAIVE_ROWS)

    # when
    AuditLog(address).record(event)

    # then
    with psycopg.connect(dsn(server, "audit", "audit")) as owner:
        assert owner.execute("SELECT actor FROM audit_event").fetchall() == [("somebody",)]
    for refused in (
        "SELECT 1 FROM audit_event",
        "DELETE FROM audit_event",
        "CREATE TABLE t (n int)",
    ):
        with (
            psycopg.connect(address) as writer,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            writer.execute(refused.encode())
    for closed in {*MADE, "postgres", "template1"} - {"audit"}:
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(dsn(server, "audit_writer", closed))


def test_running_the_script_again_adds_what_is_missing_and_keeps_the_rest(
    server: dict[str, str],
) -> None:
    # given a server of a version without an audit trail
    with psycopg.connect(dsn(server, "clean", "clean")) as connection:
        connection.execute("CREATE TABLE kept (number integer)")
    superuser = psycopg.conninfo.make_conninfo(
        host=server["PGHOST"], port=server["PGPORT"], user="postgres", dbname="postgres",
        password=server["PGPASSWORD"],
    )  # fmt: skip
    with psycopg.connect(superuser, autocommit=True) as connection:
        for statement in ("DROP DATABASE audit", "DROP ROLE audit_writer", "DROP ROLE audit"):
            connection.execute(statement.encode())

    # when
    run_script(server)

    # then
    psycopg.connect(dsn(server, "audit_writer", "audit")).close()
    with psycopg.connect(dsn(server, "clean", "clean")) as connection:
        connection.execute("SELECT FROM kept")


def test_each_role_of_a_new_server_has_its_limits(server: dict[str, str]) -> None:
    for role in PASSWORDS:
        with psycopg.connect(dsn(server, role, ELSEWHERE.get(role, role))) as connection:
            found = connection.execute(
                "SELECT rolconnlimit::text, current_setting('statement_timeout'),"
                " current_setting('lock_timeout') FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
        assert found is not None
        assert found[0] == LIMITS[role]
        assert "0" not in found[1:]


def test_monitoring_still_connects_when_no_other_role_can(server: dict[str, str]) -> None:
    # given a server whose connections are all taken
    with ExitStack() as held:
        with pytest.raises(psycopg.OperationalError, match="slots are reserved for roles with"):
            connect_often(held, dsn(server, "clean", "clean"))

        # when the exporter reads its state
        found = databases.read({"clean": dsn(server, "monitoring", "clean")})

    # then it sees how many connections there are, and the limit of the role
    assert found["clean"] is not None
    assert found["clean"].connections > SMALL_SERVER / 2
    assert found["clean"].limit == min(int(LIMITS["clean"]), SMALL_SERVER)


def connect_often(held: ExitStack, dsn: str) -> None:
    for _ in range(SMALL_SERVER):
        held.enter_context(psycopg.connect(dsn))
