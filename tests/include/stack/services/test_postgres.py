"""The PostgreSQL server: version, databases and what each role can access."""

import subprocess
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from readmission.stack.services import postgres
from readmission.stack.site.site import Site
from readmission.stack.supervision.unprivileged import prepare_postgres_home
from tests.conftest import Platform


@pytest.mark.parametrize("database", postgres.DATABASES)
def test_a_role_owns_its_database(running_site: Site, database: str) -> None:
    with psycopg.connect(postgres.dsn(running_site, database)) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS probe (n int)")
        connection.execute("DROP TABLE probe")


@pytest.mark.parametrize(
    ("role", "database"),
    [
        (role, other)
        for role in postgres.DATABASES
        for other in (*postgres.DATABASES, "postgres")
        if other != role
    ],
)
def test_a_role_cannot_connect_to_another_database(
    running_site: Site, role: str, database: str
) -> None:
    own = postgres.dsn(running_site, role)
    other = own.removesuffix(role) + database
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(other)


@pytest.mark.parametrize("database", postgres.DATABASES)
def test_the_audit_writer_connects_to_the_audit_trail_only(
    running_site: Site, database: str
) -> None:
    dsn = postgres.dsn(running_site, database, postgres.AUDIT_WRITER)
    if database == postgres.AUDIT:
        psycopg.connect(dsn).close()
        return
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(dsn)


def test_a_wrong_password_is_rejected(running_site: Site) -> None:
    dsn = postgres.dsn(running_site, "raw").replace(running_site.credentials.raw_db, "guess")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(dsn)


def test_the_server_is_postgresql_18(platform: Platform) -> None:
    with psycopg.connect(platform.raw_dsn) as connection:
        assert connection.info.server_version // 10_000 == 18


def test_a_finished_file_of_the_log_is_on_the_disk_before_the_server_may_delete_it(
    site: Site, tmp_path: Path
) -> None:
    # given the command that archives, and a machine that notes what is synced
    settings = site.settings.model_copy(update={"wal_archive": tmp_path / "archive"})
    command = postgres.service(replace(site, settings=settings)).command
    (option,) = (each for each in command if each.startswith("archive_command="))
    spool = postgres.spool(prepare_postgres_home(site.paths))
    spool.mkdir(parents=True)
    (tmp_path / "file").write_bytes(b"changes")
    noted, sync = tmp_path / "noted", tmp_path / "sync"
    sync.write_text(f'#!/bin/sh\necho "$1" $(ls {spool}) >>{noted}\n')
    sync.chmod(0o755)

    # when the server runs it
    given = option.removeprefix("archive_command=")
    given = given.replace("%p", str(tmp_path / "file")).replace("%f", "name")
    path = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    subprocess.run(["/bin/sh", "-c", given], env=path, check=True)

    # then the content is synced before it has its name, and the name before the command ends
    assert noted.read_text().splitlines() == [f"{spool}/name.part name.part", f"{spool} name"]
    assert (spool / "name").read_bytes() == b"changes"
