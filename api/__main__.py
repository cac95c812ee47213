"""Run the service: `python -m api`, configured by the settings."""

import os
import sys
from tempfile import TemporaryDirectory

import uvicorn

from api.http.connections import TimedProtocol
from api.metrics import SHARED_FOLDER
from api.prediction_log.log import PredictionLog
from readmission import logs
from readmission.settings import Settings, SettingsError, get_settings
from readmission.warehouse.audit.log import AuditLog

KEEP_ALIVE_SECONDS = 75
"""Longer than the keep-alive of proxies and clients, which would otherwise send requests over
connections that the service has closed."""
GRACE_SECONDS = 90
"""Time for requests in flight to finish once connections are closed. On a slow machine 100,000 rows
take 20 s, and two uploads share its processor."""


def main() -> None:
    """Run until a stop signal; requests in flight are finished first."""
    try:
        settings = get_settings()
        # Checked here to report a wrong setting in one sentence; each process creates its own logs.
        PredictionLog.from_settings(settings)
        AuditLog.from_settings(settings)
    except SettingsError as error:
        sys.exit(f"error: {error}")
    logs.configure("api", settings)
    if settings.workers == 1:
        serve(settings)
        return
    with TemporaryDirectory(prefix="readmission-metrics-") as folder:
        os.environ[SHARED_FOLDER] = folder
        serve(settings)


def serve(settings: Settings) -> None:
    """Run uvicorn with the number of worker processes in the settings."""
    uvicorn.run(
        "api.main:application",
        factory=True,
        host=settings.api_host,
        port=settings.api_port,
        workers=settings.workers,
        http=TimedProtocol,
        ws="none",
        # Identify the caller by API key or peer address; never by X-Forwarded-For.
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
        # Each process configures logging itself, in `api.main`.
        log_config=None,
        access_log=False,
        server_header=False,
    )


if __name__ == "__main__":
    main()
