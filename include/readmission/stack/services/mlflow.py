"""The MLflow server: tracking and registry in PostgreSQL, artifacts in the object store."""

import sys

from readmission.stack.services import object_store, postgres
from readmission.stack.site.ports import HOST
from readmission.stack.site.site import Site
from readmission.stack.supervision.service import Service, http_probe

NAME = "mlflow"


def service(site: Site) -> Service:
    """Return the MLflow server as a service."""
    port = site.settings.mlflow_port
    return Service(
        name=NAME,
        command=(sys.executable, "-m", "readmission.stack.services.mlflow_server", HOST, str(port)),
        environment=site.environment | _environment(site),
        needs=(postgres.NAME, object_store.NAME),
        port=port,
        port_setting="READMISSION_MLFLOW_PORT",
        url=site.settings.mlflow_tracking_uri,
        ready=http_probe(port, "/health"),
    )


def _environment(site: Site) -> dict[str, str]:
    dsn = postgres.dsn(site, "mlflow").replace("postgresql://", "postgresql+psycopg://", 1)
    port = site.settings.mlflow_port
    return {
        "MLFLOW_BACKEND_STORE_URI": dsn,
        "MLFLOW_S3_ENDPOINT_URL": site.s3_endpoint,
        "MLFLOW_SERVER_ALLOWED_HOSTS": f"{HOST}:{port},localhost:{port}",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        # The variables that `mlflow server` passes to its workers. They are private, but the
        # version is locked, and a test logs, registers and loads a model through them.
        "_MLFLOW_SERVER_FILE_STORE": dsn,
        "_MLFLOW_SERVER_ARTIFACT_ROOT": "mlflow-artifacts:/",
        "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
        "_MLFLOW_SERVER_ARTIFACT_DESTINATION": "s3://mlflow",
        "_MLFLOW_SGI_NAME": "uvicorn",
        "AWS_ACCESS_KEY_ID": site.credentials.s3_access_key,
        "AWS_SECRET_ACCESS_KEY": site.credentials.s3_secret_key,
        "AWS_DEFAULT_REGION": object_store.REGION,
    }
