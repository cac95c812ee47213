"""The page's server responds only to its own names, for files, uploads and its WebSocket alike."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPConnection

import pytest

from readmission.settings import CHECKOUT, PREFIX
from readmission.stack.site.ports import free_ports
from tests.api.serving import wait_for

UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
REQUESTS = {
    "the page": ("GET", "/", {}, 200),
    "its health": ("GET", "/_stcore/health", {}, 200),
    "an upload": ("PUT", "/_stcore/upload_file/session/file", {}, 403),  # no XSRF token
    "its WebSocket": ("GET", "/_stcore/stream", UPGRADE, 101),
}


IMPATIENT = """
from readmission.logs import deadlines
deadlines.REQUEST_SECONDS, deadlines.CHECK_SECONDS = 3.0, 0.1
from ui.__main__ import main
main()
"""


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a running page, without an API, that waits three seconds for a request."""
    (port,), log = free_ports(1), tmp_path_factory.mktemp("ui") / "log"
    command = [sys.executable, "-c", IMPATIENT, "--server.address", "127.0.0.1", "--server.port"]
    with log.open("wb") as sink:
        server = subprocess.Popen(
            [*command, str(port)],
            cwd=CHECKOUT,
            env=os.environ | {f"{PREFIX}ALLOWED_HOSTS": "streamlit,*.hospital.example"},
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/_stcore/health", 200, server, log)
        yield port
    finally:
        server.terminate()
        server.wait(60)


def status(port: int, request: str, host: str) -> int:
    """Return the status of a request that names this host."""
    method, path, headers, _ = REQUESTS[request]
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, headers=headers | {"Host": host})
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize("request_", REQUESTS)
def test_a_name_of_a_website_is_rejected(port: int, request_: str) -> None:
    *_, expected = REQUESTS[request_]

    assert status(port, request_, "rebound.example") == 400
    assert status(port, request_, f"localhost:{port}") == expected


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]:8501", "streamlit", "page.hospital.example"])
def test_own_names_are_allowed(port: int, host: str) -> None:
    assert status(port, "the page", host) == 200


def test_headers_without_end_are_refused(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: streamlit\r\nX-Long: ")
        with suppress(ConnectionError):
            for _ in range(20):
                connection.sendall(b"y" * (16 << 10))
        with suppress(ConnectionError):
            assert connection.recv(65536).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize("began", [b"GET /", b"GET / HTTP/1.1\r\nHost: streamlit\r\n"])
def test_half_of_a_request_is_closed(port: int, began: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(began)
        assert connection.recv(65536) == b""


def test_a_websocket_stays_open(port: int) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", "/_stcore/stream", headers=UPGRADE | {"Host": "streamlit"})
        assert connection.getresponse().status == 101
        assert connection.sock is not None
        connection.sock.settimeout(5)
        with pytest.raises(TimeoutError):
            connection.sock.recv(65536)
    finally:
        connection.close()
