"""The script that creates databases and roles, run against a new, empty PostgreSQL server."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from readmission.exporter.metrics import databases
from readmission.stack.services import postgres
from readmission.stack.site.site import Site
from readmission.stack.stack import Stack
from readmission.stack.supervision.unprivileged import installed_programs, prepare_postgres_home
from tests.conftest import random_settings
from tests.k8s.cluster import K8S

SCRIPT = K8S / "postgres" / "base" / "databases.sh"
MADE = ("clean", "predictions")
PASSWORDS = {name: f"password of {name}" for name in (*MADE, "monitoring")}


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
        service.command, cwd=service.folder, user=home.uid, group=home.gid,
        extra_groups=None if home.uid is None else [], stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while not service.ready(0):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        address = {"PGHOST": "127.0.0.1", "PGPORT": str(site.settings.postgres_port)}
        run_script(address | {"PGPASSWORD": site.credentials.postgres})
        yield address
    finally:
        process.terminate()
        process.wait(60)


def run_script(address: dict[str, str]) -> None:
    """Run the script the way PostgreSQL's image runs it."""
    passwords = {f"{name.upper()}_DB_PASSWORD": word for name, word in PASSWORDS.items()}
    done = subprocess.run(
        [SCRIPT],
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
    (other,) = set(MADE) - {database}
    for closed in (other, "postgres", "template1"):
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
