"""The project's own services: the prediction API and the clinicians' page."""

import sys
from hashlib import sha256

from readmission.settings import PREFIX
from readmission.stack.services import mlflow, postgres
from readmission.stack.site.ports import HOST
from readmission.stack.site.site import Site
from readmission.stack.supervision.service import Service, answers

API = "api"
UI = "ui"
API_STOP_SECONDS = 120
"""A file that is being answered is answered to its end; if there is none, a stop takes none."""
LEAN = {"MALLOC_ARENA_MAX": "2"}
"""Threads share what memory they took; each would keep its own for ever otherwise."""


def api_service(site: Site) -> Service:
    """Return the prediction API as a service."""
    port = site.settings.api_port
    return Service(
        name=API,
        command=(sys.executable, "-m", "api"),
        environment=site.environment | LEAN | prediction_log(site) | _keys(site) | _reports(site),
        needs=(mlflow.NAME,),
        port=port,
        port_setting="READMISSION_API_PORT",
        url=site.settings.api_url,
        ready=answers(port, "/"),
        stop_seconds=API_STOP_SECONDS,
    )


def prediction_log(site: Site) -> dict[str, str]:
    """Return the address of the prediction log and its key, for those who write to it."""
    return {
        f"{PREFIX}PREDICTION_LOG_DSN": postgres.dsn(site, "predictions"),
        f"{PREFIX}PREDICTION_LOG_KEY": site.credentials.prediction_log_key,
    }


def _keys(site: Site) -> dict[str, str]:
    """Return who may do what: predict without a key on the loopback, operate with one."""
    keys = {"predict": site.credentials.api_predict_key, "admin": site.credentials.api_admin_key}
    entries = (f"{role}:{sha256(key.encode()).hexdigest()}" for role, key in keys.items())
    return {
        f"{PREFIX}API_HOST": HOST,
        f"{PREFIX}API_ANONYMOUS_ROLE": "predict",
        f"{PREFIX}API_KEYS": ",".join(entries),
    }


def _reports(site: Site) -> dict[str, str]:
    """Return where the API reads what the gates say, with a key that opens nothing else."""
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
        ready=answers(port, "/_stcore/health"),
    )
