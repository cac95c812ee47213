"""Requests that do not arrive are closed in time; slow responses and idle connections are not."""

import json
import select
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.http.connections import MAX_HEAD
from readmission.domain.schema import example
from tests.api.serving import Service, running

IMPATIENT = """
from api.http import connections
connections.REQUEST_SECONDS, connections.CHECK_SECONDS = 1.0, 0.1
from api import __main__
__main__.main()
"""
HEAD = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
BODY = json.dumps(example()).encode()
WHOLE = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
HALVES = {
    "nothing": b"",
    "half of the headers": HEAD,
    "headers without the body": WHOLE[: -len(BODY)],
    "half of the body": WHOLE[:-10],
    "half of a second request": WHOLE + HEAD,
}


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that waits one second for a request, without a model."""
    log = tmp_path_factory.mktemp("api") / "log"
    with running(log, mlflow_uri="http://127.0.0.1:9", program=("-c", IMPATIENT)) as service:
        yield service


def connect(service: Service) -> socket.socket:
    host, port = service.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=10)


def read_to_end(connection: socket.socket) -> bytes:
    received = b""
    while piece := connection.recv(65536):
        received += piece
    return received


def trickle(connection: socket.socket) -> None:
    for byte in WHOLE * 2:
        connection.sendall(bytes([byte]))
        time.sleep(0.05)


@pytest.mark.parametrize("sent", HALVES.values(), ids=HALVES)
def test_a_half_sent_request_is_closed(impatient: Service, sent: bytes) -> None:
    with connect(impatient) as connection:
        began = time.monotonic()
        connection.sendall(sent)
        received = read_to_end(connection)

    # A timer of the event loop may end a clock tick early.
    assert 0.9 <= time.monotonic() - began < 5
    assert received.endswith(b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\n"
                             b"content-length: 0\r\n\r\n")  # fmt: skip


def test_a_request_that_trickles_is_closed(impatient: Service) -> None:
    with connect(impatient) as connection:
        began = time.monotonic()
        with pytest.raises(ConnectionError):
            trickle(connection)

    assert time.monotonic() - began < 10


def test_headers_without_end_are_refused(impatient: Service) -> None:
    with connect(impatient) as connection:
        connection.sendall(HEAD + b"X-Long: ")
        for _ in range(12):
            connection.sendall(b"y" * (MAX_HEAD // 3))
            if select.select([connection], [], [], 0.05)[0]:
                break

        assert read_to_end(connection).startswith(b"HTTP/1.1 431")


def test_many_half_sent_requests_are_closed(impatient: Service) -> None:
    connections = [connect(impatient) for _ in range(300)]
    for connection in connections:
        connection.sendall(HEAD)
    for connection in connections:
        assert read_to_end(connection).startswith(b"HTTP/1.1 408")
        connection.close()


def test_an_idle_connection_stays_open_between_requests(impatient: Service) -> None:
    ports = set()
    with httpx.Client(base_url=impatient.url, trust_env=False) as http:
        for _ in range(3):
            response = http.get("/health")
            assert response.status_code == 200
            ports.add(response.extensions["network_stream"].get_extra_info("client_addr"))
            time.sleep(2)
    assert len(ports) == 1


def test_nothing_is_logged_as_an_error(impatient: Service) -> None:
    assert "Traceback" not in Path(impatient.log).read_text()
