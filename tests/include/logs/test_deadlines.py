"""Python's own HTTP servers close requests that do not arrive, as all others do."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.server import ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from readmission.exporter.server import serving
from readmission.logs import deadlines
from readmission.operations import alert_log
from readmission.settings import Settings
from readmission.stack.services.statsd import SampleAggregator, metrics_server
from readmission.stack.site.ports import HOST, free_ports


@contextmanager
def started(server: ThreadingHTTPServer) -> Iterator[str]:
    """Run a server; yields the address of a page."""
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://{HOST}:{server.server_port}/metrics"
    server.shutdown()
    server.server_close()
    thread.join()


@contextmanager
def exporter(port: int, _folder: Path) -> Iterator[str]:
    nowhere = f"http://{HOST}:{free_ports(1)[0]}"
    with serving(Settings(exporter_port=port, mlflow_tracking_uri=nowhere)):
        yield f"http://{HOST}:{port}/metrics"


SERVERS: dict[str, Callable[..., object]] = {
    "exporter": exporter,
    "bridge": lambda port, _: started(metrics_server(SampleAggregator(), HOST, port)),
    "alerts": lambda port, folder: started(alert_log.server(HOST, port, folder / "alerts")),
}


@pytest.fixture(params=SERVERS.values(), ids=SERVERS)
def url(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[httpx.URL]:
    """The address of a page of a server that waits one second for a request."""
    monkeypatch.setattr(deadlines, "REQUEST_SECONDS", 1.0)
    with request.param(free_ports(1)[0], tmp_path) as url:
        yield httpx.URL(url)


def test_half_sent_requests_are_closed_and_others_served(url: httpx.URL) -> None:
    # given connections without a request, with half of one, and with one that never ends
    address = (HOST, url.port or 0)
    with ExitStack() as held:
        opened = [held.enter_context(socket.create_connection(address, 5)) for _ in range(3)]
        half, endless = opened[1:]
        half.sendall(b"GET /metrics HT")
        began = time.monotonic()

        # when another request arrives
        assert httpx.get(url, trust_env=False).status_code == 200

        # then it is served, and they are closed, whatever still arrives
        while time.monotonic() - began < 3:
            with suppress(ConnectionError):
                endless.send(b"x")
            time.sleep(0.1)
        for connection in opened:
            connection.settimeout(0.1)
            with suppress(ConnectionError):
                while connection.recv(65536):
                    pass
