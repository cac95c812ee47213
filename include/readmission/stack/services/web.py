"""The project's own services: the prediction API and the clinicians' page."""

import sys
from hashlib import sha256

from readmission.settings import PREFIX
from readmission.stack.services import mlflow, postgres
from readmission.stack.site.ports import HOST
from readmission.stack.site.site import Site
from readmission.stack.supervision.service import Service, http_probe

API = "api"
UI = "ui"
API_STOP_SECONDS = 120
"""Time to finish a running file prediction; without one, the API stops at once."""
FEW_MEMORY_ARENAS = {"MALLOC_ARENA_MAX": "2"}
"""Limits glibc to two memory arenas; otherwise each thread keeps memory of its own."""


def api_service(site: Site) -> Service:
    """Return the prediction API as a service."""
    port = site.settings.api_port
    return Service(
        name=API,
        command=(sys.executable, "-m", "api"),
        environment=site.environment
        | FEW_MEMORY_ARENAS
        | prediction_log(site)
        | audit_trail(site)
        | _keys(site)
        | _reports(site)
        # It reads the registry; only a rollback or a promotion by hand logs in as promotion.
        | mlflow.logins(site, "viewer", "promotion"),
        needs=(mlflow.NAME,),
        port=port,
        port_setting="READMISSION_API_PORT",
        url=site.settings.api_url,
        ready=http_probe(port, "/"),
        stop_seconds=API_STOP_SECONDS,
    )


def prediction_log(site: Site) -> dict[str, str]:
    """Return the address and the key of the prediction log, for the services that write to it."""
    return {
        f"{PREFIX}PREDICTION_LOG_DSN": postgres.dsn(site, "predictions"),
        f"{PREFIX}PREDICTION_LOG_KEY": site.credentials.prediction_log_key,
    }


def audit_trail(site: Site) -> dict[str, str]:
    """Return the address of the audit trail, for the services that append to it."""
    return {f"{PREFIX}AUDIT_DSN": postgres.dsn(site, postgres.AUDIT, postgres.AUDIT_WRITER)}


def _keys(site: Site) -> dict[str, str]:
    """Return the API's roles: anonymous callers may predict, everything else needs a key."""
    keys = {"predict": site.credentials.api_predict_key, "admin": site.credentials.api_admin_key}
    entries = (f"{role}:{sha256(key.encode()).hexdigest()}" for role, key in keys.items())
    return {
        f"{PREFIX}API_HOST": HOST,
        f"{PREFIX}API_ANONYMOUS_ROLE": "predict",
        f"{PREFIX}API_KEYS": ",".join(entries),
    }


def _reports(site: Site) -> dict[str, str]:
    """Return where the API reads the gates' reports, with a key that gives access to them only."""
    return {
        f"{PREFIX}DOCS_ENDPOINT": site.s3_endpoint,
        f"{PREFIX}DOCS_ACCESS_KEY": site.credentials.docs_access_key,
        f"{PREFIX}DOCS_SECRET_KEY": site.credentials.docs_secret_key,
        f"{PREFIX}DOCS_URL": f"{site.airflow_url}/data-quality/index.html",
    }


def ui_service(site: Site) -> Service:
    """Return the clinicians' page as a service."""
    port = site.settings.ui_port
    return Service(
        name=UI,
        command=(
            *(sys.executable, "-m", "ui"),
            *("--server.address", HOST, "--server.port", str(port)),
        ),
        environment=site.environment | {f"{PREFIX}API_KEY": site.credentials.api_predict_key},
        port=port,
        port_setting="READMISSION_UI_PORT",
        url=f"http://{HOST}:{port}",
        ready=http_probe(port, "/_stcore/health"),
    )
