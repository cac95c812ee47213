"""The MLflow server: tracking and registry in PostgreSQL, artifacts in the object store."""

import json
import sys

from readmission.settings import PREFIX
from readmission.settings.mlflow import MlflowRole
from readmission.stack.services import object_store, postgres
from readmission.stack.site.paths import write_private
from readmission.stack.site.ports import HOST
from readmission.stack.site.site import Site
from readmission.stack.supervision.service import Service, http_probe

NAME = "mlflow"
USER: MlflowRole = "viewer"
"""The user for people."""
SERVER = "readmission.operations.mlflow_server"


def service(site: Site) -> Service:
    """Return the MLflow server as a service."""
    port = site.settings.mlflow_port
    return Service(
        name=NAME,
        command=(sys.executable, "-m", SERVER, HOST, str(port)),
        environment=site.environment | _environment(site),
        needs=(postgres.NAME, object_store.NAME),
        port=port,
        port_setting="READMISSION_MLFLOW_PORT",
        url=site.settings.mlflow_tracking_uri,
        ready=http_probe(port, "/health"),
        prepare=lambda: write_passwords(site),
    )


def write_passwords(site: Site) -> None:
    """Write the passwords for people: the viewer's, and those of users with more rights."""
    users = (USER, "promotion", "admin")
    passwords = {user: getattr(site.credentials, f"mlflow_{user}") for user in users}
    write_private(site.paths.mlflow_passwords, json.dumps(passwords))


def logins(site: Site, *roles: MlflowRole) -> dict[str, str]:
    """Return the passwords of the MLflow users that a service needs."""
    return {
        f"{PREFIX}MLFLOW_{role.upper()}_PASSWORD": getattr(site.credentials, f"mlflow_{role}")
        for role in roles
    }


def _environment(site: Site) -> dict[str, str]:
    port = site.settings.mlflow_port
    return logins(site, "viewer", "training", "promotion", "admin") | {
        f"{PREFIX}MLFLOW_DSN": postgres.dsn(site, "mlflow"),
        "MLFLOW_S3_ENDPOINT_URL": site.s3_endpoint,
        "MLFLOW_SERVER_ALLOWED_HOSTS": f"{HOST}:{port},localhost:{port}",
        "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS": f"http://{HOST}:{port},http://localhost:{port}",
        "AWS_ACCESS_KEY_ID": site.credentials.s3_access_key,
        "AWS_SECRET_ACCESS_KEY": site.credentials.s3_secret_key,
        "AWS_DEFAULT_REGION": object_store.REGION,
    }
