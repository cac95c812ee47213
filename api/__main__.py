"""Serve the application: `python -m api`, configured by the settings."""

import os
import sys
from tempfile import TemporaryDirectory

import uvicorn

from api.http import draining
from api.http.protocol import WholeAnswers
from api.metrics import SHARED_FOLDER
from api.prediction_log.log import PredictionLog
from readmission import logs
from readmission.settings import Settings, SettingsError, get_settings

KEEP_ALIVE_SECONDS = 75
"""Longer than the proxies and clients before it, which otherwise meet closed connections."""
GRACE_SECONDS = 90
"""How long requests in flight have to finish once connections are closed; on a slow machine 100,000
rows take 20, and two files share its processor."""


def main() -> None:
    """Run until a signal stops it; requests in flight are answered first."""
    try:
        settings = get_settings()
        # Tried here, where it can be said in a sentence; each process makes its own.
        PredictionLog.from_settings(settings)
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
    """Serve with as many processes as are set."""
    config = uvicorn.Config(
        "api.main:application",
        factory=True,
        host=settings.api_host,
        port=settings.api_port,
        workers=settings.workers,
        http=WholeAnswers,
        ws="none",
        # Whose request it is says the key, or the connection: a header could say anybody.
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
        # Each process configures our own logs, in `api.main`.
        log_config=None,
        access_log=False,
        server_header=False,
    )
    draining.run(config)


if __name__ == "__main__":
    main()
