"""Requests that do not arrive are closed in time; idle connections are not."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import httpx
import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from readmission.logs import connections, deadlines

HEAD = b"POST / HTTP/1.1\r\nHost: localhost\r\n"
WHOLE = HEAD + b"Content-Length: 9\r\n\r\nthe whole"
HALVES = {
    "nothing": b"",
    "half of the first line": b"POST / HT",
    "half of the headers": HEAD,
    "half of the body": WHOLE[:-5],
    "half of a second request": WHOLE + HEAD,
}
SLOW = 2.0
"""Seconds for which the application does not read what was sent to /slow."""


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    await asyncio.sleep(SLOW if scope["path"] == "/slow" else 0)
    size = 0
    while True:
        message = await receive()
        size += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    body = str(size).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    """The address of a server that waits one second for a request."""
    monkeypatch.setattr(deadlines, "REQUEST_SECONDS", 1.0)
    monkeypatch.setattr(deadlines, "CHECK_SECONDS", 0.1)
    config = uvicorn.Config(
        app, port=0, http=connections.TimedH11Protocol, lifespan="off", log_config=None,
        timeout_keep_alive=60,
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()
    server.force_exit = server.should_exit = True
    thread.join(5)


@pytest.mark.parametrize("began", HALVES.values(), ids=HALVES)
def test_many_half_sent_requests_are_closed_and_others_served(
    address: tuple[str, int], began: bytes
) -> None:
    with ExitStack() as held:
        opened = [
            held.enter_context(socket.create_connection(address, timeout=10)) for _ in range(50)
        ]
        for connection in opened:
            connection.sendall(began)

        assert httpx.post(f"http://127.0.0.1:{address[1]}", content=b"x").text == "1"
        began_at = time.monotonic()
        for connection in opened:
            while connection.recv(65536):
                pass
        assert time.monotonic() - began_at < 5


def test_a_body_that_trickles_is_closed(address: tuple[str, int]) -> None:
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\n")
        began_at = time.monotonic()
        with suppress(ConnectionError):
            while time.monotonic() - began_at < 10:
                connection.sendall(b"x")
                time.sleep(0.1)
        assert time.monotonic() - began_at < 5


def test_an_idle_connection_stays_open(address: tuple[str, int]) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{address[1]}") as client:
        assert client.post("/", content=b"x").text == "1"
        time.sleep(1.5)
        (kept,) = client._transport._pool.connections  # type: ignore[attr-defined]
        assert kept.is_available()
        assert not kept.has_expired()


def test_a_body_that_the_application_does_not_read_yet_is_not_closed(
    address: tuple[str, int],
) -> None:
    body = b"x" * (8 << 20)
    assert httpx.post(f"http://127.0.0.1:{address[1]}/slow", content=body, timeout=30).text == str(
        len(body)
    )
