"""The exporter as a server: threads that look, and a page that says what they found."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.process_collector import ProcessCollector

from readmission.exporter.sources import watches
from readmission.settings import Settings

FIRST_LOOK_SECONDS = 5
"""How long the first page waits for the first look, so that it is not empty."""

log = logging.getLogger(__name__)


@contextmanager
def serving(settings: Settings) -> Iterator[CollectorRegistry]:
    """Serve until the block ends; yields what is served.

    Raises
    ------
    SettingsError
        If what is to be monitored makes no sense.
    OSError
        If the port is taken.
    """
    collector, threads = watches(settings)
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(collector)
    for thread in threads:
        thread.start()
    try:
        deadline = time.monotonic() + FIRST_LOOK_SECONDS
        for thread in threads:
            thread.looked.wait(max(deadline - time.monotonic(), 0))
        server, listener = start_http_server(
            settings.exporter_port, settings.exporter_host, registry
        )
        watched = ", ".join(source.name for thread in threads for source in thread.sources)
        log.info("metrics of %s on port %d", watched, settings.exporter_port)
        try:
            yield registry
        finally:
            server.shutdown()
            server.server_close()
            listener.join()
    finally:
        for thread in threads:
            thread.end()
