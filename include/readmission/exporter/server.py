"""The exporter's HTTP server, and the threads that poll the sources."""

import logging
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.process_collector import ProcessCollector

from readmission.exporter.sources import collector_and_pollers
from readmission.logs.deadlines import ReadDeadline
from readmission.settings import LOOPBACK_HOSTS, Settings

FIRST_POLL_SECONDS = 5
"""How long the server waits for the first poll before it listens, to avoid an empty page."""

log = logging.getLogger(__name__)


@contextmanager
def serving(settings: Settings) -> Iterator[CollectorRegistry]:
    """Serve the metrics until the block ends; yields the registry.

    Raises
    ------
    SettingsError
        If the address or the credentials of a source are invalid.
    OSError
        If the port is taken.
    """
    collector, pollers = collector_and_pollers(settings)
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(collector)
    for poller in pollers:
        poller.start()
    try:
        deadline = time.monotonic() + FIRST_POLL_SECONDS
        for poller in pollers:
            poller.polled.wait(max(deadline - time.monotonic(), 0))
        server, listener = start_http_server(
            settings.exporter_port, settings.exporter_host, registry
        )
        handler: Any = server.RequestHandlerClass
        server.RequestHandlerClass = type("Handler", (ReadDeadline, handler), {})
        # Elsewhere, only the network of the containers reaches the port.
        if settings.exporter_host in LOOPBACK_HOSTS and (app := server.get_app()):
            hosts = [f"{name}:{settings.exporter_port}" for name in LOOPBACK_HOSTS]
            server.set_app(_for_hosts(app, hosts))
        names = ", ".join(source.name for poller in pollers for source in poller.sources)
        log.info("serving metrics of %s on port %d", names, settings.exporter_port)
        try:
            yield registry
        finally:
            server.shutdown()
            server.server_close()
            listener.join()
    finally:
        for poller in pollers:
            poller.stop()


def _for_hosts(app: WSGIApplication, hosts: Collection[str]) -> WSGIApplication:
    """Return an application that responds to requests for these hosts only.

    Otherwise a website could point its own name at this machine (DNS rebinding), and its scripts
    could read the metrics in a visitor's browser.
    """

    def checked(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("HTTP_HOST") in hosts:
            return app(environ, start_response)
        start_response("421 Misdirected Request", [("Content-Length", "0")])
        return ()

    return checked
