"""The MLflow server: ``python -m readmission.operations.mlflow_server HOST PORT``.

It does what ``mlflow server --app-name basic-auth`` does, in one process. That command imports
MLflow a second time in a parent process that only waits, which costs 190 MB and five seconds at
every start.
"""

import hashlib
import os
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import uvicorn

from readmission.logs.connections import TimedH11Protocol
from readmission.operations.mlflow_server.experiments import remember_experiments
from readmission.operations.mlflow_server.users import passwords, remember_lookups, update_users
from readmission.settings import Settings, SettingsError, get_settings

SCHEMA = "auth"
"""Schema of the users, in MLflow's database."""
MAX_HEAD = 64 << 10
"""Bytes of the headers of a request."""
CONFIGURATION = """\
[mlflow]
# What no grant allows is refused.
default_permission = NO_PERMISSIONS
authorization_function = readmission.operations.mlflow_server.authorization:authorize
# Checking a password takes a tenth of a second, so each process remembers the ones that were right.
auth_cache_ttl_seconds = 600
admin_username = admin
database_uri = {database_uri}
"""


def serve(host: str, port: int, settings: Settings) -> None:
    """Migrate MLflow's database, update its users, then serve until stopped.

    Raises
    ------
    SettingsError
        If a setting is missing.
    """
    if settings.mlflow_dsn is None:
        raise SettingsError("set READMISSION_MLFLOW_DSN to the address of MLflow's database")
    dsn, users = settings.mlflow_dsn.get_secret_value(), passwords(settings)
    with psycopg.connect(dsn, autocommit=True) as connection:
        # One of several replicas that start at the same time migrates, and the others wait.
        connection.execute("SET lock_timeout = 0")
        connection.execute("SELECT pg_advisory_lock(hashtext(%s))", (SCHEMA,))
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        app = _prepared_app(dsn, users, settings)
    # h11 limits the headers of a request. With httptools, which uvicorn prefers if it is installed,
    # endless headers fill the memory before anybody has logged in.
    uvicorn.run(
        app, host=host, port=port, access_log=False, http=TimedH11Protocol,
        h11_max_incomplete_event_size=MAX_HEAD,
    )  # fmt: skip


def _prepared_app(dsn: str, users: dict[str, str], settings: Settings) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        configure(settings, dsn, users["admin"], Path(folder) / "basic_auth.ini")
        # MLflow reads its configuration while it is imported.
        from mlflow.server import auth
    from mlflow.server.handlers import initialize_backend_stores

    initialize_backend_stores(_for_sqlalchemy(dsn), _for_sqlalchemy(dsn), "mlflow-artifacts:/")
    app = auth.create_app()
    update_users(auth.store, users)
    remember_lookups(auth.store)
    remember_experiments(auth)
    return app


def configure(settings: Settings, dsn: str, admin_password: str, file: Path) -> None:
    """Write MLflow's configuration into a file and environment variables.

    Those with an underscore are what ``mlflow server`` passes to its workers. They are private, but
    the version is locked, and a test logs, registers and loads a model through them.
    """
    file.write_text(CONFIGURATION.format(database_uri=_users_uri(dsn).replace("%", "%%")))
    os.environ |= {
        "_MLFLOW_SERVER_FILE_STORE": _for_sqlalchemy(dsn),
        "_MLFLOW_SERVER_ARTIFACT_ROOT": "mlflow-artifacts:/",
        "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
        "_MLFLOW_SERVER_ARTIFACT_DESTINATION": settings.mlflow_artifacts,
        "_MLFLOW_SGI_NAME": "uvicorn",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_BASIC_AUTH_FAIL_CLOSED": "true",
        "MLFLOW_AUTH_CONFIG_PATH": str(file),
        "MLFLOW_AUTH_ADMIN_PASSWORD": admin_password,
        # Signs the form on which an admin adds users; it must be the same in each replica.
        "MLFLOW_FLASK_SERVER_SECRET_KEY": hashlib.sha256(
            f"csrf {admin_password}".encode()
        ).hexdigest(),
    }
    if settings.mlflow_read_dsn is not None:
        replica = settings.mlflow_read_dsn.get_secret_value()
        os.environ["_MLFLOW_SERVER_READ_REPLICA_BACKEND_STORE"] = _for_sqlalchemy(replica)


def _users_uri(dsn: str) -> str:
    """Return the address of the users: the same database, with their schema as search path."""
    option = quote(f"-csearch_path={SCHEMA}", safe="")
    return f"{_for_sqlalchemy(dsn)}{'&' if '?' in dsn else '?'}options={option}"


def _for_sqlalchemy(dsn: str) -> str:
    return dsn.replace("postgresql://", "postgresql+psycopg://", 1)


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]), get_settings())
