"""The PostgreSQL server: version, databases and what each role can access."""

import psycopg
import pytest

from readmission.stack.services import postgres
from readmission.stack.site.site import Site
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
