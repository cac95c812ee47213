"""Requests that do not arrive are closed in time; slow responses and idle connections are not."""

import asyncio
import json
import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from pathlib import Path

import httpx
import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http.connections import MAX_HEAD, TimedProtocol
from readmission.domain.schema import example
from tests.api.serving import Service, running

IMPATIENT = """
from readmission.logs import deadlines
deadlines.REQUEST_SECONDS, deadlines.CHECK_SECONDS = 1.0, 0.1
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
END = b"\r\n\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked" + END
ENDLESS = {
    "headers": HEAD + b"X-Long: ",
    "trailers": CHUNKED + b"0\r\nX-Long: ",
    "extension of a chunk": CHUNKED + b"1;long=",
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


def send_without_end(connection: socket.socket) -> None:
    """Send text until the service responds."""
    for _ in range(12):
        connection.sendall(b"y" * (MAX_HEAD // 3))
        if select.select([connection], [], [], 0.05)[0]:
            break


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


@pytest.mark.parametrize("began", ENDLESS.values(), ids=ENDLESS)
def test_headers_and_trailers_without_end_are_refused(impatient: Service, began: bytes) -> None:
    with connect(impatient) as connection:
        connection.sendall(began)
        send_without_end(connection)

        assert read_to_end(connection).startswith(b"HTTP/1.1 431")


def test_the_headers_of_many_requests_are_not_added_up(impatient: Service) -> None:
    request = b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"y" * 30_000 + END
    with connect(impatient) as connection:
        for _ in range(4 * MAX_HEAD // len(request)):
            # In two pieces, so that the second one counts.
            connection.sendall(request[:100])
            time.sleep(0.05)
            connection.sendall(request[100:])

            response = HTTPResponse(connection)
            response.begin()
            response.read()
            assert response.status == 200


async def slow(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x", b"y")]})
    await send({"type": "http.response.body", "body": b"half", "more_body": True})
    await asyncio.sleep(5)


async def late(scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x", b"y")]})
    if scope["method"] == "POST":
        await asyncio.sleep(5)
    await send({"type": "http.response.body", "body": b"late"})


@contextmanager
def serving(application: ASGIApp) -> Iterator[tuple[str, int]]:
    """Run a server until the block ends; yield its address."""
    config = uvicorn.Config(
        application, port=0, http=TimedProtocol, lifespan="off", log_config=None
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()
    server.force_exit = server.should_exit = True
    thread.join(5)


@pytest.fixture
def slow_server() -> Iterator[tuple[str, int]]:
    """The address of a server whose responses stop halfway."""
    with serving(slow) as address:
        yield address


def test_no_refusal_is_written_into_the_response_to_an_earlier_request(
    slow_server: tuple[str, int],
) -> None:
    with socket.create_connection(slow_server, timeout=10) as connection:
        # given half of a response
        connection.sendall(WHOLE)
        received = b""
        while b"half" not in received:
            received += connection.recv(65536)

        # when the headers of a second request do not end
        connection.sendall(HEAD + b"X-Long: ")
        send_without_end(connection)

        # then the connection is closed, and nothing else
        assert connection.recv(65536) == b""


@pytest.mark.parametrize("request_line", [b"POST / HTTP/1.1", b"HEAD / HTTP/1.1"])
def test_headers_of_a_response_do_not_wait_for_its_body(request_line: bytes) -> None:
    with serving(late) as address, socket.create_connection(address, timeout=10) as connection:
        began = time.monotonic()
        connection.sendall(request_line + b"\r\nHost: localhost" + END)
        received = connection.recv(65536)

    assert received.startswith(b"HTTP/1.1 200")
    assert received.endswith(END)
    assert time.monotonic() - began < 4


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


def test_requests_that_do_not_arrive_whole_are_counted(impatient: Service) -> None:
    def counted(status: int) -> float:
        text = httpx.get(f"{impatient.url}/metrics", trust_env=False).text
        series = f'http_requests_total{{method="",path="incomplete",status="{status}"}} '
        return sum(float(line.split()[1]) for line in text.splitlines() if line.startswith(series))

    before = counted(408), counted(431)
    with connect(impatient) as connection:
        connection.sendall(HEAD)
        read_to_end(connection)
    with connect(impatient) as connection:
        connection.sendall(ENDLESS["headers"])
        send_without_end(connection)
        read_to_end(connection)

    assert (counted(408), counted(431)) == (before[0] + 1, before[1] + 1)


def test_nothing_is_logged_as_an_error(impatient: Service) -> None:
    assert "Traceback" not in Path(impatient.log).read_text()
