"""PostgreSQL 18 from a wheel: five databases, each with a role that reaches no other.

One more role may connect to all of them and look at what the tables' owners grant it.
"""

import subprocess

import psycopg
from psycopg import sql

from readmission.files import folder_beside
from readmission.stack.errors import StackError
from readmission.stack.site.ports import HOST
from readmission.stack.site.site import Site
from readmission.stack.supervision.service import Service
from readmission.stack.supervision.unprivileged import Home, server_home
from readmission.warehouse import migrations
from readmission.warehouse.sql import privileges

NAME = "postgres"
SUPERUSER = "postgres"
MONITORING = privileges.ROLE
DATABASES = ("airflow", "mlflow", "raw", "clean", "predictions")
CONFIGURATION = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "200",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


def service(site: Site) -> Service:
    """Return the database server as a service."""
    home = server_home(site.paths)
    options = CONFIGURATION | {"port": str(site.settings.postgres_port)}
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
        prepare=lambda: initialise(home, site.credentials.postgres),
        finish=lambda: prepare_databases(site),
        stop_signal="INT",
        stop_seconds=30,
    )


def dsn(site: Site, database: str, role: str | None = None) -> str:
    """Return the address of a database with a role and its password; its own if none is given."""
    role = role or database
    password = getattr(site.credentials, f"{role}_db")
    return f"postgresql://{role}:{password}@{HOST}:{site.settings.postgres_port}/{database}"


def is_ready(site: Site) -> bool:
    """Return whether the server takes connections.

    Raises
    ------
    StackError
        If it refuses the password, which no waiting mends.
    """
    try:
        _connect(site).close()
    except psycopg.OperationalError as error:
        if "password authentication failed" in str(error):
            raise StackError(
                f"PostgreSQL does not know the password in {site.paths.credentials}; put the file "
                "back that belongs to this state, or start anew with `readmission reset`"
            ) from error
        return False
    return True


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


def initialise(home: Home, password: str) -> None:
    """Make the data folder if there is none, and forget a server that was killed.

    Raises
    ------
    StackError
        With what ``initdb`` said.
    """
    if home.data.exists():
        # The stack has made sure that no server of its own is alive; the process id in
        # this file may since have been given to another program.
        (home.data / "postmaster.pid").unlink(missing_ok=True)
        return
    secret = home.folder / "password"
    secret.touch(0o600)
    secret.write_text(password)
    home.own(secret)
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
        raise StackError(f"PostgreSQL's data folder could not be made: {error.stderr}") from error
    finally:
        secret.unlink()


def prepare_databases(site: Site) -> None:
    """Make what is missing: databases, roles, and the revisions of our own tables."""
    # Alembic takes half a second to import, which no other command should wait for.
    from readmission.warehouse.migrations.upgrading import upgrade

    make_databases(site)
    for name in migrations.DATABASES:
        upgrade(dsn(site, name), name)


def make_databases(site: Site) -> None:
    """Make each database and the one role that may connect to it."""
    with _connect(site) as connection:
        for database in ("postgres", "template1"):
            _shut(connection, database)
        roles = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
        there = {name for (name,) in connection.execute("SELECT datname FROM pg_database")}
        for name in (MONITORING, *DATABASES):
            _make_role(connection, name, getattr(site.credentials, f"{name}_db"), name in roles)
        connection.execute(_LOOK_ONLY)
        for name in DATABASES:
            if name not in there:
                make = sql.SQL("CREATE DATABASE {0} OWNER {0}").format(sql.Identifier(name))
                connection.execute(make)
            _shut(connection, name)
            connection.execute(_LET_IN.format(sql.Identifier(name), _ROLE))


def _make_role(connection: psycopg.Connection, name: str, password: str, exists: bool) -> None:
    # Encrypted here, so that the password never stands in the server's log.
    secret = connection.pgconn.encrypt_password(
        password.encode(), name.encode(), b"scram-sha-256"
    ).decode()
    verb = sql.SQL("ALTER" if exists else "CREATE")
    connection.execute(
        sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(verb, sql.Identifier(name), secret)
    )


def _shut(connection: psycopg.Connection, database: str) -> None:
    statement = "REVOKE ALL ON DATABASE {} FROM PUBLIC"
    connection.execute(sql.SQL(statement).format(sql.Identifier(database)))


_ROLE = sql.Identifier(MONITORING)
_LOOK_ONLY = sql.SQL("ALTER ROLE {} SET default_transaction_read_only = on").format(_ROLE)
_LET_IN = sql.SQL("GRANT CONNECT ON DATABASE {} TO {}")
