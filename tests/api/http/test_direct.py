"""The short way to an endpoint answers like the usual one, and is taken."""

import pytest
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.testclient import TestClient

from api.errors import TooMany
from api.http import error_responses
from api.http.direct import DirectRoute, DirectWay


async def greet(request: Request) -> Response:
    """Answer the body, or refuse."""
    body = await request.body()
    if body == b"too many":
        raise TooMany(1)
    return Response(body)


def service(*, direct: bool) -> FastAPI:
    """Return a service with one direct route, with or without the short way."""
    app, router = FastAPI(), APIRouter(route_class=DirectRoute)
    router.post("/greet")(greet)
    if direct:
        app.add_middleware(DirectWay, routes=app.routes)
    error_responses.install(app)
    app.include_router(router)
    return app


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/greet", b"hello", 200),
        ("POST", "/greet", b"too many", 429),
        ("GET", "/greet", b"", 405),
        ("POST", "/nowhere", b"", 404),
    ],
)
def test_both_ways_answer_alike(method: str, path: str, body: bytes, status: int) -> None:
    # Given the same service with and without the short way
    short, usual = (TestClient(service(direct=direct)) for direct in (True, False))
    # When both are asked the same
    answers = [client.request(method, path, content=body) for client in (short, usual)]
    # Then nobody can tell them apart
    assert [answer.status_code for answer in answers] == [status, status]
    assert answers[0].content == answers[1].content
    assert answers[0].headers == answers[1].headers


def test_the_short_way_does_not_ask_the_router() -> None:
    # Given a service whose router answers nothing
    app = service(direct=True)
    client = TestClient(app)
    assert client.post("/greet", content=b"hello").status_code == 200
    app.router.routes.clear()
    # When a direct route is asked, then it answers all the same
    assert client.post("/greet", content=b"hello").content == b"hello"


def test_an_unexpected_error_is_left_to_the_net_around_all() -> None:
    # Given a direct endpoint that fails
    app = service(direct=True)

    async def fail(_request: Request) -> Response:
        raise ZeroDivisionError

    app.router.add_api_route("/fail", fail, methods=["POST"], route_class_override=DirectRoute)
    # When it is asked, then the error goes up
    with pytest.raises(ZeroDivisionError):
        TestClient(app).post("/fail")
