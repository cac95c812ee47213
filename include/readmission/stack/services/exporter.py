"""The exporter of the pipeline's metrics, with a read-only database role and a list-only key."""

import sys

from readmission.settings import PREFIX
from readmission.stack.services import mlflow, postgres
from readmission.stack.site.ports import HOST
from readmission.stack.site.site import Site
from readmission.stack.supervision.service import Service, http_probe

NAME = "exporter"


def service(site: Site) -> Service:
    """Return the exporter as a service."""
    port = site.settings.exporter_port
    return Service(
        name=NAME,
        command=(sys.executable, "-m", "readmission.exporter"),
        environment=site.environment | mlflow.logins(site, "viewer") | _environment(site),
        needs=(mlflow.NAME,),
        port=port,
        port_setting="READMISSION_EXPORTER_PORT",
        url=f"http://{HOST}:{port}/metrics",
        ready=http_probe(port, "/metrics"),
    )


def _environment(site: Site) -> dict[str, str]:
    databases = {
        f"{PREFIX}EXPORTER_DSN_{name.upper()}": postgres.dsn(site, name, postgres.MONITORING)
        for name in postgres.DATABASES
    }
    return databases | {
        f"{PREFIX}EXPORTER_HOST": HOST,
        f"{PREFIX}AIRFLOW_PAGE_URL": site.airflow_url,
        f"{PREFIX}MLFLOW_PAGE_URL": site.settings.mlflow_tracking_uri,
        f"{PREFIX}PAGE_URL": f"http://{HOST}:{site.settings.ui_port}",
        f"{PREFIX}PROMETHEUS_PAGE_URL": f"http://{HOST}:{site.settings.prometheus_port}",
        f"{PREFIX}DOCS_ENDPOINT": site.s3_endpoint,
        f"{PREFIX}EXPORTER_ACCESS_KEY": site.credentials.monitoring_access_key,
        f"{PREFIX}EXPORTER_SECRET_KEY": site.credentials.monitoring_secret_key,
        # Otherwise glibc keeps a separate memory arena for each thread of the pool.
        "MALLOC_ARENA_MAX": "2",
    }
