"""PostgreSQL 18 from a wheel: six databases, each with a role that can access only that one.

The read-only role of the exporter may connect to all of them and read what it is granted. The audit
writer may only append to the audit trail, whose table belongs to the role `audit`. Every role has
limits, which Compose and Kubernetes read from the same file.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from readmission.files import folder_beside
from readmission.operations.wal_archive import FAILURE
from readmission.settings import CHECKOUT
from readmission.stack.errors import StackError
from readmission.stack.site.ports import HOST
from readmission.stack.site.site import Site
from readmission.stack.supervision.service import Service
from readmission.stack.supervision.unprivileged import PostgresHome, prepare_postgres_home
from readmission.warehouse import migrations
from readmission.warehouse.sql import privileges

NAME = "postgres"
SUPERUSER = "postgres"
MONITORING = privileges.ROLE
AUDIT, AUDIT_WRITER = "audit", privileges.AUDIT_WRITER
DATABASES = ("airflow", "mlflow", "raw", "clean", "predictions", AUDIT)
LIMITS = CHECKOUT / "k8s" / "postgres" / "base" / "limits.sql"
"""Limits of each role: connections and timeouts."""
CONFIGURATION = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    # All roles of `LIMITS` at once, and the reserved ones.
    "max_connections": "280",
    "superuser_reserved_connections": "3",
    "reserved_connections": "5",
    # Longest time that a client may hold a connection without authenticating.
    "authentication_timeout": "5s",
    # Detect within two minutes that a client's machine is gone.
    "tcp_keepalives_idle": "60",
    "tcp_keepalives_interval": "15",
    "tcp_keepalives_count": "4",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}

ARCHIVING = {"archive_mode": "on", "archive_timeout": "300"}
"""With a WAL archive: a change is archived within five minutes, even if few follow."""


def service(site: Site) -> Service:
    """Return the database server as a service."""
    home = prepare_postgres_home(site.paths)
    options = CONFIGURATION | {"port": str(site.settings.postgres_port)}
    if site.settings.wal_archive is not None:
        options |= ARCHIVING | {"archive_command": _to_spool(home)}
    given = (part for name, value in options.items() for part in ("-c", f"{name}={value}"))
    return Service(
        name=NAME,
        command=(str(home.programs / "postgres"), "-D", str(home.data), *given),
        folder=home.folder,
        user=home.user,
        port=site.settings.postgres_port,
        port_setting="READMISSION_POSTGRES_PORT",
        url=f"{HOST}:{site.settings.postgres_port}",
        ready=lambda _started: is_ready(site),
        prepare=lambda: _prepare(home, site.credentials.postgres),
        finish=lambda: prepare_databases(site),
        stop_signal="INT",
        stop_seconds=30,
    )


def spool(home: PostgresHome) -> Path:
    """Return the folder in which finished files of the WAL wait to be archived."""
    return home.folder / "wal-spool"


def _to_spool(home: PostgresHome) -> str:
    """Return the command that copies a file there; complete under its name or not at all.

    It fails while the archive cannot be written, so that the server's statistics show it. Once it
    succeeds, the server deletes its own file: the copy must survive a crash of the machine.
    """
    folder, failure = spool(home), spool(home) / FAILURE
    part, file = f'"{folder}/%f.part"', f'"{folder}/%f"'
    copied = f'cp "%p" {part} && sync {part} && mv {part} {file} && sync "{folder}"'
    return f'test ! -e "{failure}" && {copied}'


def _prepare(home: PostgresHome, password: str) -> None:
    spool(home).mkdir(mode=0o700, exist_ok=True)
    home.give_ownership(spool(home))
    initialise(home, password)


def dsn(site: Site, database: str, role: str | None = None) -> str:
    """Return the connection URL of a database, by default with the database's own role."""
    role = role or database
    password = getattr(site.credentials, f"{role}_db")
    return f"postgresql://{role}:{password}@{HOST}:{site.settings.postgres_port}/{database}"


def is_ready(site: Site) -> bool:
    """Return whether the server accepts connections.

    Raises
    ------
    StackError
        If it rejects the password, because waiting would not help.
    """
    try:
        _connect(site).close()
    except psycopg.OperationalError as error:
        if "password authentication failed" in str(error):
            raise StackError(
                f"PostgreSQL rejects the password in {site.paths.credentials}; restore the file "
                "that belongs to this state folder, or delete all data with `readmission reset`"
            ) from error
        return False
    return True


@contextmanager
def keeping_changes(site: Site) -> Iterator[None]:
    """Have the server delete no file of its write-ahead log until the block ends."""
    with _connect(site) as connection:
        connection.execute(
            "SELECT pg_create_physical_replication_slot(%s, true, true)", (f"copy_{os.getpid()}",)
        )
        yield


def _connect(site: Site) -> psycopg.Connection:
    return psycopg.connect(
        host=HOST,
        port=site.settings.postgres_port,
        user=SUPERUSER,
        password=site.credentials.postgres,
        dbname="postgres",
        connect_timeout=5,
        autocommit=True,
    )


def initialise(home: PostgresHome, password: str) -> None:
    """Create the data folder if it is missing; otherwise delete a stale process id file.

    Raises
    ------
    StackError
        If ``initdb`` fails, with its error output.
    """
    if home.data.exists():
        # The stack has made sure that its own server is not running. The process id in this file
        # may now belong to another program.
        (home.data / "postmaster.pid").unlink(missing_ok=True)
        return
    secret = home.folder / "password"
    secret.touch(0o600)
    secret.write_text(password)
    home.give_ownership(secret)
    options = ["--username", SUPERUSER, "--pwfile", str(secret), "--auth", "scram-sha-256"]
    locale = ["--encoding", "UTF8", "--locale-provider", "builtin", "--locale", "C.UTF-8"]
    try:
        with folder_beside(home.data) as draft:
            subprocess.run(  # noqa: S603
                [home.programs / "initdb", "--pgdata", draft, *options, *locale],
                check=True, capture_output=True, text=True, cwd=home.folder, env={}, umask=0o077,
                user=home.uid, group=home.gid, extra_groups=None if home.uid is None else [],
            )  # fmt: skip
    except subprocess.CalledProcessError as error:
        raise StackError(
            f"PostgreSQL's data folder could not be created: {error.stderr}"
        ) from error
    finally:
        secret.unlink()


def prepare_databases(site: Site) -> None:
    """Create missing databases and roles, and migrate the project's own tables."""
    # Imported lazily because Alembic takes half a second to import.
    from readmission.warehouse.migrations.upgrading import upgrade

    create_databases(site)
    for name in migrations.DATABASES:
        upgrade(dsn(site, name), name)


def create_databases(site: Site) -> None:
    """Create the databases and the roles, let each role connect where it has to, and limit it."""
    with _connect(site) as connection:
        for database in ("postgres", "template1"):
            _revoke_public_access(connection, database)
        roles = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
        existing = {name for (name,) in connection.execute("SELECT datname FROM pg_database")}
        for name in (MONITORING, AUDIT_WRITER, *DATABASES):
            _set_up_role(connection, name, getattr(site.credentials, f"{name}_db"), name in roles)
        connection.execute(_READ_ONLY)
        for name in DATABASES:
            if name not in existing:
                statement = sql.SQL("CREATE DATABASE {0} OWNER {0}").format(sql.Identifier(name))
                connection.execute(statement)
            _revoke_public_access(connection, name)
            connection.execute(_GRANT_CONNECT.format(sql.Identifier(name), _ROLE))
        connection.execute(
            _GRANT_CONNECT.format(sql.Identifier(AUDIT), sql.Identifier(AUDIT_WRITER))
        )
        connection.execute(LIMITS.read_bytes())


def _set_up_role(connection: psycopg.Connection, name: str, password: str, exists: bool) -> None:
    # Hashed here, so that the password never appears in the server's log.
    secret = connection.pgconn.encrypt_password(
        password.encode(), name.encode(), b"scram-sha-256"
    ).decode()
    verb = sql.SQL("ALTER" if exists else "CREATE")
    connection.execute(
        sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(verb, sql.Identifier(name), secret)
    )


def _revoke_public_access(connection: psycopg.Connection, database: str) -> None:
    statement = "REVOKE ALL ON DATABASE {} FROM PUBLIC"
    connection.execute(sql.SQL(statement).format(sql.Identifier(database)))


_ROLE = sql.Identifier(MONITORING)
_READ_ONLY = sql.SQL("ALTER ROLE {} SET default_transaction_read_only = on").format(_ROLE)
_GRANT_CONNECT = sql.SQL("GRANT CONNECT ON DATABASE {} TO {}")
