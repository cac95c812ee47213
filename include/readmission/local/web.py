"""The project's own services: the prediction API and the clinicians' page."""

import sys

from readmission.local import mlflow, postgres
from readmission.local.ports import HOST
from readmission.local.service import Service, answers
from readmission.local.site import Site
from readmission.settings import CHECKOUT, PREFIX

API = "api"
UI = "ui"


def api_service(site: Site) -> Service:
    """Return the prediction API as a service."""
    port = site.settings.api_port
    return Service(
        name=API,
        command=(
            *(sys.executable, "-m", "uvicorn", "api.main:app", "--host", HOST),
            *("--port", str(port), "--timeout-keep-alive", "75", "--no-access-log"),
        ),
        environment=site.environment | _prediction_log(site),
        needs=(mlflow.NAME,),
        port=port,
        port_setting="READMISSION_API_PORT",
        url=site.settings.api_url,
        ready=answers(port, "/"),
    )


def _prediction_log(site: Site) -> dict[str, str]:
    """Return the address of the prediction log and its key, which no other service needs."""
    return {
        f"{PREFIX}PREDICTION_LOG_DSN": postgres.dsn(site, "predictions"),
        f"{PREFIX}PREDICTION_LOG_KEY": site.credentials.prediction_log_key,
    }


def ui_service(site: Site) -> Service:
    """Return the clinicians' page as a service."""
    port = site.settings.ui_port
    return Service(
        name=UI,
        command=(
            *(sys.executable, "-m", "streamlit", "run", str(CHECKOUT / "ui" / "app.py")),
            *("--server.address", HOST, "--server.port", str(port)),
            *("--server.headless", "true", "--browser.gatherUsageStats", "false"),
            *("--server.fileWatcherType", "none"),
        ),
        environment=site.environment,
        port=port,
        port_setting="READMISSION_UI_PORT",
        url=f"http://{HOST}:{port}",
        ready=answers(port, "/_stcore/health"),
    )
